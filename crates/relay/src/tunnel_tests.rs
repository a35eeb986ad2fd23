use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{End, Limits, Report, Side, relay};
use crate::Pipes;

pub(super) const LONG: Limits = Limits { idle: LONG_TIME, half_close: LONG_TIME, stall: LONG_TIME };
const LONG_TIME: Duration = Duration::from_secs(600);

/// A connected pair: what a peer holds, and what the relay holds.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (near, far) =
        tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    (near.unwrap(), far.unwrap().0)
}

struct Tunnel {
    client: TcpStream,
    target: TcpStream,
    report: JoinHandle<Report>,
}

/// The report of a tunnel that is to end by itself, before any limit here.
async fn report(running: JoinHandle<Report>) -> Report {
    // By the machine's clock: the tests' own may stand still, or leap.
    let (done, mut guard) = tokio::sync::oneshot::channel::<()>();
    let (_here, ended) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        let _ended_or_not = ended.recv_timeout(Duration::from_secs(60));
        drop(done);
    });
    tokio::select! {
        report = running => report.unwrap(),
        _ = &mut guard => panic!("the tunnel does not end"),
    }
}

async fn tunnel(limits: Limits, early_up: &'static [u8], early_down: &'static [u8]) -> Tunnel {
    let (client, near) = pair().await;
    let (target, far) = pair().await;
    let report = tokio::spawn(async move {
        let mut client = Side { stream: near, early: Bytes::from_static(early_up) };
        let mut target = Side { stream: far, early: Bytes::from_static(early_down) };
        let stop = pin!(std::future::pending());
        relay(&mut client, &mut target, &limits, &Pipes::new(4), stop).await
    });
    Tunnel { client, target, report }
}

async fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    all
}

#[tokio::test]
async fn early_bytes_come_first_and_counts_are_exact() {
    let mut t = tunnel(LONG, b"hel", b"wel").await;
    t.client.write_all(b"lo").await.unwrap();
    t.client.shutdown().await.unwrap();
    t.target.write_all(b"come").await.unwrap();
    t.target.shutdown().await.unwrap();
    assert_eq!(read_all(&mut t.target).await, b"hello");
    assert_eq!(read_all(&mut t.client).await, b"welcome");
    let report = report(t.report).await;
    assert_eq!((report.up, report.down, report.end), (5, 7, End::Closed));
}

#[tokio::test]
async fn after_one_fin_the_other_side_may_still_send_much() {
    let mut t = tunnel(LONG, b"", b"").await;
    t.client.shutdown().await.unwrap();
    assert_eq!(read_all(&mut t.target).await, b"");
    let body: Vec<u8> = (0..8_000_000_u32).map(|i| (i % 251) as u8).collect();
    let sent = body.clone();
    let writer = tokio::spawn(async move {
        t.target.write_all(&sent).await.unwrap();
        t.target.shutdown().await.unwrap();
        t.target
    });
    assert!(read_all(&mut t.client).await == body, "the bytes differ");
    let report = report(t.report).await;
    assert_eq!((report.up, report.down, report.end), (0, body.len() as u64, End::Closed));
    drop(writer.await.unwrap());
}

