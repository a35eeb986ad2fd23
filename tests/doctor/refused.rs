//! Targets that the proxy does not open, each with its reason and what to do.

use serde_json::{Value, json};

use crate::Case;
use crate::given::{OTHER, Said, TARGET, World, head, text};
use crate::room::{API, Cable, PROXY};
use crate::support::origin::Origin;
use crate::support::proxy::program;
use crate::tls::{Ca, Certificate};

pub(crate) const CASES: &[Case] = &[
    ("a_denied_host_is_named_with_its_rule", denied),
    ("the_core_preset_is_what_is_needed", core),
    ("each_refusal_has_its_meaning", meanings),
    ("metadata_through_the_proxy", metadata),
    ("the_api_server_is_denied", api_server),
    ("tls_is_intercepted", intercepted),
    ("tls_is_cut", cut),
    ("other_proxies_say_less", others),
    ("what_a_proxy_says_is_escaped", escaped),
];

const KUBE: &str = "{network: \"10.96.0.1/32\"}";

fn kube() -> Value {
    json!({"network": format!("{API}/32"), "ports": 443})
}

fn denied() {
    let world = World::new(Cable::Enforced);
    let proxy = world.pinhole(&json!([{"host": TARGET}, kube()]));
    let args = ["target.test:443", "other.test:443", "http://other.test/"];
    let said = world.doctor(&args);
    said.fails(&["reach other.test:443", "reach other.test:80"]);
    assert_eq!(said.json["first_denied"], "other.test:443");
    for subject in ["other.test:443", "other.test:80"] {
        let denied = said.check("reach", subject);
        let finding = text(denied, "finding");
        let reason = "denied: 403, not_allowed: no allow entry covers other.test; id ";
        assert!(finding.starts_with(reason), "{denied}");
        assert_eq!(denied["rule"], "{host: other.test}");
        assert!(text(denied, "advice").starts_with("add `- {host: other.test}` to"), "{denied}");
    }
    let words = world.words(&args, |_| {});
    assert_eq!(words.code, Some(1));
    let last = words.out.lines().last().expect("a line");
    assert!(last.ends_with(" 2 failed; first denied: other.test:443"), "{words}");
    let before: Vec<&str> = words.out.lines().rev().skip(1).take(4).collect();
    assert!(
        before[3].starts_with("fail    reach") && before[1].starts_with("fail    reach"),
        "{words}"
    );
    // The rule does what is said of it.
    drop(proxy);
    let _proxy = world.pinhole(&json!([{"host": TARGET}, {"host": OTHER}, kube()]));
    world.doctor(&args).fails(&[]);
}

/// The hosts of a preset, from the program: they are data.
fn hosts(preset: &str) -> Vec<String> {
    let said = program().args(["presets", preset]).output().expect("the program");
    let text = String::from_utf8(said.stdout).expect("UTF-8");
    let host = |line: &str| Some(line.split_once(" (ports ")?.0.to_owned());
    let hosts: Vec<String> = text.lines().filter_map(host).collect();
    assert!(hosts.len() > 2, "{text}");
    hosts
}

fn core() {
    let world = World::new(Cable::Enforced);
    let _proxy = world.pinhole(&json!([{"host": TARGET}, kube()]));
    let said = world.doctor(&[]);
    let hosts = hosts("skypilot-core");
    let expected: Vec<String> = hosts.iter().map(|host| format!("reach {host}:443")).collect();
    assert_eq!(said.of_verdict("fail"), expected, "{said}");
    assert_eq!(said.json["first_denied"], format!("{}:443", hosts[0]));
    for host in &hosts {
        let denied = said.check("reach", &format!("{host}:443"));
        assert_eq!(denied["rule"], "{preset: skypilot-core}", "{denied}");
    }
    // With parameters, which stand in the rule as they were given.
    let preset = "aws-ssm,region=us-east-1";
    let said = world.doctor(&["--preset", preset]);
    let denied = said.all("reach");
    assert!(denied.len() > 2, "{said}");
    for one in denied {
        assert_eq!(one["rule"], "{preset: aws-ssm, region: us-east-1}");
        assert!(text(one, "subject").contains(".us-east-1."), "{one}");
    }
}

