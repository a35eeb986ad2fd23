//! One line of the program's log.

use serde::Deserialize;

/// A request that has ended.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) method: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) decision: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) parent: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) connect_ms: Option<f64>,
    pub(crate) total_ms: Option<f64>,
    pub(crate) up: u64,
    pub(crate) down: u64,
}

impl Request {
    pub(crate) fn is_tunnel(&self) -> bool {
        self.method.as_deref() == Some("CONNECT")
    }

    pub(crate) fn target(&self) -> &str {
        self.target.as_deref().unwrap_or("-")
    }

    pub(crate) fn is_allowed(&self) -> bool {
        self.decision.as_deref() == Some("allow") && self.reason.is_none()
    }

    /// Whether policy refused it, for this reason.
    pub(crate) fn is_denied(&self, reason: &str) -> bool {
        self.decision.as_deref() == Some("deny")
            && self.reason.as_deref() == Some(reason)
            && self.status == Some(403)
    }
}
