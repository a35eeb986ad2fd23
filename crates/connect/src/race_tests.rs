use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;

use policy::{
    Authority, Candidate, Entry, HostPattern, List, Matcher, Overrides, Place, Policy, PortSet, Who,
};
use tokio::time::{advance, sleep};

use super::*;

/// Addresses whose last digit names them.
const SIX: [&str; 3] = ["2600::61", "2600::62", "2600::63"];
const FOUR: [&str; 3] = ["1.0.0.41", "1.0.0.42", "1.0.0.43"];

/// What connecting to an address comes to, and after how many milliseconds.
type Script = (u64, Result<(), Failure>);
const NEVER: Script = (u64::MAX, Ok(()));

/// A network with a script, and what happened in it.
#[derive(Default)]
struct Net {
    script: HashMap<IpAddr, Script>,
    events: RefCell<Vec<String>>,
    dead: Dead,
}

/// An attempt, which tells if it is dropped before its end.
struct Attempt<'n>(&'n Net, &'static str, String);

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.0.events.borrow_mut().push(format!("{} {}", self.1, self.2));
    }
}

fn short(ip: IpAddr) -> String {
    let text = ip.to_string();
    text[text.len() - 2..].to_owned()
}

fn permitted(ips: &[&str]) -> PermittedAddrs {
    let entry = Entry {
        place: Place { client: None, list: List::Allow, index: 0 },
        matcher: Matcher::Host(HostPattern::parse("host.test").expect("a host")),
        ports: Some(PortSet::all()),
        overrides: Overrides::default(),
    };
    let policy = Policy::new(vec![entry], Vec::new());
    let target = Authority::parse(b"host.test:443").expect("an authority");
    let grant = policy.decide(Who::OTHER, &target).expect("allowed");
    let candidate = |ip: &&str| Candidate { ip: ip.parse().expect("an address"), own: false };
    policy.permit(&grant, &ips.iter().map(candidate).collect::<Vec<_>>()).0
}

impl Net {
    fn new<const N: usize>(script: [(&str, Script); N]) -> Self {
        let script = script.map(|(ip, script)| (ip.parse().expect("an address"), script));
        Self { script: script.into(), ..Self::default() }
    }

    async fn connect(&self, addr: SocketAddr) -> Result<(), Failure> {
        self.events.borrow_mut().push(format!("try {}", short(addr.ip())));
        let mut attempt = Attempt(self, "drop", short(addr.ip()));
        let (after, result) = self.script.get(&addr.ip()).unwrap_or(&NEVER).clone();
        sleep(Duration::from_millis(after)).await;
        attempt.1 = "end";
        result
    }

    /// The race's result, and everything that happened on the way. `marks` are milliseconds.
    async fn race_with_late<const N: usize>(
        &self,
        first: &[&str],
        late: Option<(u64, &[&str])>,
        marks: [u64; N],
    ) -> (Result<String, Option<Failure>>, Vec<String>) {
        let late = late.map(|(after, ips)| async move {
            sleep(Duration::from_millis(after)).await;
            self.events.borrow_mut().push("late".to_owned());
            permitted(ips)
        });
        let limit = Duration::from_secs(10);
        let mut race = pin!(race(permitted(first), late, limit, &self.dead, |addr| async move {
            self.connect(addr).await
        }));
        let began = Instant::now();
        let mut marks = marks.into_iter();
        let result = loop {
            let Some(mark) = marks.next() else { break race.await };
            let at = began + Duration::from_millis(mark);
            tokio::select! {
                biased;
                result = &mut race => break result,
                () = sleep_until(at) => self.events.borrow_mut().push(mark.to_string()),
            }
        };
        (result.map(|((), addr)| short(addr.ip())), self.events.take())
    }

    async fn race(&self, ips: &[&str]) -> (Result<String, Option<Failure>>, Vec<String>) {
        self.race_with_late(ips, None, []).await
    }

    /// The order in which addresses are tried.
    async fn tried(&self, ips: &[&str]) -> Vec<String> {
        let (_, events) = self.race(ips).await;
        events.iter().filter_map(|event| event.strip_prefix("try ")).map(str::to_owned).collect()
    }

    fn has(&self, ip: &str) -> bool {
        self.dead.has(&SocketAddr::new(ip.parse().expect("an address"), 443))
    }
}

fn won(by: &str) -> Result<String, Option<Failure>> {
    Ok(by.to_owned())
}

