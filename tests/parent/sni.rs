//! The SNI check of tunnels that go through a parent: it is the target that is held to its name.

use std::io::Read;
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::craft::{Craft, REAL};
use crate::fake::{CONNECT, OK, Parent, behind_with};
use crate::support::client::Ending;
use crate::support::site::Site;
use crate::tls::{Ca, GOOD, parent, say};

/// What a parent saw behind the head of a CONNECT, by whatever ended it.
type Saw = Receiver<Vec<u8>>;

/// The usual site behind a parent that answers with these bytes and then listens, by plain HTTP or
/// within TLS. The check holds on every port.
fn listening(
    answer: &'static [u8],
    within: bool,
    mode: &str,
) -> (Site, Saw, Box<dyn std::any::Any>) {
    let (saw, seen) = channel();
    let checked = |config: &mut Value| config["tls"] = json!({"ports": "1-65535", "sni": mode});
    if within {
        let ca = Ca::new();
        let at = parent(ca.server(GOOD), move |inner, _, _| {
            say(inner, answer)?;
            let (mut bytes, mut room) = (Vec::new(), [0; 4096]);
            while let Ok(read @ 1..) = inner.read(&mut room) {
                bytes.extend_from_slice(&room[..read]);
            }
            let _nobody_waits = saw.send(bytes);
            Ok(())
        });
        let url = format!("https://127.0.0.1:{}", at.port());
        let site = behind_with(&[url], |config| {
            config["parent"]["ca_file"] = json!(ca.file());
            checked(config);
        });
        return (site, seen, Box::new((ca, at)));
    }
    let at = Parent::with(move |peer, _| {
        peer.send(answer)?;
        let (mut bytes, mut room) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = peer.stream.read(&mut room) {
            bytes.extend_from_slice(&room[..read]);
        }
        let _nobody_waits = saw.send(bytes);
        Ok(())
    });
    let site = behind_with(&[at.url()], checked);
    (site, seen, Box::new(at))
}

fn ended(site: &Site) -> Value {
    site.proxy.record("the tunnel's end", |line| !line["end"].is_null())
}

#[test]
fn a_name_that_fits() {
    for within in [false, true] {
        for (client_name, hello) in REAL {
            let (site, saw, _parent) = listening(OK.as_bytes(), within, "enforce");
            let mut client = site.proxy.client();
            client.send(site.fill(CONNECT));
            assert_eq!(client.head().unwrap().status, 200);
            client.send(hello).fin();
            assert_eq!(saw.recv().unwrap(), *hello, "{client_name}");
            drop(client);
            assert_eq!(ended(&site)["tls"]["check"], "match");
        }
    }
}

#[test]
fn another_name() {
    for within in [false, true] {
        let (site, saw, _parent) = listening(OK.as_bytes(), within, "enforce");
        let mut client = site.proxy.client();
        client.send([&site.fill(CONNECT)[..], &Craft::naming("other.test").bytes()].concat());
        assert_eq!(client.head().unwrap().status, 200);
        assert_eq!(client.rest(), (vec![21, 3, 3, 0, 2, 2, 112], Ending::Fin));
        assert_eq!(saw.recv().unwrap(), b"");
        assert_eq!(ended(&site)["end"], "sni_mismatch");
    }
}

/// What comes along with the parent's 2xx is the target's word, and comes first.
#[test]
fn a_target_that_speaks_first() {
    const BANNER: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n";
    for within in [false, true] {
        let (site, saw, _parent) = listening(BANNER, within, "enforce");
        let mut client = site.proxy.client();
        client.send(site.fill(CONNECT));
        assert_eq!(client.head().unwrap().status, 200);
        assert_eq!(client.rest(), (Vec::new(), Ending::Reset));
        assert_eq!(saw.recv().unwrap(), b"");
        assert_eq!(ended(&site)["end"], "sni_target_first");
        let (site, saw, _parent) = listening(BANNER, within, "log");
        let mut client = site.proxy.client();
        client.send(site.fill(CONNECT));
        assert_eq!(client.head().unwrap().status, 200);
        assert_eq!(client.bytes(11), b"SSH-2.0-x\r\n");
        client.send("SSH-2.0-y\r\n").fin();
        assert_eq!(saw.recv().unwrap(), b"SSH-2.0-y\r\n");
        drop(client);
        assert_eq!(ended(&site)["tls"]["check"], "sni_target_first");
    }
}
