use std::path::Path;

use rcgen::{CertificateParams, KeyPair};

use super::*;
use crate::doctor::check::Verdict;

fn pem(name: &str) -> String {
    let key = KeyPair::generate().unwrap();
    CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap().pem()
}

/// `id subject verdict` of all.
fn said(root: &Path, variables: &[(&str, &str)]) -> Vec<String> {
    let bundles = read(&Machine::of(variables, root));
    let words = bundles.checks.iter().map(|check| {
        let subject = check.subject.as_deref().unwrap_or_default();
        format!("{} {subject} {}", check.id, check.verdict.label()).replace("  ", " ")
    });
    words.collect()
}

#[test]
fn bundles_are_judged_one_by_one_and_together() {
    let root = tempfile::tempdir().unwrap();
    let (a, b) = (pem("a.test"), pem("b.test"));
    let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
    write("a.pem", &a);
    write("also-a.pem", &format!("# a comment\n{a}\n{a}"));
    write("both.pem", &format!("{b}{a}"));
    write("empty.pem", "");
    write("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
    std::fs::create_dir_all(root.path().join("certs")).unwrap();
    write("certs/one.pem", &a);
    let all = |file: &'static str| {
        [("SSL_CERT_FILE", file), ("REQUESTS_CA_BUNDLE", file), ("CURL_CA_BUNDLE", file)]
    };
    let well = [
        "ca.bundle SSL_CERT_FILE ok",
        "ca.bundle REQUESTS_CA_BUNDLE ok",
        "ca.bundle CURL_CA_BUNDLE ok",
    ];
    let and = |more: &'static str| {
        let mut lines = well.to_vec();
        lines.push(more);
        lines
    };
    for (variables, expected) in [
        (vec![], vec!["ca.agree skipped"]),
        (all("/a.pem").to_vec(), and("ca.agree ok")),
        (all("/certs").to_vec(), and("ca.agree skipped")),
        (vec![("SSL_CERT_FILE", "/a.pem")], vec!["ca.bundle SSL_CERT_FILE ok", "ca.agree warn"]),
        (
            vec![("SSL_CERT_FILE", "/nowhere.pem")],
            vec!["ca.bundle SSL_CERT_FILE fail", "ca.agree skipped"],
        ),
        (vec![("PIP_CERT", "/empty.pem")], vec!["ca.bundle PIP_CERT fail", "ca.agree skipped"]),
        (vec![("PIP_CERT", "/broken.pem")], vec!["ca.bundle PIP_CERT fail", "ca.agree skipped"]),
        // What is added to a client's own list need not be all of it.
        (
            [all("/both.pem").as_slice(), &[("NODE_EXTRA_CA_CERTS", "/a.pem")]].concat(),
            [well.as_slice(), &["ca.bundle NODE_EXTRA_CA_CERTS ok", "ca.agree ok"]].concat(),
        ),
    ] {
        assert_eq!(said(root.path(), &variables), expected, "{variables:?}");
    }
    let mut differing = all("/a.pem");
    differing[1].1 = "/both.pem";
    assert_eq!(said(root.path(), &differing), and("ca.agree warn"));
    // Order, comments and repetitions are no difference.
    differing[1].1 = "/also-a.pem";
    assert_eq!(said(root.path(), &differing), and("ca.agree ok"));
}

#[test]
fn what_cannot_be_used_is_named_with_its_path() {
    let bundles = read(&Machine::of(&[("PIP_CERT", "/nowhere/ca.pem")], Path::new("/nonexistent")));
    let check = &bundles.checks[0];
    assert_eq!(check.verdict, Verdict::Fail);
    assert!(check.finding.starts_with("/nowhere/ca.pem: "), "{check:?}");
    assert!(bundles.files.is_empty());
}
