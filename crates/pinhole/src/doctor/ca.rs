//! The variables that name CA certificates: whether each is of use, and whether they agree.

use std::collections::BTreeSet;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::check::Check;
use super::machine::Machine;

const ID: &str = "ca.bundle";

/// Variables that name a file which stands for a client's whole list, and whose clients they are.
const FILES: [(&str, &str); 6] = [
    ("SSL_CERT_FILE", "OpenSSL, uv and Go"),
    ("REQUESTS_CA_BUNDLE", "requests"),
    ("CURL_CA_BUNDLE", "curl"),
    ("PIP_CERT", "pip"),
    ("GIT_SSL_CAINFO", "git"),
    ("AWS_CA_BUNDLE", "the AWS CLI"),
];
/// One that names certificates besides the client's own.
const EXTRA: (&str, &str) = ("NODE_EXTRA_CA_CERTS", "Node");

/// What was looked at, and the certificates themselves.
pub(super) struct Bundles {
    pub(super) checks: Vec<Check>,
    /// The files, as they are.
    pub(super) files: Vec<Vec<u8>>,
}

/// Reads all of them.
pub(super) fn read(machine: &Machine) -> Bundles {
    let (mut checks, mut files) = (Vec::new(), Vec::new());
    let mut known: Vec<(&str, BTreeSet<Vec<u8>>)> = Vec::new();
    for (variable, whose) in FILES.into_iter().chain([EXTRA]) {
        let Some(path) = machine.set(variable) else { continue };
        match certificates(machine, path) {
            Ok((bytes, certificates)) => {
                let count = match certificates.len() {
                    0 => "a directory".to_owned(),
                    count => format!("PEM, certificates: {count}"),
                };
                checks.push(Check::ok(ID, format!("{path}, for {whose}: {count}")).about(variable));
                files.extend(bytes);
                if variable != EXTRA.0 && !certificates.is_empty() {
                    known.push((variable, certificates));
                }
            }
            Err(why) => {
                let finding = format!("{path}: {why}: {whose} can make no TLS connection");
                let advice = "name a readable file of PEM certificates, or unset it";
                checks.push(Check::fail(ID, finding, advice).about(variable));
            }
        }
    }
    checks.push(agree(machine, &known));
    Bundles { checks, files }
}

type Certificates = (Option<Vec<u8>>, BTreeSet<Vec<u8>>);

/// The certificates of a file; of a directory, which OpenSSL's clients take as well, none.
fn certificates(machine: &Machine, path: &str) -> Result<Certificates, String> {
    if machine.names_in(path).is_ok_and(|names| !names.is_empty()) {
        return Ok((None, BTreeSet::new()));
    }
    let bytes = machine.bytes(path).map_err(|error| error.to_string())?;
    let certificates = CertificateDer::pem_slice_iter(&bytes)
        .map(|one| one.map(|certificate| certificate.to_vec()))
        .collect::<Result<BTreeSet<_>, _>>()
        .map_err(|_| "it is not PEM".to_owned())?;
    match certificates.is_empty() {
        true => Err("there is no certificate in it".to_owned()),
        false => Ok((Some(bytes), certificates)),
    }
}

/// Whether a CA that one client trusts is trusted by the others.
fn agree(machine: &Machine, known: &[(&str, BTreeSet<Vec<u8>>)]) -> Check {
    let id = "ca.agree";
    let Some(((first, certificates), others)) = known.split_first() else {
        return Check::skipped(id, "no variable names CA certificates: each client has its own");
    };
    if let Some((other, _)) = others.iter().find(|(_, theirs)| theirs != certificates) {
        return Check::warn(
            id,
            format!(
                "{first} and {other} name different certificates: what one client accepts, \
                 another refuses"
            ),
            "name one file in all of them, the public CAs and your own",
        );
    }
    let names = FILES.iter().filter(|(name, _)| machine.set(name).is_none());
    // What has no variable of its own falls back on another's, or is not SkyPilot's.
    let missing: Vec<&str> = names
        .map(|(name, _)| *name)
        .filter(|name| ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"].contains(name))
        .collect();
    match missing.is_empty() {
        true => Check::ok(id, "the variables that name CA certificates agree"),
        false => Check::warn(
            id,
            format!(
                "{first} names CA certificates, and {} does not: those clients do not see them",
                missing.join(", ")
            ),
            "name the same file in all of them",
        ),
    }
}

#[cfg(test)]
#[path = "ca_tests.rs"]
mod tests;
