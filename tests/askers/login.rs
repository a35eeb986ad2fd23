//! Logging in: who is asked to, what is taken for credentials, and what becomes of them.

use std::time::Duration;

use serde_json::json;

use crate::place::{BOTH, By, Place, allow};
use crate::support::client::Client;
use crate::support::site::refusal_id;
use crate::support::structured::{self, Bare};
use crate::support::{each, ensure, shown};
use crate::users::{self, ADA, ALL, BOB, CAROL, base64, basic};

const CHALLENGE: &str = "Basic realm=\"pinhole\", charset=\"UTF-8\"";
/// From here a user is known by logging in, and nobody is anybody without.
const HERE: &str = "127.0.0.9";

/// One field with this value, which may be any bytes.
fn field(value: impl AsRef<[u8]>) -> Vec<u8> {
    [b"Proxy-Authorization: ", value.as_ref(), b"\r\n"].concat()
}

fn of(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Vec<u8> {
    basic(user, password).into_bytes()
}

/// A request for what only users may reach, with these fields.
fn asking(place: &Place, by: By, fields: &[u8]) -> Vec<u8> {
    let mut request = place.request(by, "ci", "");
    request.truncate(request.len() - 2);
    [&request[..], fields, b"\r\n"].concat()
}

#[test]
fn every_kind_of_hash_lets_its_user_in() {
    let place = Place::with(|config| {
        config["clients"] = json!([
            {"name": "ci", "users": ALL.map(|user| user.0), "allow": [allow("ci")]},
        ]);
    });
    for (user, password, _) in ALL {
        // What was right is remembered, and what is wrong is wrong all the same.
        for _ in 0..2 {
            for by in BOTH {
                let answer = place.ask(by, HERE, "ci", &basic(user, password));
                assert_eq!((answer.status, &answer.record["user"]), (200, &json!(user)));
                let bad = format!("{password} ");
                for (user, password) in [(user, bad.as_str()), (user, ""), ("dora", password)] {
                    let answer = place.ask(by, HERE, "ci", &basic(user, password));
                    assert_eq!((answer.status, answer.label()), (407, "credentials_wrong"));
                    assert_eq!(answer.record["user"], json!(null));
                }
            }
        }
    }
    place.keeps_secrets();
}

/// What a 407 is, in all the places in which a refusal says what it is.
#[test]
fn a_407_is_a_refusal_like_any_other() {
    let place = Place::new();
    let rows = [
        (By::Connect, "", "credentials_missing"),
        (By::Get, "", "credentials_missing"),
        (By::Connect, "Proxy-Authorization: Bearer x\r\n", "credentials_malformed"),
        (By::Get, "Proxy-Authorization: Bearer x\r\n", "credentials_malformed"),
    ];
    for (by, fields, label) in rows {
        let answer = place.ask(by, HERE, "ci", fields);
        assert_eq!((answer.status, answer.label()), (407, label));
        let field = |name| answer.response.field(name).unwrap_or_default();
        assert_eq!(field("proxy-authenticate"), CHALLENGE);
        assert!(answer.response.reason.starts_with("Proxy Authentication Required: "));
        let status = structured::list(field("proxy-status")).unwrap();
        let error = Bare::Token("http_request_denied".to_owned());
        assert_eq!(status[0].param("error"), Some(&error));
        assert_eq!(answer.record["decision"], "deny");
        let detail = answer.record["detail"].as_str().unwrap();
        assert!(answer.response.text().contains(detail), "{}", answer.response.text());
    }
    // To HEAD it is a head alone.
    let mut client = place.from(HERE);
    let head = String::from_utf8(place.request(By::Get, "ci", "")).unwrap();
    client.send(head.replacen("GET", "HEAD", 1));
    let response = client.response_to_head();
    refusal_id(&response, "credentials_missing").unwrap();
    assert_eq!(response.field("proxy-authenticate"), Some(CHALLENGE));
    client.ends();
    // No other status asks for credentials.
    for (host, status) in [("all", 200), ("nobody", 403), ("banned", 403)] {
        let answer = place.ask(By::Connect, HERE, host, "");
        assert_eq!((answer.status, answer.response.field("proxy-authenticate")), (status, None));
    }
    // The connection ends: what follows is no request.
    let mut client = place.from(HERE);
    client.send([place.request(By::Connect, "ci", ""), place.request(By::Get, "all", "")].concat());
    assert_eq!(client.response().status, 407);
    client.ends();
    assert_eq!(place.origin.seen().len(), 1);
}

/// What stands in the field, and what is said of it. None of it is ever sent on.
#[test]
fn what_is_no_good_is_refused() {
    let place = Place::new();
    let right = users::shown(ADA).into_bytes();
    let token = base64(format!("{}:{}", ADA.0, ADA.1).as_bytes());
    let (malformed, wrong) = (Some("credentials_malformed"), Some("credentials_wrong"));
    let cut = base64(b"carol@build-1.test:x!").trim_end_matches('=').to_owned();
    let unpadded = base64(b"ada:open sesame!!");
    assert!(unpadded.ends_with('='));
    let mut rows: Vec<(Vec<u8>, u16, Option<&str>)> = vec![
        // Good: the scheme's case does not matter, and spaces may be several.
        (right.clone(), 200, None),
        (field(format!("basic {token}")), 200, None),
        (field(format!("BASIC   {token}  ")), 200, None),
        (field(format!("\t Basic {token}\t")), 200, None),
        // No Basic credentials.
        (field(""), 407, malformed),
        (field("Basic"), 407, malformed),
        (field("Basic "), 407, malformed),
        (field("Basic !!!!"), 407, malformed),
        (field(format!("Basic\t{token}")), 407, malformed),
        (field(format!("Basic{token}")), 407, malformed),
        (field(&token), 407, malformed),
        (field(format!("Basic {token}=")), 407, malformed),
        (field(format!("Basic {token},")), 407, malformed),
        (field(format!("Basic {token}, Basic {token}")), 407, malformed),
        (field(format!("Basic {token} x=y")), 407, malformed),
        (field(format!("Basic \"{token}\"")), 407, malformed),
        (field(format!("Basic {} {}", &token[..4], &token[4..])), 407, malformed),
        (field(format!("Basic {cut}-_")), 407, malformed),
        (field(format!("Basic {}", unpadded.trim_end_matches('='))), 407, malformed),
        // Bits behind the end: two texts for the same bytes.
        (field("Basic YWRhOng="), 407, wrong),
        (field("Basic YWRhOnh="), 407, malformed),
        (field(format!("Basic {}", base64(b"ada"))), 407, malformed),
        (field(format!("Basic {}", base64(b""))), 407, malformed),
        (field("Bearer abc"), 407, malformed),
        (field("Negotiate YWRhOng="), 407, malformed),
        (field("NTLM TlRMTVNTUAAB"), 407, malformed),
        (
            field("Digest username=\"ada\", realm=\"pinhole\", nonce=\"\", uri=\"/\""),
            407,
            malformed,
        ),
        (of("ada", [0xff; 257]), 407, malformed),
        (of("ada", "open sesame\0"), 407, malformed),
        (of("ada", "open\0sesame"), 407, malformed),
        (of([0xff, 0xfe], "x"), 407, malformed),
        (of("ad\u{e1}".as_bytes().split_last().unwrap().1, "x"), 407, malformed),
        // Two fields: another proxy may take the other one.
        ([right.clone(), right.clone()].concat(), 407, malformed),
        ([right.clone(), field("")].concat(), 407, malformed),
        ([of("ada", "x"), right.clone()].concat(), 407, malformed),
        ([right.clone(), b"PROXY-AUTHORIZATION: x\r\n".to_vec()].concat(), 407, malformed),
        // Credentials of nobody.
        (of("ada", [0xff; 256]), 407, wrong),
        (of("ada", [0xff, 0xfe]), 407, wrong),
        (of("ada\0", "open sesame"), 407, wrong),
        (of("ada\r\nX-Evil: 1", "open sesame"), 407, wrong),
        (of("", ""), 407, wrong),
        (of("", ADA.1), 407, wrong),
        (of("ada", ""), 407, wrong),
        (of("ADA", ADA.1), 407, wrong),
        (of(" ada", ADA.1), 407, wrong),
        (of("ada ", ADA.1), 407, wrong),
        (of("ada", BOB.1), 407, wrong),
        (of("ada", ADA.2), 407, wrong),
        (of("ada", format!(" {}", ADA.1)), 407, wrong),
        (of("ada", format!("{}:", ADA.1)), 407, wrong),
        (of("bob", "pa"), 407, wrong),
        (of("bob", "pa:ss w\u{f6}r"), 407, wrong),
        (of("b\u{200b}ob", BOB.1), 407, wrong),
        (of("u".repeat(20_000), "x"), 407, wrong),
        (of("#", "x"), 407, wrong),
        // A user of another client.
        (users::shown(CAROL).into_bytes(), 403, Some("not_allowed")),
        // No request at all.
        (field("Basic \0"), 400, Some("malformed")),
        (field(format!("Basic {}", "A".repeat(40_000))), 431, Some("head_too_large")),
        (field(format!("Basic {token}\r\n {token}")), 400, Some("malformed")),
        (field(format!("Basic {token}\n")), 400, Some("malformed")),
        (format!("Proxy-Authorization : Basic {token}\r\n").into_bytes(), 400, Some("malformed")),
    ];
    rows.push((field([&b"Basic "[..], &[b'A'; 30_000]].concat()), 407, malformed));
    // Where it stands among the fields, and what is beside it, is nothing.
    rows.push(([b"X: y\r\nAuthorization: Basic x\r\n", &right[..]].concat(), 200, None));
    let mut dialled = 0;
    each(
        rows,
        |row| shown(&row.0),
        |(fields, status, label)| {
            for by in BOTH {
                let answer = place.send(by, HERE, &asking(&place, by, fields));
                let what = format!("{by:?}: {} {}", answer.status, answer.record);
                let found = Some(answer.label()).filter(|label| !label.is_empty());
                ensure!((answer.status, found) == (*status, *label), "{what}");
                let user =
                    if answer.status == 200 { json!("ada") } else { answer.record["user"].clone() };
                ensure!(answer.record["user"] == user, "{what}");
                ensure!(answer.status == 403 || answer.status == 200 || user.is_null(), "{what}");
                let challenged = answer.response.field("proxy-authenticate") == Some(CHALLENGE);
                ensure!(challenged == (answer.status == 407), "{what}");
                dialled += usize::from(answer.status == 200);
                ensure!(place.origin.accepts() == dialled, "it was sent on: {what}");
            }
            Ok(())
        },
    );
    // Every byte that may stand in a field, and those that may not.
    for byte in 0..=255_u8 {
        let mut client = place.from(HERE);
        client.send(asking(
            &place,
            By::Connect,
            &field([b'B', b'a', b's', b'i', b'c', b' ', byte]),
        ));
        let status = client.response().status;
        assert!([400, 407].contains(&status), "{status} to {byte:#x}");
    }
    assert_eq!(place.origin.accepts(), dialled);
    place.keeps_secrets();
}

/// Credentials matter only where who somebody is depends on them.
#[test]
fn credentials_are_ignored_where_nothing_depends_on_them() {
    let fields = [
        String::new(),
        users::shown(ADA),
        basic("ada", "wrong"),
        "Proxy-Authorization: Negotiate x\r\n".to_owned(),
        [users::shown(ADA), users::shown(BOB)].concat(),
    ];
    // Nobody logs in; nobody does at this address; whoever does there is somebody already.
    let without = Place::with(|config| {
        config["clients"] = json!([{"name": "pods", "from": "127.0.0.2", "allow": [allow("ci")]}]);
        config.as_object_mut().unwrap().remove("credentials_file");
    });
    let elsewhere = Place::with(|config| {
        config["clients"] = json!([
            {"name": "pods", "from": "127.0.0.2", "allow": [allow("ci")]},
            {"name": "both", "from": "127.0.0.4", "users": ["ada", "bob", CAROL.0], "allow": [allow("both")]},
        ]);
    });
    let earlier = Place::with(|config| {
        config["clients"] = json!([
            {"name": "pods", "from": "127.0.0.0/30", "allow": [allow("ci")]},
            {"name": "ci", "users": ["ada", "bob", CAROL.0], "allow": [allow("both")]},
        ]);
    });
    for place in [without, elsewhere, earlier] {
        for (fields, by) in fields.iter().flat_map(|fields| BOTH.map(|by| (fields, by))) {
            for (host, status) in [("all", 200), ("ci", 200), ("both", 403), ("nobody", 403)] {
                let answer = place.ask(by, "127.0.0.2", host, fields);
                let record = &answer.record;
                assert_eq!((answer.status, &record["client_name"]), (status, &json!("pods")));
                assert_eq!((&record["user"], &record["would_deny"]), (&json!(null), &json!(null)));
                assert_eq!(answer.response.field("proxy-authenticate"), None);
            }
        }
        place.keeps_secrets();
    }
}

/// Credentials for the target are the target's, and those for the proxy are the proxy's.
#[test]
fn a_target_gets_its_own_credentials_alone() {
    let place = Place::new();
    let own = "Authorization: Basic dGFyZ2V0OnM=\r\n";
    // Named by Connection or not, and however it is spelled.
    for more in ["", "Connection: Proxy-Authorization\r\n", "Connection: close\r\n"] {
        for name in ["Proxy-Authorization", "proxy-authorization", "pRoXy-AuThOrIzAtIoN"] {
            let login = users::shown(ADA).replace("Proxy-Authorization", name);
            let fields = [own, &login, more].concat();
            assert_eq!(place.ask(By::Get, HERE, "ci", &fields).status, 200);
            // The same where nobody looks at them.
            assert_eq!(place.ask(By::Get, "127.0.0.2", "pods", &fields).status, 200);
            assert_eq!(place.ask(By::Connect, HERE, "ci", &fields).status, 200);
        }
    }
    let seen = place.origin.seen();
    assert_eq!(seen.len(), 27);
    for one in &seen {
        let forwarded = one.line() == "GET /path HTTP/1.1";
        let expected: &[&str] = if forwarded { &["Basic dGFyZ2V0OnM="] } else { &[] };
        assert_eq!(one.all("authorization"), expected);
        assert_eq!(one.all("proxy-authorization"), [""; 0]);
    }
    // It does not log in at the proxy either.
    let as_own = users::shown(ADA).replace("Proxy-", "");
    assert_eq!(place.ask(By::Get, HERE, "ci", &as_own).label(), "credentials_missing");
    place.keeps_secrets();
}

/// Credentials that are wrong matter where somebody may pass, and where the right ones would let
/// them; elsewhere the rules say why.
#[test]
fn wrong_credentials_are_told_where_they_matter() {
    let place = Place::new();
    let bearer = "Proxy-Authorization: Bearer x\r\n".to_owned();
    for (fields, label) in
        [(basic("ada", "wrong"), "credentials_wrong"), (bearer, "credentials_malformed")]
    {
        for (ip, host, status, expected, name) in [
            (HERE, "all", 407, label, None),
            (HERE, "ci", 407, label, None),
            (HERE, "nobody", 403, "not_allowed", None),
            (HERE, "banned", 403, "denied", None),
            (HERE, "both", 403, "not_allowed", None),
            ("127.0.0.4", "both", 407, label, Some("late")),
            ("127.0.0.4", "late", 407, label, Some("late")),
            ("127.0.0.4", "pods", 403, "not_allowed", Some("late")),
            ("127.0.0.2", "all", 200, "", Some("pods")),
            ("127.0.0.2", "ci", 403, "not_allowed", Some("pods")),
        ] {
            for by in BOTH {
                let answer = place.ask(by, ip, host, &fields);
                let found = (answer.status, answer.label(), &answer.record["client_name"]);
                assert_eq!(found, (status, expected, &json!(name)), "{ip} {host} {fields}");
                assert!(answer.record["user"].is_null());
            }
        }
    }
}

/// What became of guesses: how many were wrong, and how many were too many.
fn guessed(place: &Place, guessing: &mut [Client]) -> (usize, usize) {
    let (mut wrong, mut busy) = (0, 0);
    for client in guessing {
        // Each hash takes its time, in a build that is not optimized most of all.
        client.stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let response = client.response();
        match response.status {
            407 => {
                wrong += 1;
                refusal_id(&response, "credentials_wrong").unwrap();
            }
            503 => {
                busy += 1;
                let id = refusal_id(&response, "credentials_busy").unwrap();
                assert_eq!(response.field("retry-after"), Some("5"));
                assert_eq!(response.field("proxy-authenticate"), None);
                let line = place.proxy.record_of(&id);
                assert!(line["decision"].is_null() && line["user"].is_null(), "{line}");
            }
            status => panic!("{status}"),
        }
    }
    (wrong, busy)
}

fn guess(place: &Place, ips: impl Iterator<Item = String>) -> Vec<Client> {
    let guess = place.request(By::Connect, "ci", &basic("bob", "guess"));
    let mut clients: Vec<Client> = ips.map(|ip| place.from(&ip)).collect();
    for client in &mut clients {
        client.send(&guess);
    }
    clients
}

/// One address may guess one or two at a time; nobody else waits for it, not even to log in.
#[test]
fn one_address_alone_keeps_nobody_from_logging_in() {
    const GUESSES: usize = 60;
    let place = Place::new();
    let mut guessing = guess(&place, (0..GUESSES).map(|_| HERE.to_owned()));
    for user in [BOB, ADA] {
        assert_eq!(place.ask(By::Connect, "127.0.0.10", "ci", &users::shown(user)).status, 200);
    }
    let (wrong, busy) = guessed(&place, &mut guessing);
    assert_eq!(wrong + busy, GUESSES);
    assert!(wrong > 0 && busy > 0, "{wrong} {busy}");
    // Its places are given back.
    for _ in 0..3 {
        let answer = place.ask(By::Connect, HERE, "ci", &basic("bob", "guess"));
        assert_eq!(answer.label(), "credentials_wrong");
    }
    place.keeps_secrets();
}

/// However many guess, whoever is known already, or need not log in, does not wait.
#[test]
fn guesses_are_bounded_and_hold_up_nobody_else() {
    const GUESSES: usize = 120;
    let place = Place::new();
    // Right once, and remembered.
    assert_eq!(place.ask(By::Connect, HERE, "ci", &users::shown(ADA)).status, 200);
    let mut guessing = guess(&place, (1..=GUESSES).map(|i| format!("127.0.3.{i}")));
    for (host, fields) in [("ci", users::shown(ADA)), ("all", String::new())] {
        assert_eq!(place.ask(By::Get, HERE, host, &fields).status, 200);
    }
    let answer = place.ask(By::Connect, "127.0.0.2", "pods", &basic("bob", "guess"));
    assert_eq!(answer.status, 200);
    let (wrong, busy) = guessed(&place, &mut guessing);
    assert_eq!(wrong + busy, GUESSES);
    assert!(wrong >= 64 && busy > 0, "{wrong} {busy}");
    assert_eq!(place.ask(By::Connect, HERE, "ci", &users::shown(BOB)).status, 200);
    place.keeps_secrets();
}
