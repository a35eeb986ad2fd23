use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::{Within, relay_within};
use crate::tunnel::tests::pair;
use crate::{End, Limits, Report, Side};

const LONG_TIME: Duration = Duration::from_secs(600);
const LONG: Limits = Limits { idle: LONG_TIME, half_close: LONG_TIME, stall: LONG_TIME };

struct Tunnel {
    client: TcpStream,
    target: TcpStream,
    report: JoinHandle<Report>,
}

/// A tunnel whose target's stream happens to be its socket.
async fn tunnel(limits: Limits, early_up: &'static [u8], early_down: &'static [u8]) -> Tunnel {
    let (client, near) = pair().await;
    let (target, far) = pair().await;
    let report = tokio::spawn(async move {
        let mut client = Side { stream: near, early: Bytes::from_static(early_up) };
        let early = Bytes::from_static(early_down);
        let mut target = Within { stream: far, socket: |stream| stream, early };
        let stop = pin!(std::future::pending());
        relay_within(&mut client, &mut target, &limits, stop).await
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
    let report = t.report.await.unwrap();
    assert_eq!((report.up, report.down, report.end), (5, 7, End::Closed));
}

#[tokio::test]
async fn after_one_end_the_other_side_may_still_send_much() {
    for client_ends in [true, false] {
        let t = tunnel(LONG, b"", b"").await;
        let (mut quiet, mut loud) =
            if client_ends { (t.client, t.target) } else { (t.target, t.client) };
        quiet.shutdown().await.unwrap();
        assert_eq!(read_all(&mut loud).await, b"");
        let body: Vec<u8> = (0..8_000_000_u32).map(|i| (i % 251) as u8).collect();
        let sent = body.clone();
        let writer = tokio::spawn(async move {
            loud.write_all(&sent).await.unwrap();
            loud.shutdown().await.unwrap();
            loud
        });
        assert!(read_all(&mut quiet).await == body, "the bytes differ");
        let report = t.report.await.unwrap();
        let (one, other) =
            if client_ends { (report.down, report.up) } else { (report.up, report.down) };
        assert_eq!((one, other, report.end), (body.len() as u64, 0, End::Closed));
        drop(writer.await.unwrap());
    }
}

#[tokio::test]
async fn a_reset_is_passed_on_as_a_reset() {
    for (client_resets, half_closed) in [(true, false), (true, true), (false, false), (false, true)]
    {
        let mut t = tunnel(LONG, b"", b"").await;
        if half_closed {
            let (one, other) = match client_resets {
                true => (&mut t.client, &mut t.target),
                false => (&mut t.target, &mut t.client),
            };
            one.shutdown().await.unwrap();
            assert_eq!(read_all(other).await, b"");
        }
        let (from, mut to, end) = match client_resets {
            true => (t.client, t.target, End::ClientReset),
            false => (t.target, t.client, End::TargetReset),
        };
        socket2::SockRef::from(&from).set_linger(Some(Duration::ZERO)).unwrap();
        drop(from);
        assert_eq!(t.report.await.unwrap().end, end);
        let error = to.write_all(b"x").await.and(to.read(&mut [0]).await.map(drop)).unwrap_err();
        let kinds = [std::io::ErrorKind::ConnectionReset, std::io::ErrorKind::BrokenPipe];
        assert!(kinds.contains(&error.kind()), "{error}");
    }
}

/// Whoever sends into a side that takes nothing, and then resets, is not waited for.
#[tokio::test]
async fn a_reset_behind_a_sink_that_stalls_is_noticed() {
    for client_sends in [true, false] {
        let t = tunnel(LONG, b"", b"").await;
        let (mut from, _to, end) = match client_sends {
            true => (t.client, t.target, End::ClientReset),
            false => (t.target, t.client, End::TargetReset),
        };
        // Until every buffer on the way is full.
        let moment = Duration::from_millis(300);
        while tokio::time::timeout(moment, from.write_all(&[0; 65536])).await.is_ok() {}
        socket2::SockRef::from(&from).set_linger(Some(Duration::ZERO)).unwrap();
        drop(from);
        assert_eq!(t.report.await.unwrap().end, end);
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
    assert_eq!(t.report.await.unwrap().end, End::Idle);
    assert_eq!(start.elapsed().as_secs(), 100);
    let mut t = tunnel(limits, b"", b"").await;
    t.target.shutdown().await.unwrap();
    assert_eq!(t.report.await.unwrap().end, End::HalfClose);
}

#[tokio::test]
async fn a_side_that_takes_nothing_ends_a_tunnel() {
    let limits = Limits { stall: Duration::from_millis(200), ..LONG };
    for client_sends in [true, false] {
        let t = tunnel(limits, b"", b"").await;
        let (mut from, _to) =
            if client_sends { (t.client, t.target) } else { (t.target, t.client) };
        while from.write_all(&[0; 65536]).await.is_ok() {}
        assert_eq!(t.report.await.unwrap().end, End::Stalled);
    }
}
