use std::fs;

use proptest::prelude::*;

use super::*;
use crate::doctor::check::Verdict;

const SET: [(&str, &str); 3] = [("http_proxy", "x"), ("https_proxy", "x"), ("NO_PROXY", "x")];

/// A machine with sudo and these files of its.
fn check_of(files: &[(&str, &str)], variables: &[(&str, &str)]) -> (bool, Check) {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("etc/sudoers.d")).unwrap();
    fs::create_dir_all(root.path().join("usr/bin")).unwrap();
    fs::write(root.path().join("usr/bin/sudo"), "").unwrap();
    for (name, text) in files {
        fs::write(root.path().join("etc").join(name), text).unwrap();
    }
    check(&Machine::of(variables, root.path()))
}

#[test]
fn what_is_kept_is_read_as_sudo_reads_it() {
    let all = "Defaults env_keep += \"http_proxy https_proxy NO_PROXY\"\n";
    for (files, kept) in [
        (&[][..], false),
        (&[("sudoers", "Defaults env_reset\n")], false),
        (&[("sudoers", all)], true),
        (&[("sudoers.d/proxy", all)], true),
        // sudo leaves these names out.
        (&[("sudoers.d/proxy.conf", all)], false),
        (&[("sudoers.d/proxy~", all)], false),
        (&[("sudoers.d/proxy", "Defaults env_keep += \"http_proxy\"\n")], false),
        (&[("sudoers", "Defaults\tenv_keep+=\"*_proxy\"\nDefaults env_keep += NO_PROXY\n")], true),
        (&[("sudoers", "Defaults env_keep += \"http_proxy https_proxy \\\n NO_PROXY\"\n")], true),
        (&[("sudoers", "# Defaults !env_reset\n")], false),
        (&[("sudoers", "Defaults !env_reset\n")], true),
        (&[("sudoers", "Defaults mail_badpass, !env_reset\n")], true),
        // For one user alone.
        (&[("sudoers", "Defaults:root !env_reset\n")], false),
        (&[("sudoers", all), ("sudoers.d/z", "Defaults env_keep -= \"NO_PROXY\"\n")], false),
        (&[("sudoers", all), ("sudoers.d/z", "Defaults env_keep = \"LANG\"\n")], false),
    ] {
        let (keeps, check) = check_of(files, &SET);
        let verdict = if kept { Verdict::Ok } else { Verdict::Warn };
        assert_eq!((keeps, check.verdict), (kept, verdict), "{files:?}: {check:?}");
    }
}

#[test]
fn only_what_is_set_can_be_dropped() {
    let files = [("sudoers", "Defaults env_keep += \"http_proxy\"\n")];
    let (keeps, check) = check_of(&files, &SET[..1]);
    assert_eq!((keeps, check.verdict), (true, Verdict::Ok));
    let (_, check) = check_of(&files, &SET);
    assert!(check.finding.starts_with("sudo drops https_proxy, NO_PROXY: "), "{check:?}");
    let (keeps, check) = check_of(&files, &[]);
    assert_eq!((keeps, check.verdict), (false, Verdict::Skipped));
}

#[test]
fn without_sudo_nothing_is_dropped() {
    let root = tempfile::tempdir().unwrap();
    let (keeps, check) = check(&Machine::of(&SET, root.path()));
    assert_eq!((keeps, check.verdict), (false, Verdict::Skipped));
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "(Defaults |env_keep|[+=\"a-z*!,\\\\\n\u{fc}-]){0,40}") {
        let mut kept = Kept::default();
        kept.add(&text);
        let _any = kept.keeps("http_proxy");
    }
}