/// A target's check, of pinhole with these rules.
fn check_of(world: &World, config: impl FnOnce(&mut Value), target: &str) -> Value {
    let _proxy = world.pinhole_with(&json!([{"host": TARGET}, kube()]), config);
    let said = world.doctor(&[target]);
    let subject = target.trim_start_matches("https://").trim_end_matches('/');
    said.is("reach", subject, "fail").clone()
}

fn meanings() {
    let world = World::new(Cable::Enforced);
    let find = |check: &Value, finding: &str, advice: &str, rule: Option<&str>| {
        assert!(text(check, "finding").contains(finding), "{check}");
        assert!(text(check, "advice").contains(advice), "{check}");
        assert_eq!(check["rule"].as_str(), rule, "{check}");
    };
    let port = check_of(&world, |_| {}, "target.test:8443");
    let rule = "{host: target.test, ports: 8443}";
    find(&port, "denied: 403, port_not_allowed: ", &format!("add `- {rule}`"), Some(rule));
    let literal = check_of(&world, |_| {}, "5.6.7.8:443");
    let rule = "{network: \"5.6.7.8/32\"}";
    find(&literal, "literal_not_allowed", &format!("add `- {rule}`"), Some(rule));
    let deny = |config: &mut Value| config["deny"] = json!([{"host": TARGET}]);
    let denied = check_of(&world, deny, "target.test:443");
    find(&denied, "denied by deny[0]", "it wins over every allow", None);
    let private = |config: &mut Value| config["dns"]["hosts"] = json!({TARGET: "10.1.2.3"});
    let private = check_of(&world, private, "target.test:443");
    find(&private, "address_class", "explain --resolve target.test:443", None);
    let stray = |config: &mut Value| {
        config["client_no_proxy"] = json!(".test");
        config["strays"] = json!("refuse");
    };
    let stray = check_of(&world, stray, "target.test:443");
    find(&stray, "stray", "list target.test in this environment's NO_PROXY", None);
    let own = |config: &mut Value| config["self"] = json!([TARGET]);
    find(&check_of(&world, own, "target.test:443"), "own_address", "the proxy itself", None);
    let unknown = |config: &mut Value| config["allow"] = json!([{"host": "unknown.test"}]);
    let unknown = check_of(&world, unknown, "unknown.test:443");
    find(
        &unknown,
        "allowed, but the proxy cannot resolve the name: 502, dns_not_found",
        "name servers",
        None,
    );
    let nobody = |config: &mut Value| {
        config["allow"] = json!([{"host": TARGET, "ports": 9}]);
    };
    let nobody = check_of(&world, nobody, "target.test:9");
    find(
        &nobody,
        "does not reach the target: 502, connect_refused",
        "firewall behind the proxy",
        None,
    );
    let parent = Origin::on(&format!("{PROXY}:0"), |peer| {
        head(peer)?;
        peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    });
    let url = format!("http://{PROXY}:{}", parent.port());
    let behind = |config: &mut Value| config["parent"] = json!({"urls": [url]});
    let behind = check_of(&world, behind, "target.test:443");
    find(&behind, "a proxy behind the proxy refuses: 502, parent_refused", "target.test:443", None);
}

fn metadata() {
    let world = World::new(Cable::Enforced);
    let open = json!([
        {"host": TARGET},
        {"network": "169.254.169.254/32", "ports": 80},
        {"network": "169.254.170.2/32", "ports": 80},
        kube(),
    ]);
    let _proxy = world.pinhole(&open);
    let said = world.doctor(&["target.test:443"]);
    said.fails(&["metadata.proxy 169.254.169.254"]);
    let open = said.check("metadata.proxy", "169.254.169.254");
    assert!(text(open, "finding").contains("the credentials of the proxy's own host"), "{open}");
    // Allowed, and nobody there.
    let tried = said.is("metadata.proxy", "169.254.170.2", "warn");
    assert!(text(tried, "finding").contains("tried to reach it: 502"), "{tried}");
}

