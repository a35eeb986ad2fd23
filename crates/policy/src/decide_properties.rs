//! Random rules of a few pieces, against a loop that knows nothing but these.

use proptest::prelude::*;

use super::tests::{TOOLS, decided, entries, grants, policy, verdict};
use super::*;

const HOSTS: &str = "a.b.test b.test *.b.test *.a.b.test c.a.b.test xb.test tools.test \
    *.tools.test tools ?*.a.b.test ?x*.b.test ?d.*.a.b.test ?*.tools.test";
const NETS: &str = "0.0.0.0/0 1.1.1.0/24 1.1.1.1/32 10.0.0.0/7 10.0.0.0/8 10.20.0.5/32 127.0.0.1/32 \
    168.63.129.16/32 169.254.0.0/16 169.254.169.254/32 ::/0 fc00::/6 fc00::/7 ::ffff:0:0/96 \
    ::ffff:a14:5/128 64:ff9b::/96";
const PORTS: &[&str] = &["", "", "443", "22", "8000-9000", "1-65535"];

const NAMES: &[&str] =
    &["b.test", "a.b.test", "d.c.a.b.test", "xb.test", "tools.test", "x.cdn.tools.test", "y.test"];
/// Each address with the range from inside which an entry must open it, `-` where none need to;
/// then what it embeds, in the same way.
const ADDRESSES: &[&str] = &[
    "1.1.1.1 -",
    "11.0.0.1 -",
    "2600::1 -",
    "10.20.0.5 10.0.0.0/8",
    "127.0.0.1 127.0.0.0/8",
    "169.254.1.1 169.254.0.0/16",
    "169.254.169.254 169.254.169.254/32",
    "168.63.129.16 168.63.129.16/32",
    "fd00::1 fc00::/7",
    "::ffff:1.1.1.1 ::ffff:0:0/96 1.1.1.1 -",
    "::ffff:10.20.0.5 ::ffff:0:0/96 10.20.0.5 10.0.0.0/8",
    "64:ff9b::a9fe:a9fe 64:ff9b::/96 169.254.169.254 169.254.169.254/32",
];
const TRIED: [u16; 5] = [443, 80, 22, 8443, 1];

/// A list, what, and ports or none.
type Line = (&'static str, &'static str, &'static str);

/// Stands first in every rule set, so that there is a grant to judge addresses for.
const GRANTED: Line = ("allow", "granted.test", "1-65535");

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let of = |words: &'static str| prop::sample::select(Vec::from_iter(words.split_whitespace()));
    let list = prop::sample::select(&["allow", "allow", "deny"][..]);
    let line = (list, prop_oneof![of(HOSTS), of(NETS)], prop::sample::select(PORTS));
    prop::collection::vec(line, 0..8).prop_map(|lines| [vec![GRANTED], lines].concat())
}

fn written(lines: &[Line]) -> String {
    let mut text = String::new();
    for (list, what, ports) in lines {
        let network = if what.contains('/') { "network" } else { "host" };
        let kind = if *what == "tools" { "preset" } else { network };
        let (kind, what) = match what.strip_prefix('?') {
            Some(glob) => ("glob", glob),
            None => (kind, *what),
        };
        text += &format!("{list} {kind} {what} {ports};");
    }
    text
}

/// A line taken apart, a preset into its hosts.
struct Flat {
    list: &'static str,
    index: usize,
    what: &'static str,
    ports: &'static str,
}

impl Flat {
    fn at(&self) -> String {
        format!("{}[{}]", self.list, self.index)
    }

    fn has(&self, port: u16) -> bool {
        self.ports.split(' ').any(|piece| {
            let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
            first.parse::<u16>().unwrap() <= port && port <= last.parse().unwrap()
        })
    }
}

