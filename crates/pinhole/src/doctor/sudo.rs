//! sudo: it drops the proxy variables of who calls it, unless it is told to keep them.

use std::io::ErrorKind;

use super::check::Check;
use super::machine::Machine;

const ID: &str = "sudo.env-keep";
const NAMES: [&str; 6] =
    ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/// What sudo keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kept {
    /// `!env_reset`.
    all: bool,
    /// Names, which may end in `*`.
    names: Vec<String>,
    /// Files that this user may not read.
    closed: Vec<String>,
}

/// Whether a command under sudo sees the proxy, and what is to be said of that.
pub(super) fn check(machine: &Machine) -> (bool, Check) {
    if !machine.has_program("sudo") {
        return (false, Check::skipped(ID, "there is no sudo"));
    }
    let kept = read(machine);
    let needed: Vec<&str> =
        NAMES.into_iter().filter(|name| machine.variable(name).is_some()).collect();
    let dropped: Vec<&str> = needed.iter().copied().filter(|name| !kept.keeps(name)).collect();
    let check = if needed.is_empty() {
        Check::skipped(ID, "no proxy variable is set that could be kept")
    } else if dropped.is_empty() {
        Check::ok(ID, "sudo keeps the proxy variables")
    } else if !kept.closed.is_empty() {
        let why = format!(
            "not readable by this user: {}; `sudo env` tells what it keeps",
            kept.closed.join(", ")
        );
        Check::skipped(ID, why)
    } else {
        let finding =
            format!("sudo drops {}: apt-get, wget and curl under it go direct", dropped.join(", "));
        let advice = format!(
            "write `Defaults env_keep += \"{}\"` to /etc/sudoers.d/proxy, mode 0440 \
             (kubernetes.post_provision_runcmd)",
            NAMES.join(" ")
        );
        Check::warn(ID, finding, advice)
    };
    (dropped.is_empty() && !needed.is_empty(), check)
}

fn read(machine: &Machine) -> Kept {
    let mut kept = Kept::default();
    let dir = "/etc/sudoers.d";
    let mut files = vec!["/etc/sudoers".to_owned()];
    match machine.names_in(dir) {
        // sudo itself leaves such names out (sudoers(5), includedir).
        Ok(names) => files.extend(
            names
                .iter()
                .filter(|name| !name.contains('.') && !name.ends_with('~'))
                .map(|name| format!("{dir}/{name}")),
        ),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            kept.closed.push(dir.to_owned())
        }
        Err(_) => {}
    }
    for file in files {
        match machine.text(&file) {
            Ok(text) => kept.add(&text),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => kept.closed.push(file),
            Err(_) => {}
        }
    }
    kept
}

impl Kept {
    /// Reads `Defaults` lines.
    fn add(&mut self, text: &str) {
        for line in text.replace("\\\n", " ").lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let Some(rest) = line.strip_prefix("Defaults") else { continue };
            // `Defaults:user`, `Defaults@host` and the like hold for some alone.
            let Some(settings) = rest.strip_prefix([' ', '\t']) else { continue };
            if settings.split(',').any(|one| one.trim() == "!env_reset") {
                self.all = true;
            }
            let Some(at) = settings.find("env_keep") else { continue };
            let value = settings[at + "env_keep".len()..].trim_start();
            let (operator, value) = match value.strip_prefix("+=") {
                Some(value) => ('+', value),
                None => match (value.strip_prefix("-="), value.strip_prefix('=')) {
                    (Some(value), _) => ('-', value),
                    (None, Some(value)) => ('=', value),
                    (None, None) => continue,
                },
            };
            let value = value.trim();
            let names = match value.strip_prefix('"') {
                Some(rest) => rest.split('"').next().unwrap_or_default(),
                None => value.split([',', ' ']).next().unwrap_or_default(),
            };
            let names = names.split_whitespace().map(str::to_owned);
            match operator {
                '+' => self.names.extend(names),
                '=' => self.names = names.collect(),
                _ => {
                    let gone: Vec<String> = names.collect();
                    self.names.retain(|name| !gone.contains(name));
                }
            }
        }
    }

    fn keeps(&self, name: &str) -> bool {
        let fits = |pattern: &String| match pattern.split_once('*') {
            Some((before, after)) => {
                name.len() >= before.len() + after.len()
                    && name.starts_with(before)
                    && name.ends_with(after)
            }
            None => pattern == name,
        };
        self.all || self.names.iter().any(fits)
    }
}

#[cfg(test)]
#[path = "sudo_tests.rs"]
mod tests;
