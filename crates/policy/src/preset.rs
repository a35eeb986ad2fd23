//! Presets: named lists of hosts, kept as data.

use crate::{HostPattern, PortSet};

/// A named list of hosts that one ecosystem needs.
#[derive(Clone, Debug)]
pub struct Preset {
    /// The name that a `preset:` entry gives.
    pub name: String,
    /// What it lets through, in one line.
    pub about: String,
    /// Its hosts.
    pub hosts: Vec<PresetHost>,
}

/// One host of a [`Preset`].
#[derive(Clone, Debug)]
pub struct PresetHost {
    /// Which names it covers.
    pub pattern: HostPattern,
    /// On which ports.
    pub ports: PortSet,
    /// What a client fetches there.
    pub why: String,
    /// Where that was read.
    pub source: String,
}