fn flat(lines: &[Line]) -> Vec<Flat> {
    let mut flats = Vec::new();
    for (i, &(list, what, ports)) in lines.iter().enumerate() {
        let index = lines[..i].iter().filter(|line| line.0 == list).count();
        let hosts = if what == "tools" { &TOOLS[..] } else { &[(what, "80 443")] };
        for &(what, default) in hosts {
            let ports = match (ports, list) {
                ("", "deny") => "1-65535",
                ("", _) => default,
                _ => ports,
            };
            flats.push(Flat { list, index, what, ports });
        }
    }
    flats
}

/// The rule of the list, on the port if one is given, with the greatest score; of equals the first.
fn best<'a>(
    flats: &'a [Flat],
    list: &str,
    port: Option<u16>,
    score: impl Fn(&str) -> Option<usize>,
) -> Option<&'a Flat> {
    let mut best: Option<(usize, &Flat)> = None;
    for flat in flats.iter().filter(|f| f.list == list && port.is_none_or(|port| f.has(port))) {
        if let Some(n) = score(flat.what).filter(|&n| best.is_none_or(|(m, _)| n > m)) {
            best = Some((n, flat));
        }
    }
    best.map(|(_, flat)| flat)
}

/// How closely a host pattern covers a name.
fn covers(pattern: &str, name: &str) -> Option<usize> {
    if let Some(glob) = pattern.strip_prefix('?') {
        // Narrower than any suffix, of whatever length, and than no exact name.
        let labels = || glob.split('.').zip(name.split('.'));
        let same_length = glob.split('.').count() == name.split('.').count();
        let covers = |(glob, label): (&str, &str)| match glob.split_once('*') {
            None => glob == label,
            Some((start, end)) => {
                label.len() >= start.len() + end.len()
                    && label.starts_with(start)
                    && label.ends_with(end)
            }
        };
        return (same_length && labels().all(covers)).then_some(usize::MAX - 1);
    }
    match pattern.strip_prefix('*') {
        Some(suffix) => name.ends_with(suffix).then_some(suffix.len()),
        None => (pattern == name).then_some(usize::MAX),
    }
}

/// The prefix length of a network that holds an address.
fn holds(net: &str, ip: &str) -> Option<usize> {
    let (first, len) = net.split_once('/')?;
    let bits = |text: &str| match text.parse().expect(text) {
        IpAddr::V4(ip) => (4, u128::from(ip.to_bits()) << 96),
        IpAddr::V6(ip) => (6, ip.to_bits()),
    };
    let (len, (v, a), (w, b)) = (len.parse::<u32>().unwrap(), bits(first), bits(ip));
    (v == w && (a ^ b).checked_shr(128 - len).unwrap_or(0) == 0).then_some(len as usize)
}

/// How closely a network opens an address that must be opened from inside `range`.
fn opens(net: &str, ip: &str, range: &str) -> Option<usize> {
    holds(net, ip).filter(|&len| range == "-" || holds(range, ip).is_some_and(|outer| outer <= len))
}

fn naive_name(flats: &[Flat], name: &str, port: u16) -> String {
    let find = |list, port| best(flats, list, port, |what| covers(what, name)).map(Flat::at);
    if let Some(at) = find("deny", Some(port)) {
        return format!("denied {at}");
    }
    let elsewhere = || find("allow", None).map(|at| format!("port_not_allowed {at}"));
    find("allow", Some(port)).or_else(elsewhere).unwrap_or("not_allowed".to_owned())
}

/// `ok`, the rule that opened the address, or the reason of the denial.
fn naive_address(flats: &[Flat], address: &str, port: u16) -> String {
    let mut opened = Vec::new();
    for part in Vec::from_iter(address.split(' ')).chunks(2) {
        let (ip, range) = (part[0], part[1]);
        if let Some(hit) = best(flats, "deny", Some(port), |what| holds(what, ip)) {
            return format!("address_denied {}", hit.at());
        }
        match best(flats, "allow", Some(port), |what| opens(what, ip, range)) {
            _ if range == "-" => opened.push("ok".to_owned()),
            Some(hit) => opened.push(hit.at()),
            None => return "address_class".to_owned(),
        }
    }
    opened.swap_remove(0)
}

