use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::*;
use crate::suggest::given::authority;

fn at(seconds: u64) -> Option<SystemTime> {
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

fn ip(last: usize) -> IpAddr {
    format!("10.0.{}.{}", last / 256, last % 256).parse().unwrap()
}

#[test]
fn sightings_of_one_target_become_one() {
    let mut seen = Seen::new(None);
    let target = || authority("a.test:443");
    let one =
        |second| Sighting { count: 1, first: at(second), last: at(second), ..Default::default() };
    for second in [20, 10, 30] {
        let mut sighting = one(second);
        sighting.denied_for(Reason::Stray, None);
        sighting.asked_by(Some(ip(1)), Some("build"));
        seen.add(target(), &sighting);
    }
    let mut last = one(15);
    last.denied_for(Reason::Stray, Some("deny[0]"));
    last.asked_by(Some(ip(2)), None);
    seen.add(target(), &last);
    let sighting = &seen.targets[&target()];
    assert_eq!((sighting.count, sighting.first, sighting.last), (4, at(10), at(30)));
    assert_eq!(sighting.reasons, [(Reason::Stray, Some("deny[0]".into()))]);
    assert_eq!(sighting.clients, [ip(1), ip(2)]);
    assert_eq!(sighting.names, ["build".into()]);
    assert!(!sighting.more_clients);
}

#[test]
fn nothing_of_a_target_grows_without_bound() {
    let mut sighting = Sighting { count: u64::MAX, ..Default::default() };
    for i in 0..1_000 {
        let mut other = Sighting { count: 1, ..Default::default() };
        other.asked_by(Some(ip(i)), Some(&format!("name-{i}")));
        other.denied_for(Reason::Other(format!("reason_{i}").into()), None);
        other.led_to(ip(i), Reason::Stray);
        sighting.merge(&other);
    }
    assert_eq!(sighting.count, u64::MAX);
    assert_eq!((sighting.clients.len(), sighting.names.len()), (MAX_CLIENTS, MAX_CLIENTS));
    assert_eq!(sighting.reasons.len(), MAX_REASONS);
    assert_eq!(sighting.addresses.len(), MAX_ADDRESSES);
    assert!(sighting.more_clients && sighting.more_addresses);
}

#[test]
fn a_name_for_a_comment_is_visible_ascii_and_short() {
    let hostile =
        format!("a\nallow: [{{host: x}}]\r\u{85}\u{2028}\0é\u{1b}[2J{}", "x".repeat(1_000));
    let shown = escaped(&hostile);
    assert!(shown.bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{shown}");
    assert!(shown.len() <= MAX_NAME * 10);
    assert_eq!(escaped("build-7"), "build-7");
}
