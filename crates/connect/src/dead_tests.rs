use tokio::time::advance;

use super::*;

fn addr(last: u16) -> SocketAddr {
    let [high, low] = last.to_be_bytes();
    SocketAddr::from(([203, 0, high, low], 443))
}

#[tokio::test(start_paused = true)]
async fn an_address_is_remembered_for_a_while_and_forgotten_by_a_success() {
    let dead = Dead::default();
    for n in 0..3 {
        dead.remember(addr(n));
    }
    dead.forget(&addr(1));
    assert_eq!([0, 1, 2, 3].map(|n| dead.has(&addr(n))), [true, false, true, false]);
    // Another port is another service.
    assert!(!dead.has(&SocketAddr::new(addr(0).ip(), 80)));
    advance(REMEMBERED / 2).await;
    dead.remember(addr(2));
    advance(REMEMBERED / 2).await;
    assert_eq!([0, 1, 2].map(|n| dead.has(&addr(n))), [false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn the_table_is_bounded_and_keeps_what_failed_last() {
    let dead = Dead::default();
    let most = u16::try_from(MAX_REMEMBERED).unwrap();
    for n in 0..most + 10 {
        dead.remember(addr(n));
        advance(Duration::from_millis(1)).await;
    }
    assert_eq!(dead.table().len(), MAX_REMEMBERED);
    for n in 0..10 {
        assert!(!dead.has(&addr(n)), "{n}");
        assert!(dead.has(&addr(most + n)), "{n}");
    }
    // One that is known takes no other's place, and those whose time has passed leave theirs.
    dead.remember(addr(most));
    assert!(dead.has(&addr(10)));
    advance(REMEMBERED).await;
    dead.remember(addr(0));
    assert_eq!(dead.table().len(), 1);
}
