//! A reload with other clients, users and passwords.

use serde_json::json;

use crate::place::{By, Place, allow};
use crate::support::client::Client;
use crate::users::{self, ADA, BOB, CAROL, NEW_ADA, User, shown};

const HERE: &str = "127.0.0.9";
const RELOADED: &str = "configuration reloaded";

fn write(place: &Place, users: &[User]) {
    users::write(&place.files.path("users"), users::file(users), 0o600);
}

/// A tunnel that is open.
fn tunnel(place: &Place, ip: &str, host: &str, fields: &str) -> Client {
    let mut client = place.from(ip);
    client.send(place.request(By::Connect, host, fields));
    assert_eq!(client.head().unwrap().status, 200);
    assert!(carries(&mut client));
    client
}

fn carries(client: &mut Client) -> bool {
    client.send("GET /within HTTP/1.1\r\nHost: within\r\n\r\n");
    client.response().text() == "GET /within HTTP/1.1"
}

#[test]
fn a_changed_password_holds_at_once() {
    let place = Place::new();
    let mut open = tunnel(&place, HERE, "ci", &shown(ADA));
    let mut kept = place.from(HERE);
    kept.send(place.request(By::Get, "ci", &shown(ADA)));
    assert_eq!(kept.response().status, 200);
    write(&place, &[NEW_ADA, BOB, CAROL]);
    // The file that was read counts, until another is.
    assert_eq!(place.ask(By::Get, HERE, "ci", &shown(ADA)).status, 200);
    assert_eq!(place.reload(|_| {}), RELOADED);
    for by in crate::place::BOTH {
        assert_eq!(place.ask(by, HERE, "ci", &shown(ADA)).label(), "credentials_wrong");
        assert_eq!(place.ask(by, HERE, "ci", &shown(NEW_ADA)).status, 200);
        assert_eq!(place.ask(by, HERE, "ci", &shown(BOB)).status, 200);
    }
    // On a connection that is older, too.
    kept.send(place.request(By::Get, "ci", &shown(ADA)));
    assert_eq!(kept.response().status, 407);
    kept.ends();
    // What is open stays so, under the name that it has.
    assert!(carries(&mut open));
    place.wait_open("ci", 1);
    open.fin().ends();
    let address = json!(open.stream.local_addr().unwrap().to_string());
    let line = place.proxy.record("the tunnel's end", |line| line["client"] == address);
    assert_eq!((&line["client_name"], &line["user"]), (&json!("ci"), &json!("ada")), "{line}");
    place.wait_open("ci", 0);
    place.keeps_secrets();
}

#[test]
fn a_removed_user_is_refused_from_then_on() {
    let place = Place::new();
    let mut open = tunnel(&place, HERE, "ci", &shown(ADA));
    write(&place, &[BOB, CAROL]);
    // The clients still name her: that configuration is wrong, and the old one stays.
    let said = place.reload(|_| {});
    assert!(said.contains("stays in force") && said.contains("unknown user `ada`"), "{said}");
    assert_eq!(place.ask(By::Get, HERE, "ci", &shown(ADA)).status, 200);
    let without = |config: &mut serde_json::Value| {
        config["clients"][1]["users"] = json!(["bob"]);
        config["clients"][2]["users"] = json!([CAROL.0]);
    };
    assert_eq!(place.reload(without), RELOADED);
    for by in crate::place::BOTH {
        assert_eq!(place.ask(by, HERE, "ci", &shown(ADA)).label(), "credentials_wrong");
        assert_eq!(place.ask(by, HERE, "ci", &shown(BOB)).status, 200);
    }
    assert!(carries(&mut open));
    // One that is in the file, but that no client names, is nobody in particular.
    write(&place, &[ADA, BOB, CAROL]);
    assert_eq!(place.reload(without), RELOADED);
    let answer = place.ask(By::Get, HERE, "ci", &shown(ADA));
    assert_eq!((answer.status, answer.label()), (403, "not_allowed"));
    assert_eq!(
        (&answer.record["user"], &answer.record["client_name"]),
        (&json!("ada"), &json!(null))
    );
    assert!(carries(&mut open));
    // No clients at all.
    let said = place.reload(|config| {
        config["clients"] = json!([]);
        config.as_object_mut().unwrap().remove("credentials_file");
    });
    assert_eq!(said, RELOADED);
    assert_eq!(place.ask(By::Get, HERE, "ci", &shown(BOB)).label(), "not_allowed");
    assert!(carries(&mut open));
    open.fin().ends();
    place.wait_open("ci", 0);
    place.keeps_secrets();
}

/// A file that is wrong changes nothing, whatever is wrong with it.
#[test]
fn a_file_that_is_wrong_changes_nothing() {
    let place = Place::new();
    let path = place.files.path("users");
    let good = users::file(&[NEW_ADA, BOB, CAROL]);
    let twice = format!("{good}{}", users::file(&[ADA]));
    let rows: [(&str, &str, u32); 5] = [
        ("0644", &good, 0o644),
        ("line 8: `ada` stands on line 3 already", &twice, 0o600),
        ("line 1: no user stands here", "", 0o600),
        ("line 1: this is no hash", "ada:open sesame\n", 0o600),
        ("No such file", "", 0),
    ];
    for (why, text, mode) in rows {
        match mode {
            0 => std::fs::remove_file(&path).unwrap(),
            mode => users::write(&path, text, mode),
        }
        let said = place.reload(|_| {});
        assert!(said.contains("stays in force") && said.contains(why), "{said}");
        assert_eq!(place.ask(By::Connect, HERE, "ci", &shown(ADA)).status, 200);
        assert_eq!(place.ask(By::Connect, HERE, "ci", &shown(NEW_ADA)).status, 407);
    }
    place.keeps_secrets();
}

/// Each request is carried out under the clients of its own time; what is open keeps its name.
#[test]
fn clients_may_be_others_after_a_reload() {
    let place = Place::new();
    let mut open = tunnel(&place, "127.0.0.2", "pods", "");
    let mut kept = place.from("127.0.0.2");
    kept.send(place.request(By::Get, "pods", ""));
    assert_eq!(kept.response().status, 200);
    place.wait_open("pods", 2);
    let said = place.reload(|config| {
        config["clients"] = json!([
            {"name": "others", "from": "127.0.0.2", "allow": [allow("ci")], "limits": {"connections": 1}},
        ]);
        config.as_object_mut().unwrap().remove("credentials_file");
    });
    assert_eq!(said, RELOADED);
    kept.send(place.request(By::Get, "ci", ""));
    assert_eq!(kept.response().status, 200);
    place.wait_open("others", 1);
    place.wait_open("pods", 1);
    assert!(carries(&mut open));
    let answer = place.ask(By::Get, "127.0.0.2", "ci", "");
    assert_eq!((answer.status, answer.label()), (503, "client_connections"));
    kept.fin().ends();
    open.fin().ends();
    place.wait_open("others", 0);
    place.wait_open("pods", 0);
    assert_eq!(place.ask(By::Get, "127.0.0.2", "pods", "").label(), "not_allowed");
}
