use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{End, Limits, Report, Side, relay};

const LONG: Limits =
    Limits { idle: Duration::from_secs(600), half_close: Duration::from_secs(600) };

/// A connected pair: what a peer holds, and what the relay holds.
async fn pair() -> (TcpStream, TcpStream) {
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

async fn tunnel(limits: Limits, early_up: &'static [u8], early_down: &'static [u8]) -> Tunnel {
    let (client, near) = pair().await;
    let (target, far) = pair().await;
    let report = tokio::spawn(relay(
        Side { stream: near, early: Bytes::from_static(early_up) },
        Side { stream: far, early: Bytes::from_static(early_down) },
        limits,
        std::future::pending(),
    ));
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
    let report = t.report.await.unwrap();
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
        assert_eq!(t.report.await.unwrap().end, end);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_tunnel_by_the_limit_that_holds() {
    let limits = Limits { idle: Duration::from_secs(100), half_close: Duration::from_secs(10) };
    let start = tokio::time::Instant::now();
    let t = tunnel(limits, b"", b"").await;
    assert_eq!(t.report.await.unwrap().end, End::Idle);
    assert_eq!(start.elapsed().as_secs(), 100);

    let start = tokio::time::Instant::now();
    let mut t = tunnel(limits, b"", b"").await;
    t.client.shutdown().await.unwrap();
    assert_eq!(t.report.await.unwrap().end, End::HalfClose);
    assert!(start.elapsed().as_secs() >= 10 && start.elapsed().as_secs() < 100);
}

#[tokio::test]
async fn a_stop_resets_both_sides() {
    let (mut client, near) = pair().await;
    let (mut target, far) = pair().await;
    let side = |stream| Side { stream, early: Bytes::new() };
    let report = relay(side(near), side(far), LONG, std::future::ready(())).await;
    assert_eq!(report.end, End::Stopped);
    for stream in [&mut client, &mut target] {
        let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}
