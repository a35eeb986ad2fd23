//! The commands that pods run before SkyPilot's own setup, run: with tools that only note what they
//! are asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::emit::{PLAIN, Place};

/// Tools that write into the folder `said`, and nowhere else.
const TOOLS: [(&str, &str); 6] = [
    ("id", "echo ${FAKE_ID}"),
    ("sudo", "printf '%s\\n' \"$*\" >> $SAID/sudo; [ \"$1\" = -n ] && shift; exec \"$@\""),
    ("visudo", "[ \"$1\" = -cf ] && grep -q '^Defaults env_keep += \"[A-Za-z_ ]*\"$' \"$2\""),
    (
        "install",
        "echo \"$@\" >> $SAID/install; eval file=\\${$(($# - 1))}; cp \"$file\" $SAID/sudoers",
    ),
    ("tee", "for last; do :; done; cat > $SAID/$(basename $last)"),
    ("chmod", "echo \"$@\" >> $SAID/chmod"),
];

/// What the commands of a site's pods did, as a user or as root: the files in `said`.
fn ran(site: &str, user: &str) -> impl Fn(&str) -> String + use<> {
    let commands = commands(site);
    assert!(commands.len() >= 3, "{commands:#?}");
    let place = tempfile::tempdir().unwrap();
    let (tools, said) = (place.path().join("tools"), place.path().join("said"));
    fs::create_dir(&tools).unwrap();
    fs::create_dir(&said).unwrap();
    for (name, text) in TOOLS {
        let path = tools.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // SkyPilot's pods run them so, one behind another, tracing.
    let script =
        commands.join("\n").replace("/tmp/pinhole", &format!("{}/pinhole", said.display()));
    let done = Command::new("bash")
        .args(["-c", "--", &format!("set -x\n{script}\necho through")])
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
        .env("SAID", &said)
        .env("FAKE_ID", user)
        .env("https_proxy", "http://u:secret@proxy.test:3128")
        .env("no_proxy", "localhost")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "through\n");
    let traced = String::from_utf8(done.stderr).unwrap();
    assert!(traced.contains("+ sh -c") && !traced.contains("secret"), "{traced}");
    move |name: &str| fs::read_to_string(place.path().join("said").join(name)).unwrap_or_default()
}

/// The pods' `post_provision_runcmd`.
fn commands(site: &str) -> Vec<String> {
    let text = Place::new(site).emit("skypilot", &[]).out;
    let (_, list) = text.split_once("\n  post_provision_runcmd:\n").expect("the commands");
    let lines = list.lines().take_while(|line| line.starts_with("    "));
    // Each is one line of a literal block.
    lines.filter_map(|line| line.strip_prefix("      ")).map(str::to_owned).collect()
}

fn with(place: &str) -> String {
    PLAIN.replace("{shape: deployment}", place)
}

#[test]
fn a_user_does_it_by_sudo() {
    let said = ran(&with("{address: proxy.test, addresses: 10.0.0.9}"), "1000");
    assert_eq!(said("pinhole-uv-constraints.txt"), "kubernetes<34\n");
    let sudoers = said("sudoers");
    for name in ["http_proxy", "HTTPS_PROXY", "no_proxy", "UV_CONSTRAINT", "SSL_CERT_FILE"] {
        assert!(sudoers.contains(name), "{sudoers}");
    }
    assert!(said("install").starts_with("-m 0440 -o root -g root "), "{}", said("install"));
    assert!(said("install").trim_end().ends_with(" /etc/sudoers.d/pinhole-proxy"));
    assert!(said("sudo").lines().all(|line| line.starts_with("-n ")), "{}", said("sudo"));
    assert!(said("sudo").contains("-n install ") && said("sudo").contains("-n tee "));
}

#[test]
fn root_does_it_without_and_mirrors_stay_direct() {
    let site = with("{address: proxy.test, addresses: 10.0.0.9}\nmirrors: [apt.test, 10.0.0.8]");
    let said = ran(&site, "0");
    assert_eq!(said("sudo"), "");
    if Path::new("/etc/apt/apt.conf.d").is_dir() {
        assert_eq!(
            said("95pinhole-proxy"),
            "Acquire::http::Proxy \"http://u:secret@proxy.test:3128\";\n\
             Acquire::https::Proxy \"http://u:secret@proxy.test:3128\";\n\
             Acquire::http::Proxy::apt.test \"DIRECT\";\n\
             Acquire::https::Proxy::apt.test \"DIRECT\";\n"
        );
        assert!(said("chmod").starts_with("0644 "), "{}", said("chmod"));
    }
    // Logins get what the pod has.
    let environment = said("environment");
    assert!(environment.contains("no_proxy=localhost\n"), "{environment}");
}

#[test]
fn credentials_are_put_where_root_alone_reads_them() {
    let said = ran(&with("{address: proxy.test, addresses: 10.0.0.9, credentials: corp}"), "0");
    assert_eq!(said("environment"), "");
    if Path::new("/etc/apt/apt.conf.d").is_dir() {
        assert!(said("chmod").starts_with("0600 "), "{}", said("chmod"));
    }
}

#[test]
fn instances_run_what_is_good_shell() {
    let site = with("{address: proxy.test, addresses: 10.0.0.9}")
        .replace("0.14.1\n", "0.14.1\n  ssm: {region: a, vpc: b, security_group: c}\n");
    let text = Place::new(&site).emit("skypilot", &[]).out;
    let (_, aws) = text.split_once("\naws:\n").expect("aws");
    let commands: Vec<&str> = aws.lines().filter_map(|line| line.strip_prefix("      ")).collect();
    assert_eq!(commands.len(), 4, "{aws}");
    for command in commands {
        for shell in ["sh", "bash"] {
            let done = Command::new(shell).args(["-n", "-c", command]).status().unwrap();
            assert!(done.success(), "{shell}: {command}");
        }
    }
}