/// The rule that grants a literal, if one does.
fn naive_literal(flats: &[Flat], address: &str, port: u16) -> Option<String> {
    let (ip, rest) = address.split_once(' ').unwrap();
    let range = rest.split(' ').next().unwrap();
    let hit = best(flats, "allow", Some(port), |what| opens(what, ip, range))?;
    grants(&naive_address(flats, address, port)).then(|| hit.at())
}

fn literal(address: &str, port: u16) -> String {
    SocketAddr::new(address.split(' ').next().unwrap().parse().unwrap(), port).to_string()
}

/// The verdict on an address as that of a granted name; of a class's denial the reason alone.
fn resolved(policy: &Policy, address: &str, port: u16) -> String {
    let ip = address.split(' ').next().unwrap();
    let said = verdict(policy, &format!("granted.test:{port}"), ip);
    if said.starts_with("address_class") { "address_class".to_owned() } else { said }
}

/// Every decision there is on the pieces, with what was asked.
fn decisions(policy: &Policy) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for port in TRIED {
        let names = NAMES.iter().map(|name| format!("{name}:{port}"));
        let literals = ADDRESSES.iter().map(|address| literal(address, port));
        all.extend(names.chain(literals).map(|text| (decided(policy, &text), text)));
        let judge = |address: &&str| (resolved(policy, address, port), format!("{address} {port}"));
        all.extend(ADDRESSES.iter().map(judge));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn compiled_rules_decide_as_a_naive_loop_does(lines in lines()) {
        let (policy, flats) = (policy(&written(&lines)), flat(&lines));
        for port in TRIED {
            for name in NAMES {
                let text = format!("{name}:{port}");
                prop_assert_eq!(decided(&policy, &text), naive_name(&flats, name, port), "{}", text);
            }
            for address in ADDRESSES {
                let text = literal(address, port);
                let grant = Some(decided(&policy, &text)).filter(|decision| grants(decision));
                prop_assert_eq!(grant, naive_literal(&flats, address, port), "{}", text);
                let judged = resolved(&policy, address, port);
                prop_assert_eq!(judged, naive_address(&flats, address, port), "resolved: {}", text);
            }
        }
    }

    #[test]
    fn a_deny_entry_more_never_grants_more(lines in lines(), more in lines()) {
        let more = more[1..].iter().map(|&(_, what, ports)| ("deny", what, ports)).collect();
        let (before, after) = (policy(&written(&lines)), policy(&written(&[lines, more].concat())));
        for ((before, asked), (after, _)) in decisions(&before).iter().zip(decisions(&after)) {
            prop_assert!(grants(before) || !grants(&after), "{asked}: {before} became {after}");
        }
    }

    /// Each by itself, and all at once.
    #[test]
    fn what_is_needless_changes_no_decision(lines in lines()) {
        let (rules, all) = (written(&lines), entries(&written(&lines)));
        let found: Vec<_> = crate::needless(&all).into_iter().map(|one| one.place).collect();
        let before = decisions(&policy(&rules));
        let each = found.iter().map(|place| vec![*place]).chain([found.clone()]);
        for without in each {
            let rest = all.iter().filter(|entry| !without.contains(&entry.place)).cloned();
            let after = decisions(&Policy::new(rest.collect(), Vec::new()));
            for ((before, asked), (after, _)) in before.iter().zip(after) {
                prop_assert_eq!(grants(before), grants(&after), "{} without {:?}", asked, without);
            }
        }
    }

    #[test]
    fn the_order_of_entries_changes_nothing(lines in lines(), keys: [u32; 9]) {
        let rules = written(&lines);
        let mut keyed = Vec::from_iter(keys.into_iter().zip(entries(&rules)));
        keyed.sort_by_key(|(key, _)| *key);
        let shuffled = keyed.into_iter().map(|(_, entry)| entry).collect();
        prop_assert_eq!(decisions(&Policy::new(shuffled, Vec::new())), decisions(&policy(&rules)));
    }
}
