//! The proxy itself: not there, not one, or not for everybody.

use std::collections::BTreeMap;

use serde_json::json;

use crate::Case;
use crate::given::{NO_PROXY, Said, TARGET, URL, World, head, text};
use crate::room::{API, Cable, PROXY};
use crate::support::origin::{Origin, Peer};
use crate::tls::Certificate;

pub(crate) const CASES: &[Case] = &[
    ("the_proxy_is_down", down),
    ("the_proxys_name_leads_nowhere", nameless),
    ("what_is_no_proxy", no_proxy),
    ("credentials", credentials),
    ("a_proxy_within_tls", within_tls),
    ("bad_urls", bad_urls),
    ("no_proxy_at_all", none),
];

type Variables = BTreeMap<&'static str, String>;

/// Every variable that names a proxy.
fn by(url: &str) -> impl FnOnce(&mut Variables) {
    move |variables| {
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            variables.insert(name, url.to_owned());
        }
    }
}

fn down() {
    let world = World::new(Cable::Enforced);
    let said = world.doctor(&["target.test:443"]);
    said.fails(&["proxy.connect http://pinhole:3128"]);
    let check = said.check("proxy.connect", URL);
    assert_eq!(check["finding"], "no connection to 10.77.0.1:3128: refused");
    // One thing is wrong, and it is said once.
    for (id, subject) in [
        ("reach", "target.test:443"),
        ("kubernetes.proxy", "10.96.0.1:443"),
        ("network-check.serve", ""),
        ("metadata.proxy", "169.254.169.254"),
        ("proxy.tunnel", URL),
    ] {
        said.is(id, subject, "skipped");
    }
    // The rest is looked at all the same.
    said.is("kubernetes.direct", "10.96.0.1:443", "ok");
    said.is("direct.outside", "8.8.8.8:443", "ok");
}

fn nameless() {
    let world = World::new(Cable::Enforced);
    let said = world.doctor_with(&["target.test:443"], by("http://pinhole.elsewhere:3128"));
    said.fails(&["proxy.name http://pinhole.elsewhere:3128"]);
    // The search list is gone through, as by the pod's C library: each of these is the proxy.
    let _proxy = world.pinhole(&json!([{"host": TARGET}, {"network": format!("{API}/32")}]));
    for name in
        ["pinhole", "pinhole.egress", "pinhole.egress.svc", "pinhole.egress.svc.cluster.local"]
    {
        let said = world.doctor_with(&["target.test:443"], by(&format!("http://{name}:3128")));
        said.fails(&[]);
        said.is("reach", "target.test:443", "ok");
    }
}

/// What the doctor says of a proxy with this script.
fn fate(world: &World, script: fn(&mut Peer) -> std::io::Result<()>) -> Said {
    let _proxy = Origin::on(&format!("{PROXY}:3128"), script);
    world.doctor(&["target.test:443"])
}

fn no_proxy() {
    let world = World::new(Cable::Enforced);
    let ssh = fate(&world, |peer| peer.send("SSH-2.0-OpenSSH_9.2\r\n"));
    let check = ssh.is("proxy.tunnel", URL, "fail");
    assert_eq!(check["finding"], "what answers there is no HTTP proxy");
    let mute = fate(&world, |_| Ok(()));
    let check = mute.is("proxy.tunnel", URL, "fail");
    assert_eq!(check["finding"], "it closes connections without an answer");
    let web = fate(&world, |peer| {
        head(peer)?;
        peer.send(
            "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\n\r\n",
        )
    });
    let check = web.is("proxy.tunnel", URL, "fail");
    assert_eq!(check["finding"], "it does not know the method CONNECT");
    let endless = fate(&world, |peer| {
        head(peer)?;
        peer.send("HTTP/1.1 200 OK\r\nX: ")?;
        loop {
            peer.send([b'x'; 4096])?;
        }
    });
    let check = endless.is("reach", "target.test:443", "fail");
    assert_eq!(check["finding"], "the proxy's answer is not HTTP");
}

const PASSWORD: &str = "s3cr3t-pass";

