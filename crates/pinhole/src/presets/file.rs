//! One preset: its file, and what it comes to in an entry.

use std::fmt;
use std::sync::Arc;

use policy::{Matcher, PortSet, PresetHost, parse_network};
use serde::Deserialize;

use super::template::{Template, value};
use crate::yaml;

/// A preset as its file has it.
#[derive(Clone, Debug)]
pub(crate) struct Preset {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) rows: Vec<Row>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// What an entry must say besides the preset's name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) example: String,
}

/// One host, or one network.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) covers: Covers,
    pub(crate) schemes: Vec<Scheme>,
    pub(crate) ports: PortSet,
    pub(crate) why: String,
    pub(crate) source: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Covers {
    Hosts(Template),
    /// For clients that ask for an address itself.
    Network(String),
}

/// A host that some client asks for, and that the preset does not open.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeftOut {
    pub(crate) host: String,
    /// Why not, and what to write where it is needed all the same.
    pub(crate) why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// A preset with its parameters' values: the rule for its hosts, and one for each network.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    pub(crate) hosts: Matcher,
    pub(crate) networks: Vec<(Matcher, PortSet)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    #[serde(default)]
    parameters: Vec<Parameter>,
    hosts: Vec<FileRow>,
    #[serde(default)]
    left_out: Vec<LeftOut>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRow {
    host: Option<String>,
    network: Option<String>,
    #[serde(default)]
    scheme: Schemes,
    ports: Option<Vec<u16>>,
    why: String,
    source: String,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Schemes {
    #[default]
    Default,
    One(Scheme),
    Several(Vec<Scheme>),
}

impl Preset {
    /// Reads a file, and fills it with its own examples, so that it cannot fail on good values.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, String> {
        let File { about, parameters, hosts, left_out } = yaml::read(text)?;
        let rows = hosts.into_iter().map(row).collect::<Result<_, _>>()?;
        let preset = Self { name: name.to_owned(), about, parameters, rows, left_out };
        for Parameter { name, example, .. } in &preset.parameters {
            value(example)?;
            if !preset.templates().any(|template| template.parameters().any(|one| one == name)) {
                return Err(format!("no host has the parameter `{name}`"));
            }
        }
        preset.fill(|name| {
            let parameter = preset.parameters.iter().find(|parameter| parameter.name == name);
            parameter.map(|parameter| parameter.example.as_str())
        })?;
        Ok(preset)
    }

    /// What it opens with these values.
    ///
    /// # Errors
    /// The first host that cannot be made of them.
    pub(crate) fn fill<'v>(
        &self,
        value: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<Filled, String> {
        let (mut hosts, mut networks) = (Vec::new(), Vec::new());
        for Row { covers, ports, why, source, .. } in &self.rows {
            let ports = ports.clone();
            match covers {
                Covers::Hosts(template) => hosts.push(PresetHost {
                    pattern: template.fill(&value)?,
                    ports,
                    why: why.clone(),
                    source: source.clone(),
                }),
                Covers::Network(network) => networks.push((network_of(network)?, ports)),
            }
        }
        let (name, about) = (self.name.clone(), self.about.clone());
        let hosts = Matcher::Preset(Arc::new(policy::Preset { name, about, hosts }));
        Ok(Filled { hosts, networks })
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        self.rows.iter().filter_map(|row| match &row.covers {
            Covers::Hosts(template) => Some(template),
            Covers::Network(_) => None,
        })
    }
}

fn row(FileRow { host, network, scheme, ports, why, source }: FileRow) -> Result<Row, String> {
    let covers = match (host, network) {
        (Some(host), None) => Covers::Hosts(Template::parse(&host)?),
        (None, Some(network)) => Covers::Network(network),
        _ => return Err(format!("one of `host` and `network` belongs beside `why: {why}`")),
    };
    let schemes = match scheme {
        Schemes::Default => vec![Scheme::Https],
        Schemes::One(scheme) => vec![scheme],
        Schemes::Several(schemes) => schemes,
    };
    let ports = ports.unwrap_or_else(|| schemes.iter().map(|scheme| scheme.port()).collect());
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let ports = PortSet::parse(ports.iter().map(String::as_str)).map_err(|e| e.to_string())?;
    Ok(Row { covers, schemes, ports, why, source })
}

fn network_of(text: &str) -> Result<Matcher, String> {
    parse_network(text).map(Matcher::Network).map_err(|error| error.to_string())
}

impl fmt::Display for Covers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hosts(template) => template.fmt(f),
            Self::Network(network) => network.fmt(f),
        }
    }
}

impl Scheme {
    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}