fn api_server() {
    let world = World::new(Cable::Enforced);
    let _proxy = world.pinhole(&json!([{"host": TARGET}]));
    let doctor = || world.doctor(&["target.test:443"]);
    let said = doctor();
    // Nobody knows which client is used: it is a doubt.
    said.fails(&[]);
    said.is("kubernetes.client", "", "skipped");
    let doubt = said.is("kubernetes.proxy", "10.96.0.1:443", "warn");
    assert!(text(doubt, "finding").contains("clients kubernetes 34 and 35"), "{doubt}");
    let place = "skypilot-runtime/lib/python3.10/site-packages";
    world.home_file(&format!("{place}/kubernetes-33.1.0.dist-info/METADATA"), "");
    let said = doctor();
    said.fails(&[]);
    said.is("kubernetes.client", "", "ok");
    said.is("kubernetes.proxy", "10.96.0.1:443", "ok");
    let other = ".local/lib/python3.11/site-packages";
    world.home_file(&format!("{other}/kubernetes-35.0.0.dist-info/METADATA"), "");
    let said = doctor();
    said.fails(&["kubernetes.proxy 10.96.0.1:443"]);
    let client = said.is("kubernetes.client", "", "warn");
    assert!(text(client, "finding").starts_with("kubernetes 35.0.0 in "), "{client}");
    let denied = said.check("kubernetes.proxy", "10.96.0.1:443");
    assert_eq!(denied["rule"], KUBE);
    assert!(text(denied, "advice").contains("kubernetes<34"), "{denied}");
}

fn intercepted() {
    let world = World::new(Cable::Enforced);
    let proxy = world.pinhole(&json!([{"host": TARGET}, kube()]));
    // A CA that does not know the target's.
    let stranger = Ca::new();
    let without = |variables: &mut std::collections::BTreeMap<&'static str, String>| {
        for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            variables.remove(name);
        }
        variables.insert("SSL_CERT_FILE", stranger.file().display().to_string());
    };
    let said = world.doctor_with(&["target.test:443"], without);
    said.fails(&["reach target.test:443"]);
    let untrusted = said.check("reach", "target.test:443");
    assert!(text(untrusted, "finding").contains("no CA that is known here"), "{untrusted}");
    assert!(text(untrusted, "advice").contains("intercepts TLS"), "{untrusted}");
    assert_eq!(untrusted["rule"], Value::Null);
    // No CA at all, as in an image that has nothing but pinhole: that is no fault of the target's.
    let none = world.home_file("none/.keep", "");
    let said = world.doctor_with(&["target.test:443"], |variables| {
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            variables.remove(name);
        }
        let dir = none.parent().expect("a directory").display().to_string();
        variables.insert("SSL_CERT_DIR", dir);
    });
    said.fails(&[]);
    let unjudged = said.is("reach", "target.test:443", "ok");
    assert!(text(unjudged, "finding").contains("not judged"), "{unjudged}");
    // A certificate for other names.
    let names: &[&str] = &["elsewhere.test"];
    let config = world.ca.server(Certificate { names, years: [2000, 4000] });
    let _wrong = world.tls_at("5.6.7.10:8443", config);
    let allow = json!([{"host": TARGET, "ports": 8443}]);
    drop(proxy);
    let _proxy = world.pinhole_with(&allow, |config| {
        config["dns"]["hosts"] = json!({TARGET: "5.6.7.10"});
    });
    let said = world.doctor(&["https://target.test:8443/"]);
    let wrong = said.is("reach", "target.test:8443", "fail");
    assert!(text(wrong, "finding").ends_with("is for another name"), "{wrong}");
}