/// Refuses after so many milliseconds.
fn refuses(after: u64) -> Script {
    (after, Err(Failure::Refused))
}

fn refusing(ips: &[&str]) -> Net {
    let script = ips.iter().map(|ip| (ip.parse().expect("an address"), refuses(0)));
    Net { script: script.collect(), ..Net::default() }
}

#[tokio::test(start_paused = true)]
async fn families_alternate_and_ipv6_is_first() {
    let all = [&FOUR[..], &SIX[..2]].concat();
    assert_eq!(refusing(&all).tried(&all).await, ["61", "41", "62", "42", "43"]);
    assert_eq!(refusing(&all).tried(&[FOUR[1], FOUR[0]]).await, ["42", "41"]);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_its_delay_and_losers_are_dropped() {
    let net = Net::new([(SIX[0], NEVER), (FOUR[0], NEVER), (SIX[1], (20, Ok(())))]);
    let (result, events) = net
        .race_with_late(&[SIX[0], SIX[1], FOUR[0], FOUR[1]], None, [249, 251, 499, 501, 521])
        .await;
    assert_eq!(result, won("62"));
    let expected = ["try 61", "249", "try 41", "251", "499", "try 62", "501", "end 62"];
    assert_eq!(events[..8], expected);
    assert_eq!(events[8..].len(), 2);
    assert!(events[8..].iter().all(|event| event.starts_with("drop ")), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_starts_the_next_attempt_at_once() {
    let net = Net::new([(SIX[0], refuses(10)), (FOUR[0], (10, Ok(())))]);
    let (result, events) = net.race_with_late(&[SIX[0], FOUR[0]], None, [9, 11, 21]).await;
    assert_eq!(result, won("41"));
    assert_eq!(events, ["try 61", "9", "end 61", "try 41", "11", "end 41"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_overtaken_may_still_win() {
    let net = Net::new([(SIX[0], (300, Ok(()))), (FOUR[0], (100, Ok(())))]);
    let (result, events) = net.race(&[SIX[0], FOUR[0]]).await;
    assert_eq!(result, won("61"));
    assert_eq!(events, ["try 61", "try 41", "end 61", "drop 41"]);
    // It had less than its time.
    assert!(!net.has(FOUR[0]) && !net.has(SIX[0]));
}

#[tokio::test(start_paused = true)]
async fn a_late_family_is_next() {
    let net = Net::new([(FOUR[0], (10, Ok(())))]);
    let late = Some((100, &FOUR[..1]));
    let (result, events) = net.race_with_late(&SIX, late, [249]).await;
    assert_eq!(result, won("41"));
    assert_eq!(events[..5], ["try 61", "late", "249", "try 41", "end 41"]);
    // Where everything else has failed, it is tried as soon as it comes.
    let net = Net::new([(SIX[0], refuses(0)), (FOUR[0], (10, Ok(())))]);
    let (result, events) = net.race_with_late(&SIX[..1], late, [99, 101]).await;
    assert_eq!(result, won("41"));
    assert_eq!(events, ["try 61", "end 61", "99", "late", "try 41", "101", "end 41"]);
}

#[tokio::test(start_paused = true)]
async fn the_most_telling_failure_is_the_races() {
    let script = [(SIX[0], (0, Err(Failure::Unreachable))), (FOUR[0], refuses(5))];
    let (result, _) = Net::new(script).race(&[SIX[0], FOUR[0]]).await;
    assert_eq!(result, Err(Some(Failure::Refused)));
    let (result, _) = Net::default().race(&FOUR).await;
    assert_eq!(result, Err(Some(Failure::ConnectTimeout)));
    let (result, events) = Net::default().race(&[]).await;
    assert_eq!((result, events), (Err(None), Vec::new()));
    // Only the late family is waited for when the time is up.
    let late = Some((u64::MAX, &FOUR[..0]));
    let (result, _) = refusing(&SIX).race_with_late(&SIX, late, []).await;
    assert_eq!(result, Err(Some(Failure::Refused)));
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_whatever_the_answer_holds() {
    let ips: Vec<String> = (0..100).map(|n| format!("1.0.0.1{n:02}")).collect();
    let ips: Vec<&str> = ips.iter().map(String::as_str).collect();
    assert_eq!(refusing(&ips).tried(&ips).await.len(), MAX_ATTEMPTS);
}

#[tokio::test(start_paused = true)]
async fn what_failed_or_was_overtaken_is_tried_last_for_a_while() {
    // A black hole, a refusal, and one that answers.
    let net = Net::new([(FOUR[0], refuses(5)), (FOUR[1], (5, Ok(())))]);
    let all = [SIX[0], FOUR[0], FOUR[1]];
    assert_eq!(net.tried(&all).await, ["61", "41", "42"]);
    assert!(net.has(SIX[0]) && net.has(FOUR[0]) && !net.has(FOUR[1]));
    assert_eq!(net.tried(&all).await, ["42"]);
    // Another port of the same host is another service.
    assert!(!net.dead.has(&SocketAddr::new(SIX[0].parse().expect("an address"), 80)));
    advance(Duration::from_secs(60)).await;
    assert_eq!(net.tried(&all).await, ["61", "41", "42"]);
}

#[tokio::test(start_paused = true)]
async fn a_success_clears_what_was_held_against_an_address() {
    let mut net = refusing(&[SIX[0], FOUR[0]]);
    assert_eq!(net.tried(&[SIX[0], FOUR[0]]).await, ["61", "41"]);
    net.script.insert(SIX[0].parse().expect("an address"), (5, Ok(())));
    assert_eq!(net.race(&[SIX[0], FOUR[0]]).await.0, won("61"));
    assert!(!net.has(SIX[0]) && net.has(FOUR[0]));
}

#[tokio::test(start_paused = true)]
async fn what_had_no_time_or_failed_for_our_own_want_is_not_held_dead() {
    let net = Net::new([(SIX[0], (0, Err(Failure::NoDescriptors))), (FOUR[1], (5, Ok(())))]);
    // The second attempt begins at once, and the third when the time of the second is up.
    assert_eq!(net.tried(&[SIX[0], FOUR[0], FOUR[1]]).await, ["61", "41", "42"]);
    assert!(!net.has(SIX[0]));
    assert!(net.has(FOUR[0]));
    let (first, limit) = (permitted(&SIX), Duration::from_millis(400));
    let none: Option<std::future::Ready<PermittedAddrs>> = None;
    let net = Net::default();
    let result = race(first, none, limit, &net.dead, |addr| net.connect(addr)).await;
    assert_eq!(result, Err(Some(Failure::ConnectTimeout)));
    // The first had its time when the whole was up; the second did not.
    assert_eq!([SIX[0], SIX[1], SIX[2]].map(|ip| net.has(ip)), [true, false, false]);
}

#[tokio::test(start_paused = true)]
async fn one_that_may_live_waits_for_none_that_is_held_dead() {
    let net = Net::new([(FOUR[0], (5, Ok(())))]);
    net.dead.remember(SocketAddr::new(SIX[0].parse().expect("an address"), 443));
    let late = Some((20, &FOUR[..1]));
    let (result, events) = net.race_with_late(&SIX[..1], late, [19, 21]).await;
    assert_eq!(result, won("41"));
    assert_eq!(events, ["try 61", "19", "late", "try 41", "21", "end 41", "drop 61"]);
}

/// Whatever is held dead, what is tried is each permitted address once, and never another: the
/// memory makes an order, and never a target unreachable.
#[tokio::test(start_paused = true)]
async fn every_permitted_address_is_tried_whatever_is_held_dead() {
    let all = [&SIX[..], &FOUR[..]].concat();
    let mut expected: Vec<String> =
        all.iter().map(|ip| short(ip.parse().expect("an address"))).collect();
    expected.sort();
    for held in 0..1_u32 << all.len() {
        let net = refusing(&all);
        let is_held = |index: usize| held & 1 << index != 0;
        for (_, ip) in all.iter().enumerate().filter(|(index, _)| is_held(*index)) {
            net.dead.remember(SocketAddr::new(ip.parse().expect("an address"), 443));
        }
        // One that no answer has is held dead as well.
        net.dead.remember(([9, 9, 9, 9], 443).into());
        let mut tried = net.tried(&all).await;
        let alive = all.len() - held.count_ones() as usize;
        let (first, last) = tried.split_at(alive);
        for (part, held) in [(first, false), (last, true)] {
            for name in part {
                let index = all.iter().position(|ip| ip.ends_with(name.as_str()));
                assert_eq!(is_held(index.expect("a permitted address")), held, "{tried:?}");
            }
        }
        tried.sort();
        assert_eq!(tried, expected, "{held:b}");
    }
}