#[tokio::test]
async fn a_reset_is_passed_on_as_a_reset() {
    for client_resets in [true, false] {
        let t = tunnel(LONG, b"", b"").await;
        let (from, mut to, end) = match client_resets {
            true => (t.client, t.target, End::ClientReset),
            false => (t.target, t.client, End::TargetReset),
        };
        socket2::SockRef::from(&from).set_linger(Some(Duration::ZERO)).unwrap();
        drop(from);
        let error = to.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(report(t.report).await.end, end);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_tunnel_by_the_limit_that_holds() {
    let limits = Limits {
        idle: Duration::from_secs(100),
        half_close: Duration::from_secs(10),
        stall: Duration::from_secs(50),
    };
    let start = tokio::time::Instant::now();
    let t = tunnel(limits, b"", b"").await;
    assert_eq!(report(t.report).await.end, End::Idle);
    assert_eq!(start.elapsed().as_secs(), 100);

    let start = tokio::time::Instant::now();
    let mut t = tunnel(limits, b"", b"").await;
    t.client.shutdown().await.unwrap();
    assert_eq!(report(t.report).await.end, End::HalfClose);
    assert!(start.elapsed().as_secs() >= 10 && start.elapsed().as_secs() < 100);
}

#[tokio::test]
async fn a_stop_resets_both_sides() {
    let (mut client, near) = pair().await;
    let (mut target, far) = pair().await;
    let side = |stream| Side { stream, early: Bytes::new() };
    let stop = pin!(std::future::ready(()));
    let report = relay(&mut side(near), &mut side(far), &LONG, &Pipes::new(4), stop).await;
    assert_eq!(report.end, End::Stopped);
    for stream in [&mut client, &mut target] {
        let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

/// Time passes at once.
async fn wait(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// A FIN is a sign of life: the half-close limit runs from it, not from the last byte.
#[tokio::test]
async fn a_fin_after_a_long_silence_is_a_clean_end() {
    let limits = Limits { half_close: Duration::from_secs(60), ..LONG };
    for client_first in [true, false] {
        let t = tunnel(limits, b"", b"").await;
        let (mut first, mut second) =
            if client_first { (t.client, t.target) } else { (t.target, t.client) };
        first.write_all(b"x").await.unwrap();
        second.read_exact(&mut [0]).await.unwrap();
        wait(Duration::from_secs(300)).await;
        first.shutdown().await.unwrap();
        assert_eq!(read_all(&mut second).await, b"");
        second.write_all(b"goodbye").await.unwrap();
        second.shutdown().await.unwrap();
        assert_eq!(read_all(&mut first).await, b"goodbye");
        assert_eq!(report(t.report).await.end, End::Closed);
    }
}

/// Writes until the other side has taken nothing for a while.
async fn fill(stream: &TcpStream) -> usize {
    let (mut sent, mut refused) = (0, 0);
    while refused < 50 {
        match stream.try_write(&[7; 16 * 1024]) {
            Ok(written) => (sent, refused) = (sent + written, 0),
            Err(_) => {
                refused += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }
    sent
}

const STALL: Limits = Limits { stall: Duration::from_secs(100), ..LONG };

#[tokio::test]
async fn a_side_that_takes_nothing_ends_the_tunnel() {
    for client_stalls in [true, false] {
        let t = tunnel(STALL, b"", b"").await;
        let (sender, mut stalled) =
            if client_stalls { (&t.target, t.client) } else { (&t.client, t.target) };
        let sent = fill(sender).await;
        // Half of the limit is not enough; it is noticed when the whole of it has passed.
        wait(Duration::from_secs(50)).await;
        assert!(!t.report.is_finished());
        wait(Duration::from_secs(51)).await;
        let report = report(t.report).await;
        assert_eq!(report.end, End::Stalled);
        let (moved, still) =
            if client_stalls { (report.down, report.up) } else { (report.up, report.down) };
        assert!(moved > 0 && moved <= sent as u64 && still == 0, "{report:?}, {sent} sent");
        let error = stalled.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

/// What the stalled side says itself is no reason to wait for it longer.
#[tokio::test]
async fn a_side_that_talks_and_takes_nothing_ends_the_tunnel() {
    for client_stalls in [true, false] {
        let t = tunnel(STALL, b"", b"").await;
        let (mut sender, mut stalled) =
            if client_stalls { (t.target, t.client) } else { (t.client, t.target) };
        fill(&sender).await;
        let mut waited = 0;
        while !t.report.is_finished() {
            assert!(waited <= 200, "it lives as long as its stalled side talks");
            stalled.write_all(b"x").await.unwrap();
            sender.read_exact(&mut [0]).await.unwrap();
            wait(Duration::from_secs(20)).await;
            waited += 20;
            // The relay's turn.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(waited >= 100, "cut after {waited} s");
        assert_eq!(report(t.report).await.end, End::Stalled);
    }
}

/// A side that takes something now and then is slow, and not stalled.
#[tokio::test]
async fn a_slow_side_is_not_stalled() {
    let mut t = tunnel(STALL, b"", b"").await;
    let mut room = vec![0; 512 * 1024];
    fill(&t.client).await;
    for _ in 0..5 {
        wait(Duration::from_secs(60)).await;
        // The client can go on once the target's socket has taken more.
        while t.client.try_write(&room).is_err() {
            assert!(t.target.read(&mut room).await.unwrap() > 0);
            tokio::task::yield_now().await;
        }
        fill(&t.client).await;
        assert!(!t.report.is_finished());
    }
    t.report.abort();
}

/// While a side is stalled, neither the idle limit nor that of half-close cuts it off.
#[tokio::test]
async fn a_stalled_side_has_the_stall_limit() {
    let ten = Duration::from_secs(10);
    let t = tunnel(Limits { idle: ten, half_close: ten, ..STALL }, b"", b"").await;
    let (mut client, mut target) = (t.client, t.target);
    let sent = fill(&client).await;
    wait(Duration::from_secs(60)).await;
    target.shutdown().await.unwrap();
    assert_eq!(read_all(&mut client).await, b"");
    wait(Duration::from_secs(30)).await;
    client.shutdown().await.unwrap();
    assert_eq!(read_all(&mut target).await.len(), sent);
    let report = report(t.report).await;
    assert_eq!((report.up, report.end), (sent as u64, End::Closed));
}

/// Each side's reset is noticed at once whatever the tunnel is waiting for.
#[tokio::test]
async fn a_reset_is_noticed_in_every_state() {
    for state in 0..6 {
        for client_resets in [true, false] {
            let t = tunnel(LONG, b"", b"").await;
            let (mut from, mut to, end) = match client_resets {
                true => (t.client, t.target, End::ClientReset),
                false => (t.target, t.client, End::TargetReset),
            };
            match state {
                // What it sent is stuck; what it was sent is; both are.
                0 => drop(fill(&from).await),
                1 => drop(fill(&to).await),
                2 => drop((fill(&from).await, fill(&to).await)),
                // It has sent its FIN; the other side has; the other side has, and is stalled.
                3 => {
                    from.shutdown().await.unwrap();
                    assert_eq!(read_all(&mut to).await, b"");
                }
                4 => {
                    to.shutdown().await.unwrap();
                    assert_eq!(read_all(&mut from).await, b"");
                }
                _ => {
                    to.shutdown().await.unwrap();
                    assert_eq!(read_all(&mut from).await, b"");
                    fill(&from).await;
                }
            }
            super::reset(&from);
            drop(from);
            assert_eq!(report(t.report).await.end, end, "state {state}");
            // After a FIN that has been read, only a write tells of the reset.
            to.readable().await.unwrap();
            let error = match to.read_to_end(&mut Vec::new()).await {
                Err(error) => error,
                Ok(_) => to.write_all(b"x").await.unwrap_err(),
            };
            let kinds = [std::io::ErrorKind::ConnectionReset, std::io::ErrorKind::BrokenPipe];
            assert!(kinds.contains(&error.kind()), "state {state}: {error}");
        }
    }
}
