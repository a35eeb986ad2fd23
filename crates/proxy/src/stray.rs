//! Strays: requests for targets that the clients were told (`NO_PROXY`) to reach without the proxy.

use metrics::counter;
use no_proxy::dialect::NoProxy;
use policy::Authority;

use crate::head::Field;
use crate::record::escaped;
use crate::refusal::Refusal;

const STRAYS: &str = "pinhole_strays_total";

/// What the clients were told, and what becomes of those that come all the same.
#[derive(Clone, Debug, Default)]
pub struct Strays {
    /// What the clients' `NO_PROXY` exempts, in pinhole's own reading.
    pub exempt: NoProxy,
    /// What becomes of a stray.
    pub mode: StrayMode,
}

/// What becomes of a stray.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StrayMode {
    /// It is carried out if policy allows its target, and counted.
    #[default]
    Tunnel,
    /// It is refused with the entry that its client has missed.
    Refuse,
}

impl StrayMode {
    /// Reads `tunnel` or `refuse`.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "tunnel" => Ok(Self::Tunnel),
            "refuse" => Ok(Self::Refuse),
            _ => Err(format!("`{}`: write tunnel or refuse", text.escape_debug())),
        }
    }
}

/// One stray, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Stray {
    /// The entry of `client_no_proxy` that the client has missed.
    pub entry: String,
    /// Which kind of client it is, from a closed set.
    pub client: &'static str,
    /// The first word of its User-Agent, escaped and cut.
    pub agent: Option<String>,
}

impl Strays {
    /// The entry that exempts the target. A name is matched as a name: nothing is looked up.
    #[must_use]
    pub fn entry(&self, target: &Authority) -> Option<String> {
        self.exempt.exempts(target, &[]).map(ToString::to_string)
    }

    /// What is to be noted of a request for this target, if it is a stray. It is counted.
    pub(crate) fn stray(&self, target: &Authority, agent: Option<&[u8]>) -> Option<Box<Stray>> {
        let entry = self.entry(target)?;
        let client = agent.map_or("unnamed", family);
        counter!(STRAYS, "client" => client).increment(1);
        let product = |agent: &[u8]| escaped(agent.split(|&b| b == b' ').next().unwrap_or(agent));
        Some(Box::new(Stray { entry, client, agent: agent.map(product) }))
    }

    /// Refuses the stray where that is asked for.
    pub(crate) fn judge(&self, stray: &Stray) -> Result<(), Refusal> {
        match self.mode {
            StrayMode::Tunnel => Ok(()),
            StrayMode::Refuse => Err(Refusal::Stray(stray.entry.clone())),
        }
    }
}

/// What the client calls itself.
pub(crate) fn agent<'h>(fields: &[Field<'h>]) -> Option<&'h [u8]> {
    fields.iter().find(|field| field.is("user-agent")).map(|field| field.value)
}

/// Kinds of clients by how their User-Agent begins, in lower case (RFC 9110 §10.1.5), the longer
/// beginning first. aiohttp's begins with Python's own product.
const FAMILIES: [(&str, &str); 28] = [
    ("curl/", "curl"),
    ("wget/", "wget"),
    ("wget2/", "wget"),
    ("pip/", "pip"),
    ("uv/", "uv"),
    ("python-requests/", "requests"),
    ("python-urllib3/", "urllib3"),
    ("python-urllib/", "urllib"),
    ("python-httpx/", "httpx"),
    ("python/", "aiohttp"),
    ("openapi-generator/", "kubernetes"),
    ("kubernetes_asyncio/", "kubernetes"),
    ("kubectl/", "kubectl"),
    ("go-http-client/", "go"),
    ("docker", "docker"),
    ("containerd/", "containerd"),
    ("npm/", "npm"),
    ("axios/", "axios"),
    ("node", "node"),
    ("undici", "node"),
    ("git/", "git"),
    ("cargo", "cargo"),
    ("debian apt", "apt"),
    ("grpc", "grpc"),
    ("java", "java"),
    ("ruby", "ruby"),
    ("boto", "botocore"),
    ("aws-cli/", "botocore"),
];

fn family(agent: &[u8]) -> &'static str {
    let begins = |with: &str| {
        agent.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
    };
    FAMILIES.iter().find(|(with, _)| begins(with)).map_or("other", |(_, family)| family)
}

#[cfg(test)]
#[path = "stray_tests.rs"]
mod tests;
