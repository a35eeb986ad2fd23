//! Hosts with holes on both sides: a preset's, where a parameter stands, and a client's, where
//! something is only known when it runs (`{}`).

/// A preset's host: a name, `*.suffix`, or one with parameters.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(String);

/// A client's hole, which stands for whatever will be there.
const HOLE: &str = "{}";
/// The one parameter whose values are public names, so that a client may have one written down. A
/// bucket or an account that a client names is a certain one, and has to be known as such.
const REGION: &str = "{region}";

impl Pattern {
    /// `ssm.{region}.example`, `*.example` or `8.8.8.8/32`.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.strip_suffix("/32").unwrap_or(text).to_owned())
    }

    /// Whether it covers the host, for the right values of its parameters.
    pub(crate) fn covers(&self, host: &str) -> bool {
        match self.0.strip_prefix("*.") {
            Some(suffix) => {
                let above = host.strip_suffix(suffix).and_then(|rest| rest.strip_suffix('.'));
                above.is_some_and(|above| !above.is_empty())
            }
            None => fits(&self.0, host),
        }
    }
}

fn fits(pattern: &str, host: &str) -> bool {
    let Some((before, after)) = pattern.split_once('{') else { return pattern == host };
    let Some(rest) = host.strip_prefix(before) else { return false };
    let Some((name, after)) = after.split_once('}') else { return false };
    if let Some(rest) = rest.strip_prefix(HOLE)
        && fits(after, rest)
    {
        return true;
    }
    // Of a label, some of it.
    let label = rest.split('.').next().unwrap_or_default();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let most = label.bytes().take_while(|&b| plain(b)).count();
    REGION == format!("{{{name}}}") && (1..=most).any(|end| fits(after, &rest[end..]))
}

pub(crate) fn holds() -> Result<(), String> {
    let rows = [
        ("a.test", "a.test", true),
        ("a.test", "b.a.test", false),
        ("a.test", "{}.test", false),
        ("*.a.test", "b.a.test", true),
        ("*.a.test", "{}.a.test", true),
        ("*.a.test", "a.test", false),
        ("*.a.test", "xa.test", false),
        ("s.{region}.test", "s.us-east-1.test", true),
        ("s.{region}.test", "s.{}.test", true),
        ("s.{region}.test", "s.a.b.test", false),
        ("s.{region}.test", "s..test", false),
        ("s.{region}.test", "s.us-east-1.test.evil.test", false),
        ("{region}-docker.test", "{}-docker.test", true),
        ("{region}-docker.test", "us-docker.test", true),
        ("{region}-docker.test", "-docker.test", false),
        ("{bucket}.s.{region}.test", "{}.s.r.test", true),
        ("{bucket}.s.{region}.test", "b.s.r.test", false),
        ("{bucket}.s.{region}.test", "b.s.{}.test", false),
        ("p-{region}-b.{region}.test", "p-us-b.us.test", true),
        ("{bucket}.s.{region}.test", "s.r.test", false),
        ("{bucket}.s.{region}.test", "{}.s.{}.test", true),
        ("{account}.test", "{}.{}.test", false),
        ("192.0.2.1/32", "192.0.2.1", true),
    ];
    for (pattern, host, expected) in rows {
        if Pattern::new(pattern).covers(host) != expected {
            return Err(format!("{pattern} covers {host}: not {expected}"));
        }
    }
    Ok(())
}
