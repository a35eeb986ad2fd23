//! Many who ask for one name at once: one question per family, whoever comes, goes or fails.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;

use futures_util::future::join_all;
use pinhole_connect::{Connector, Failure};

use crate::dns::{FakeDns, Gate, Kind, Reply};
use crate::given::{connector, ips, resolve};

type Waiting<'c> =
    Pin<Box<dyn Future<Output = Result<Vec<std::net::IpAddr>, Failure>> + Send + 'c>>;

/// Lookups of `host.test`, each of which has begun.
async fn begun(connector: &Connector, count: usize) -> Vec<Waiting<'_>> {
    let mut waiting: Vec<Waiting<'_>> = Vec::new();
    for _ in 0..count {
        let mut lookup: Waiting<'_> = Box::pin(resolve(connector, "host.test"));
        assert!(futures_util::poll!(&mut lookup).is_pending());
        waiting.push(lookup);
    }
    waiting
}

/// Drives a lookup, which cannot end yet, until the server has been asked for both families.
async fn until_asked(server: &FakeDns, lookup: &mut Waiting<'_>) {
    poll_fn(|context| {
        assert!(lookup.as_mut().poll(context).is_pending(), "nothing was answered yet");
        context.waker().wake_by_ref();
        if server.asked().len() >= 2 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// As on a worker, which has a runtime of its own.
fn run(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future);
}

const BOTH: [&str; 2] = ["host.test A", "host.test AAAA"];

/// A server that answers when it is let.
fn held() -> (FakeDns, Gate) {
    let (server, gate) = (FakeDns::start(), Gate::default());
    server.on("host.test", Kind::A, [Reply::addrs(60, ["127.0.0.1"]).held(&gate)]);
    server.on("host.test", Kind::Aaaa, [Reply::addrs(60, ["::1"]).held(&gate)]);
    (server, gate)
}

#[tokio::test]
async fn a_hundred_requests_make_one_question_per_family() {
    let (server, gate) = held();
    let connector = connector(&server);
    let mut waiting = begun(&connector, 100).await;
    until_asked(&server, &mut waiting[0]).await;
    gate.open();
    for found in join_all(waiting).await {
        assert!(found.is_ok(), "{found:?}");
    }
    assert_eq!(server.asked_names(), BOTH);
}

#[tokio::test]
async fn who_gives_up_takes_nobody_along() {
    let (server, gate) = held();
    let connector = connector(&server);
    let mut waiting = begun(&connector, 10).await;
    until_asked(&server, &mut waiting[0]).await;
    // The first, which asked; and some that only wait.
    drop(waiting.drain(..5));
    let more = begun(&connector, 1).await;
    gate.open();
    for found in join_all(waiting.into_iter().chain(more)).await {
        assert!(found.is_ok(), "{found:?}");
    }
    assert_eq!(server.asked_names(), BOTH);
}

#[tokio::test]
async fn a_failure_is_everybodys_and_the_next_ask_anew() {
    let (server, gate) = (FakeDns::start(), Gate::default());
    let later = Reply::addrs(60, ["127.0.0.1"]);
    server.on("host.test", Kind::A, [Reply::rcode(2).held(&gate), later]);
    server.on("host.test", Kind::Aaaa, [Reply::rcode(2).held(&gate), Reply::nodata(60)]);
    let connector = connector(&server);
    let mut waiting = begun(&connector, 20).await;
    until_asked(&server, &mut waiting[0]).await;
    gate.open();
    for found in join_all(waiting).await {
        assert_eq!(found, Err(Failure::DnsFailed));
    }
    assert_eq!(server.asked_names(), BOTH);
    assert_eq!(resolve(&connector, "host.test").await, Ok(ips(["127.0.0.1"])));
}

/// On the proxy's workers each thread has a runtime of its own. What one of them has begun, and
/// given up, goes on in the other.
#[test]
fn threads_share_a_question_and_outlive_who_asked_it() {
    let (server, gate) = held();
    let connector = connector(&server);
    let (asked, was_asked) = mpsc::channel();
    let (given_up, gave_up) = mpsc::channel();
    let (finish, finished) = tokio::sync::oneshot::channel::<()>();
    let (server, connector) = (&server, &connector);
    thread::scope(|scope| {
        scope.spawn(move || {
            run(async move {
                let mut waiting = begun(connector, 1).await;
                until_asked(server, &mut waiting[0]).await;
                asked.send(()).expect("the other thread");
                tokio::task::spawn_blocking(move || gave_up.recv().expect("the other thread"))
                    .await
                    .expect("no panic");
                drop(waiting);
                gate.open();
                // A worker's runtime lives for as long as any request does.
                finished.await.expect("the other thread");
            });
        });
        scope.spawn(move || {
            run(async move {
                was_asked.recv().expect("the first thread");
                let waiting = begun(connector, 10).await;
                given_up.send(()).expect("the first thread");
                for found in join_all(waiting).await {
                    assert!(found.is_ok(), "{found:?}");
                }
                finish.send(()).expect("the first thread");
            });
        });
    });
    assert_eq!(server.asked_names(), BOTH);
}
