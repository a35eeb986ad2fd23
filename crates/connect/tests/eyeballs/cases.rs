//! The cases. Each has its namespace for itself.

use std::time::Duration;

use pinhole_connect::Failure;
use tokio::join;
use tokio::time::timeout;

use crate::dns::{Gate, Reply};
use crate::room::{FOUR, LOST_FOUR, LOST_SIX, PRIVATE, ROUTELESS, SIX, attempts, half_open, ip};
use crate::site::{Site, leads_to, listen, nobody_came, port, until};

/// Every case, by its name.
pub(crate) const ALL: [(&str, fn()); 10] = [
    ("ipv6_is_first", || run(ipv6_is_first())),
    ("a_black_hole_is_passed_by_and_remembered", || run(a_black_hole_is_passed_by())),
    ("an_address_without_a_route_is_passed_by", || run(an_address_without_a_route())),
    ("ipv6_waits_for_no_slow_a", || run(ipv6_waits_for_no_slow_a())),
    ("a_slow_a_saves_a_name_whose_ipv6_is_dead", || run(a_slow_a_behind_dead_ipv6())),
    ("ipv4_waits_for_no_slow_aaaa", || run(ipv4_waits_for_no_slow_aaaa())),
    ("all_lost_is_a_timeout_until_one_is_found", || run(all_lost())),
    ("all_refused_is_refused_until_one_listens", || run(all_refused())),
    ("a_forbidden_address_is_never_tried", || run(a_forbidden_address())),
    ("what_is_remembered_is_still_tried", || run(what_is_remembered())),
];

fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        timeout(Duration::from_secs(120), case).await.expect("it ends");
    });
}

fn reached(ip: &str) -> Result<String, Failure> {
    Ok(ip.to_owned())
}

async fn ipv6_is_first() {
    let six = listen(SIX, 0);
    let four = listen(FOUR, port(&six));
    let site = Site::new(port(&six), leads_to(SIX), leads_to(FOUR));
    for _ in 0..3 {
        assert_eq!(site.reach().await, reached(SIX));
    }
    assert!(nobody_came(&four));
    assert_eq!((attempts(), half_open()), (3, 0));
}

async fn a_black_hole_is_passed_by() {
    let four = listen(FOUR, 0);
    let site = Site::new(port(&four), leads_to(LOST_SIX), leads_to(FOUR));
    assert_eq!(site.reach().await, reached(FOUR));
    // Both were tried, and the loser is gone.
    assert_eq!((attempts(), half_open()), (2, 0));
    // From now on the black hole is last, and nothing is lost on it.
    for tried in 3..6 {
        assert_eq!(site.reach().await, reached(FOUR));
        assert_eq!((attempts(), half_open()), (tried, 0));
    }
}

async fn an_address_without_a_route() {
    let four = listen(FOUR, 0);
    for lost in ROUTELESS {
        let before = attempts();
        let site = Site::new(port(&four), leads_to(lost), leads_to(FOUR));
        assert_eq!(site.reach().await, reached(FOUR), "{lost}");
        // The kernel sent nothing there.
        assert_eq!(attempts(), before + 1, "{lost}");
        let alone = Site::new(port(&four), leads_to(lost), Reply::nodata(60));
        let failed = alone.reach().await.expect_err(lost);
        assert!(matches!(failed, Failure::Unreachable | Failure::ConnectFailed(_)), "{failed:?}");
    }
}

async fn ipv6_waits_for_no_slow_a() {
    let (six, gate) = (listen(SIX, 0), Gate::default());
    let four = listen(FOUR, port(&six));
    let site = Site::new(port(&six), leads_to(SIX), leads_to(FOUR).held(&gate));
    // The gate is closed all the while.
    assert_eq!(site.reach().await, reached(SIX));
    assert!(nobody_came(&four));
    assert_eq!(attempts(), 1);
}

async fn a_slow_a_behind_dead_ipv6() {
    for lost in [LOST_SIX, ROUTELESS[0]] {
        let (four, gate) = (listen(FOUR, 0), Gate::default());
        let site = Site::new(port(&four), leads_to(lost), leads_to(FOUR).held(&gate));
        let before = attempts();
        let answer = async {
            until(|| site.dns.asked().len() == 2).await;
            if lost == LOST_SIX {
                until(|| attempts() > before).await;
            }
            gate.open();
        };
        assert_eq!(join!(site.reach(), answer).0, reached(FOUR), "{lost}");
        assert_eq!(half_open(), 0);
    }
}

async fn ipv4_waits_for_no_slow_aaaa() {
    let (four, gate) = (listen(FOUR, 0), Gate::default());
    let six = listen(SIX, port(&four));
    let site = Site::new(port(&four), leads_to(SIX).held(&gate), leads_to(FOUR));
    // The gate is closed all the while.
    assert_eq!(site.reach().await, reached(FOUR));
    assert!(nobody_came(&six));
    assert_eq!(attempts(), 1);
}

async fn all_lost() {
    let free = port(&listen(FOUR, 0));
    let limit = Duration::from_secs(2);
    let site = Site::within(limit, free, leads_to(LOST_SIX), leads_to(LOST_FOUR));
    for tried in [2, 4] {
        // Remembered as dead or not, both are tried, and none is left connecting.
        assert_eq!(site.reach().await, Err(Failure::ConnectTimeout));
        assert_eq!((attempts(), half_open()), (tried, 0));
    }
    ip(&format!("address add {LOST_FOUR}/32 dev lo")).expect("an address");
    let _found = listen(LOST_FOUR, free);
    assert_eq!(site.reach().await, reached(LOST_FOUR));
    // It is dead no more; the other still is, and comes last.
    assert_eq!(site.reach().await, reached(LOST_FOUR));
    assert_eq!((attempts(), half_open()), (7, 0));
}

async fn all_refused() {
    let free = port(&listen(FOUR, 0));
    let site = Site::new(free, leads_to(SIX), leads_to(FOUR));
    for tried in [2, 4] {
        assert_eq!(site.reach().await, Err(Failure::Refused));
        assert_eq!(attempts(), tried);
    }
    let _listening = [listen(SIX, free), listen(FOUR, free)];
    assert_eq!(site.reach().await, reached(SIX));
    assert_eq!(attempts(), 5);
}

async fn a_forbidden_address() {
    let forbidden = listen(PRIVATE, 0);
    let four = listen(FOUR, port(&forbidden));
    let site = Site::new(port(&forbidden), leads_to(PRIVATE), leads_to(FOUR));
    assert_eq!(site.reach().await, reached(FOUR));
    drop(four);
    // Where the permitted one is dead, the other is none the better.
    for _ in 0..2 {
        assert_eq!(site.reach().await, Err(Failure::Refused));
    }
    let alone = Site::new(port(&forbidden), leads_to(PRIVATE), Reply::nodata(60));
    let denied = alone.reach().await;
    assert!(matches!(denied, Err(Failure::Denied { .. })), "{denied:?}");
    assert!(nobody_came(&forbidden));
    assert_eq!(attempts(), 3);
}

async fn what_is_remembered() {
    let four = listen(FOUR, 0);
    let free = port(&four);
    let site = Site::new(free, leads_to(SIX), leads_to(FOUR));
    assert_eq!(site.reach().await, reached(FOUR));
    assert_eq!(attempts(), 2);
    // The one that lived dies, and the dead one lives.
    drop(four);
    let _six = listen(SIX, free);
    assert_eq!(site.reach().await, reached(SIX));
    assert_eq!(attempts(), 4);
    assert_eq!(site.reach().await, reached(SIX));
    assert_eq!(attempts(), 5);
}