fn credentials() {
    let world = World::new(Cable::Enforced);
    // "hidden-user:s3cr3t-pass".
    let wanted = "Basic aGlkZGVuLXVzZXI6czNjcjN0LXBhc3M=";
    let script = move |peer: &mut Peer| -> std::io::Result<()> {
        let head = head(peer)?;
        let is_known = head.contains(&format!("Proxy-Authorization: {wanted}\r\n"));
        match (is_known, head.starts_with("CONNECT ")) {
            (false, _) => peer.send(
                "HTTP/1.1 407 Proxy Authentication \
             Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
            ),
            (true, true) => peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
            (true, false) => peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        }
    };
    let _proxy = Origin::on(&format!("{PROXY}:3128"), script);
    let said = world.doctor(&["target.test:443"]);
    said.fails(&["proxy.auth http://pinhole:3128"]);
    for id in ["reach", "network-check.serve", "kubernetes.proxy"] {
        assert_eq!(said.all(id)[0]["verdict"], "skipped", "{said}");
    }
    let with = format!("http://hidden-user:{PASSWORD}@pinhole:3128");
    let said = world.doctor_with(&["target.test:443"], by(&with));
    // They are accepted: what is left is the proxy's own rules.
    said.fails(&["reach target.test:443"]);
    said.is("env.credentials", "https_proxy", "warn");
    let words = world.words(&["target.test:443"], by(&with));
    for said in [&said, &words] {
        for secret in [PASSWORD, "hidden-user", wanted] {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "{said}");
        }
    }
}

fn within_tls() {
    let world = World::new(Cable::Enforced);
    let names: &[&str] = &["pinhole"];
    let config = world.ca.server(Certificate { names, years: [2000, 4000] });
    let proxy = crate::tls::parent(config, |inner, head, _| {
        assert!(head.starts_with("CONNECT ") || head.starts_with("HEAD "), "{head}");
        crate::tls::say(inner, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    });
    let plain = world.forward_to(&proxy);
    let said = world.doctor_with(&["target.test:443"], by(&format!("https://pinhole:{plain}")));
    let url = format!("https://pinhole:{plain}");
    said.is("proxy.connect", &url, "ok");
    let check = said.is("reach", "target.test:443", "fail");
    assert_eq!(check["finding"], "denied: 403, Forbidden");
    said.is("env.url", "https_proxy", "warn");
    // The usual mistake: https:// for a proxy that serves http://.
    let _proxy = world.pinhole(&json!([{"host": TARGET}]));
    let said = world.doctor_with(&["target.test:443"], by("https://pinhole:3128"));
    said.fails(&["proxy.tls https://pinhole:3128"]);
    let check = said.check("proxy.tls", "https://pinhole:3128");
    assert!(text(check, "advice").starts_with("write http://"), "{check}");
}

fn bad_urls() {
    let world = World::new(Cable::Enforced);
    let _proxy = world.pinhole(&json!([{"host": TARGET}, {"network": format!("{API}/32")}]));
    let fails =
        ["env.url http_proxy", "env.url HTTP_PROXY", "env.url https_proxy", "env.url HTTPS_PROXY"];
    for (url, part, is_used) in [
        (" http://pinhole:3128", "white space", true),
        ("http://pinhole:3128\n", "white space", true),
        ("\"http://pinhole:3128\"", "quotation marks", false),
        ("socks5://pinhole:1080", "its scheme is socks5://", false),
        ("http://pinhole:3128/path", "it has a path", false),
        ("http://pinhole:31289999", "the port must be", false),
        ("http://pin hole:3128", "white space", false),
    ] {
        let said = world.doctor_with(&["target.test:443"], by(url));
        let all = said.of_verdict("fail");
        for fail in fails {
            assert!(all.iter().any(|one| one == fail), "{url:?}: {said}");
        }
        let findings: Vec<&str> =
            said.all("env.url").iter().map(|one| text(one, "finding")).collect();
        assert!(findings.iter().any(|finding| finding.contains(part)), "{url:?}: {said}");
        let reach = if is_used { "ok" } else { "skipped" };
        said.is("reach", "target.test:443", reach);
        assert_eq!(all.iter().any(|one| one == "env.proxy"), !is_used, "{url:?}: {said}");
    }
    // Doubtful ones are used all the same.
    let said = world.doctor_with(&["target.test:443"], by("pinhole:3128"));
    said.fails(&[]);
    assert!(text(said.is("env.url", "https_proxy", "warn"), "finding").contains("no scheme"));
}

fn none() {
    let world = World::new(Cable::Enforced);
    let said = world.doctor_with(&["target.test:443"], |variables| {
        *variables = BTreeMap::from([("NO_PROXY", NO_PROXY.to_owned())]);
    });
    said.fails(&["env.proxy"]);
    assert!(text(said.check("env.proxy", ""), "finding").starts_with("no proxy variable is set"));
    said.is("reach", "target.test:443", "skipped");
    said.is("direct.outside", "8.8.8.8:443", "ok");
}
