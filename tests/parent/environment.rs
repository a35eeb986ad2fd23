//! Without a `parent` key, the proxy variables of the environment hold.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::dns::FakeDns;
use crate::fake::{CONNECT, GET, OK, Parent};
use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, program};
use crate::support::site::{self, Site};
use crate::support::until;

/// The usual site, in this environment.
fn within(variables: &[(&str, String)], change: impl FnOnce(&mut Value)) -> Site {
    let dns = FakeDns::start();
    let mut config = site::config(&dns);
    change(&mut config);
    let command = |file: &Path| {
        let mut command: Command = program();
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.args(["serve", "--config"]).arg(file);
        command
    };
    Site { proxy: Proxy::spawn(&config, command), origin: Origin::start(), dns }
}

fn parent() -> Parent {
    Parent::with(|peer, head| match head[0].starts_with("CONNECT ") {
        true => peer.send(OK),
        false => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    })
}

/// Sends a CONNECT and a plain request.
fn ask(site: &Site) {
    for request in [CONNECT, GET] {
        let mut client = site.proxy.client();
        client.send(site.fill(request));
        assert_eq!(client.head().unwrap().status, 200);
    }
    site.proxy.wait_requests(2);
}

/// Waits until the target was reached so often: the kernel accepts before it does.
fn reached(site: &Site, count: usize) {
    until("the target is reached", || site.origin.accepts() == count);
}

/// The notices and warnings so far.
fn said(site: &Site) -> String {
    let lines = site.proxy.lines();
    let of_it = |line: &&String| line.contains("\"notice\"") || line.contains("\"warning\"");
    lines.iter().filter(of_it).cloned().collect::<Vec<_>>().join("\n")
}

/// How often each parent was asked for a tunnel, and for plain HTTP.
fn counts(parents: &[&Parent]) -> Vec<[usize; 2]> {
    let count = |parent: &&Parent| {
        let lines = parent.lines();
        let tunnels = lines.iter().filter(|line| line.starts_with("CONNECT ")).count();
        [tunnels, lines.len() - tunnels]
    };
    parents.iter().map(count).collect()
}

/// Variables, each with the index of the parent it names, and what each parent is asked for.
type Row<'r> = (&'r [(&'r str, usize)], [usize; 2], [usize; 2]);

#[test]
fn https_proxy_is_for_tunnels_and_http_proxy_for_plain_http() {
    let rows: [Row; 8] = [
        (&[], [0, 0], [0, 0]),
        (&[("https_proxy", 0)], [1, 0], [0, 0]),
        (&[("HTTPS_PROXY", 0)], [1, 0], [0, 0]),
        (&[("http_proxy", 0)], [0, 1], [0, 0]),
        (&[("HTTP_PROXY", 0)], [0, 1], [0, 0]),
        (&[("https_proxy", 0), ("http_proxy", 1)], [1, 0], [0, 1]),
        (
            &[("https_proxy", 0), ("HTTPS_PROXY", 1), ("HTTP_PROXY", 0), ("http_proxy", 1)],
            [1, 0],
            [0, 1],
        ),
        (&[("all_proxy", 0), ("ALL_PROXY", 0)], [0, 0], [0, 0]),
    ];
    for (variables, first, second) in rows {
        let parents = [parent(), parent()];
        let named: Vec<(&str, String)> =
            variables.iter().map(|(name, i)| (*name, parents[*i].url())).collect();
        let site = within(&named, |_| {});
        ask(&site);
        assert_eq!(counts(&[&parents[0], &parents[1]]), [first, second], "{variables:?}");
        let directly = 2 - first.iter().chain(&second).sum::<usize>();
        reached(&site, directly);
        let said = said(&site);
        for (parent, [tunnels, forwards]) in parents.iter().zip([first, second]) {
            let (url, note) = (parent.url(), "of the environment)");
            for (what, count) in [("tunnels go", tunnels), ("plain HTTP goes", forwards)] {
                let says = said.contains(&format!("{what} by the parent {url} ("));
                assert_eq!(says, count == 1, "{what} {said}");
            }
            assert_eq!(said.contains(note), !parents.iter().all(|p| p.lines().is_empty()));
        }
    }
}

#[test]
fn upper_case_http_proxy_is_not_trusted_where_a_client_may_have_set_it() {
    let parent = parent();
    let variables = [
        ("HTTP_PROXY", parent.url()),
        ("HTTPS_PROXY", parent.url()),
        ("REQUEST_METHOD", "GET".to_owned()),
    ];
    let site = within(&variables, |_| {});
    ask(&site);
    assert_eq!(counts(&[&parent]), [[1, 0]]);
}

#[test]
fn credentials_of_the_environment_are_shown_to_the_parent_and_to_nobody_else() {
    let parent = parent();
    let url = parent.url().replace("//", "//us%65r:se%63ret@");
    let site = within(&[("https_proxy", url.clone()), ("http_proxy", url)], |_| {});
    ask(&site);
    for head in parent.heads() {
        let shown = "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=".to_owned();
        assert!(head.contains(&shown), "{head:?}");
    }
    let everything = site.proxy.lines().join("\n") + &site.proxy.page("/metrics").1;
    for secret in ["secret", "se%63ret", "dXNlcjpzZWNyZXQ", "us%65r"] {
        assert!(!everything.contains(secret), "{secret} in {everything}");
    }
}

#[test]
fn no_proxy_of_the_environment_is_read_in_our_dialect() {
    for variable in ["no_proxy", "NO_PROXY"] {
        let parent = parent();
        let value = "http://nonsense/, .test".to_owned();
        let variables =
            [("https_proxy", parent.url()), ("http_proxy", parent.url()), (variable, value)];
        let site = within(&variables, |_| {});
        ask(&site);
        assert_eq!(counts(&[&parent]), [[0, 0]]);
        reached(&site, 2);
        let said = said(&site);
        assert!(said.contains("no_proxy exempts from the parent: .test"), "{said}");
        let warning = format!("{variable} of the environment: `http://nonsense/`");
        assert!(said.contains(&warning), "{said}");
    }
}

#[test]
fn a_parent_key_puts_the_environment_aside() {
    let (of_environment, of_file) = (parent(), parent());
    let variables = [("https_proxy", of_environment.url()), ("http_proxy", of_environment.url())];
    let site = within(&variables, |config| config["parent"] = json!("none"));
    ask(&site);
    assert_eq!(counts(&[&of_environment]), [[0, 0]]);
    reached(&site, 2);
    assert!(said(&site).contains("targets are reached directly"), "{}", said(&site));
    let site = within(&variables, |config| {
        config["parent"] = json!({"urls": of_file.url()});
    });
    ask(&site);
    assert_eq!(counts(&[&of_environment, &of_file]), [[0, 0], [1, 1]]);
    // Saying that the environment holds is saying nothing.
    let site = within(&variables, |config| config["parent"] = json!("environment"));
    ask(&site);
    assert_eq!(counts(&[&of_environment]), [[1, 1]]);
}

#[test]
fn a_variable_that_cannot_be_understood_is_no_way_around() {
    for (variable, value, error) in [
        ("https_proxy", "socks5://user:secret@127.0.0.1:1", "`socks5://` is not spoken"),
        ("HTTP_PROXY", "http://user:secret@127.0.0.1:99999", "the port must be"),
    ] {
        let output = program()
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .env(variable, value)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("{variable} of the environment: ")), "{said}");
        assert!(said.contains(error) && !said.contains("secret"), "{said}");
    }
}