fn cut() {
    let world = World::new(Cable::Enforced);
    let fate = |script: fn(&mut crate::support::origin::Peer) -> std::io::Result<()>| -> Said {
        let _proxy = Origin::on(&format!("{PROXY}:3128"), script);
        world.doctor(&["target.test:443"])
    };
    const OK: &str = "HTTP/1.1 200 OK\r\n\r\n";
    let closed = fate(|peer| {
        head(peer)?;
        peer.send(OK)
    });
    let check = closed.is("reach", "target.test:443", "fail");
    assert!(text(check, "finding").contains("is cut when TLS begins"), "{check}");
    let alert = fate(|peer| {
        head(peer)?;
        peer.send(OK)?;
        peer.bytes(5)?;
        // unrecognized_name, fatal: what pinhole's own SNI check says.
        peer.send([0x15, 3, 3, 0, 2, 2, 112])
    });
    let check = alert.is("reach", "target.test:443", "fail");
    assert!(text(check, "finding").contains("UnrecognisedName"), "{check}");
    let page = fate(|peer| {
        head(peer)?;
        peer.send(OK)?;
        peer.bytes(5)?;
        peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
    });
    let check = page.is("reach", "target.test:443", "fail");
    assert!(text(check, "finding").contains("is not TLS"), "{check}");
}

/// What the doctor says of a proxy that answers everything so.
fn fake(world: &World, answer: &'static str) -> Said {
    let _proxy = Origin::on(&format!("{PROXY}:3128"), move |peer| {
        head(peer)?;
        peer.send(answer)
    });
    world.doctor(&["target.test:443"])
}

fn others() {
    let world = World::new(Cable::Enforced);
    let said = fake(&world, "HTTP/1.1 403 Filtered\r\nServer: tinyproxy/1.11.1\r\n\r\n<h1>no</h1>");
    let check = said.is("reach", "target.test:443", "fail");
    assert_eq!(check["finding"], "denied: 403, Filtered");
    assert!(text(check, "advice").starts_with("have the proxy's owner allow target.test:443"));
    assert_eq!(check["rule"], "{host: target.test}");
    said.is("metadata.proxy", "169.254.169.254", "ok");
    let said =
        fake(&world, "HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\n\r\n");
    let check = said.is("reach", "target.test:443", "fail");
    assert_eq!(
        check["finding"],
        "allowed, but the proxy cannot resolve the name: 503, ERR_DNS_FAIL"
    );
    let said = fake(
        &world,
        "HTTP/1.1 504 Gateway Timeout\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\ntoo \
         slow\n",
    );
    let check = said.is("reach", "target.test:443", "fail");
    assert_eq!(check["finding"], "allowed, but the proxy does not reach the target: 504, too slow");
}

fn escaped() {
    let world = World::new(Cable::Enforced);
    let said = fake(
        &world,
        "HTTP/1.1 403 \x1b[2J\u{202e}evil\r\nProxy-Status: p; error=http_request_denied; \
         details=\"\u{9b}31m\x07\"\r\n\r\n",
    );
    let check = said.is("reach", "target.test:443", "fail");
    let finding = text(check, "finding");
    assert!(finding.starts_with("denied: 403, "), "{check}");
    assert!(finding.chars().all(|c| c.is_ascii() && !c.is_control()), "{check}");
    let words = {
        let _proxy = Origin::on(&format!("{PROXY}:3128"), |peer| {
            head(peer)?;
            peer.send("HTTP/1.1 502 \x1b]0;title\x07\u{202e}\r\n\r\n\x1b[31m")
        });
        world.words(&["target.test:443"], |_| {})
    };
    assert_eq!(words.code, Some(1));
    assert!(words.out.contains("\\u{1b}]0;title\\u{7}\\u{202e}"), "{words}");
}
