use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_util::future::join_all;
use tokio::sync::{oneshot, watch};

use super::*;

type Key = &'static str;

/// Work that is begun at its first poll, and ends when it is told a number.
struct Told {
    begun: Arc<AtomicUsize>,
    number: watch::Receiver<Option<u32>>,
}

impl Told {
    fn new() -> (Self, watch::Sender<Option<u32>>) {
        let (tell, number) = watch::channel(None);
        (Self { begun: Arc::default(), number }, tell)
    }

    fn work(&self) -> impl Future<Output = u32> + Send + 'static {
        let (begun, mut number) = (Arc::clone(&self.begun), self.number.clone());
        async move {
            begun.fetch_add(1, Ordering::SeqCst);
            number.wait_for(Option::is_some).await.expect("told").expect("a number")
        }
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

fn flights() -> Arc<Flights<Key, u32>> {
    Flights::new()
}

#[tokio::test]
async fn all_who_wait_share_one_work() {
    let (flights, (told, tell)) = (flights(), Told::new());
    let waiting: Vec<_> = (0..100).map(|_| flights.join("a", told.work())).collect();
    let other = flights.join("b", async { 1 });
    assert_eq!(flights.len(), 2);
    tell.send_replace(Some(7));
    assert_eq!(join_all(waiting).await, [7; 100]);
    assert_eq!((told.begun(), other.await), (1, 1));
    assert_eq!(flights.len(), 0);
    // It is over: the next is another's.
    assert_eq!(flights.join("a", async { 8 }).await, 8);
}

#[tokio::test]
async fn who_goes_takes_nobody_along_not_even_the_one_who_began() {
    let (flights, (told, tell)) = (flights(), Told::new());
    let mut waiting: Vec<_> = (0..3).map(|_| flights.join("a", told.work())).collect();
    for flight in &mut waiting {
        assert_eq!(flight.now_or_never(), None);
    }
    drop(waiting.remove(0));
    let mut last = waiting.pop().expect("a flight");
    drop(waiting);
    assert_eq!((&mut last).now_or_never(), None);
    // Who comes now still joins.
    let next = flights.join("a", told.work());
    tell.send_replace(Some(7));
    assert_eq!((last.await, next.await, told.begun()), (7, 7, 1));
}

#[tokio::test]
async fn the_work_ends_with_the_last_who_waits() {
    let flights = flights();
    let (held, mut dropped) = oneshot::channel::<()>();
    let mut flight = flights.join("a", async move {
        let _held = held;
        std::future::pending().await
    });
    assert_eq!((&mut flight).now_or_never(), None);
    let unpolled = flights.join("b", async { 1 });
    assert_eq!(flights.len(), 2);
    assert!(dropped.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty));
    drop((flight, unpolled));
    assert!(dropped.await.is_err());
    assert_eq!(flights.len(), 0);
}

/// The end of one may come when another is under way about the same.
#[tokio::test]
async fn a_late_end_takes_no_other_entry_away() {
    let flights = flights();
    let flight = flights.join("a", async { 1 });
    drop(Landing { flights: Arc::clone(&flights), key: "a", number: 0 });
    assert_eq!(flights.len(), 1);
    assert_eq!((flight.await, flights.len()), (1, 0));
}

#[tokio::test]
async fn a_panic_strands_nobody() {
    let (flights, (go, gone)) = (flights(), oneshot::channel::<()>());
    let work = async move {
        gone.await.expect("told");
        panic!("as told")
    };
    let first = tokio::spawn(flights.join("a", work));
    let second = tokio::spawn(flights.join("a", async { 1 }));
    tokio::task::yield_now().await;
    go.send(()).expect("somebody waits");
    assert!(first.await.is_err_and(|error| error.is_panic()));
    assert!(second.await.is_err_and(|error| error.is_panic()));
    assert_eq!(flights.join("a", async { 2 }).await, 2);
    assert_eq!(flights.len(), 0);
}

/// As on the proxy's workers: each thread has a runtime of its own.
#[test]
fn threads_share_as_well() {
    let (flights, (told, tell)) = (flights(), Told::new());
    let (joined, waiting) = (AtomicUsize::new(0), 8);
    let run = || {
        let flight = flights.join("a", told.work());
        joined.fetch_add(1, Ordering::SeqCst);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(flight)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..waiting).map(|_| scope.spawn(run)).collect();
        while joined.load(Ordering::SeqCst) < waiting {
            thread::yield_now();
        }
        tell.send_replace(Some(7));
        for thread in threads {
            assert_eq!(thread.join().expect("no panic"), 7);
        }
    });
    assert_eq!((told.begun(), flights.len()), (1, 0));
}
