use std::pin::pin;
use std::task::Poll;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::tunnel::tests::pair;

/// What is noted of a direction.
#[derive(Default)]
struct Noted {
    activity: Activity,
    progress: Progress,
}

fn flow<'t>(
    source: &'t TcpStream,
    sink: &'t TcpStream,
    pipes: &'t Pipes,
    noted: &'t Noted,
) -> Flow<'t> {
    Flow { source, sink, pipes, activity: &noted.activity, progress: &noted.progress }
}

/// What is sent without being read, in bytes. (The kernel moves it along within the reader's own
/// system calls: a direction that does not stop by itself finds it all, in one go.)
async fn stuffed(near: &TcpStream) -> usize {
    let mut sent = 0;
    while let Ok(written) = near.try_write(&[7; 64 * 1024]) {
        sent += written;
    }
    sent
}

/// Other tunnels get their turn after a bounded number of bytes, whatever lies waiting.
#[tokio::test]
async fn a_turn_has_an_end() {
    for max in [0, 4] {
        let (near, source) = pair().await;
        let (far, sink) = pair().await;
        let (pipes, noted) = (Pipes::new(max), Noted::default());
        let progress = &noted.progress;
        let mut sent = stuffed(&near).await;
        let flow = flow(&source, &sink, &pipes, &noted);
        let mut early = Bytes::new();
        let mut running = pin!(flow.run(&mut early));
        let (mut got, mut largest) = (0, 0);
        while got < 64 * TURN {
            let before = progress.moved.load(Relaxed);
            let polled = poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx))).await;
            assert!(polled.is_pending());
            largest = largest.max(progress.moved.load(Relaxed) - before);
            // Both ends keep up, so that neither of them ends the turn.
            let mut room = vec![0; 8 << 20];
            while let Ok(read) = far.try_read(&mut room) {
                got += read;
            }
            sent += stuffed(&near).await;
            yield_now().await;
        }
        assert!(got <= sent);
        // The last read or pipe of a turn may begin just before its end.
        let most = TURN + if max == 0 { CHUNK } else { 256 * 1024 };
        assert!(largest as usize <= most, "{largest} bytes in one go, with {max} pipes");
        println!("{largest} bytes in one go at most, with {max} pipes");
    }
}

/// A direction that waits for its source holds no pipe, in whichever way it moved bytes last.
#[tokio::test]
async fn a_direction_that_waits_holds_no_pipe() {
    let (near, source) = pair().await;
    let (mut far, sink) = pair().await;
    SockRef::from(&near).set_tcp_nodelay(true).unwrap();
    let (pipes, noted) = (Pipes::new(4), Noted::default());
    let flow = flow(&source, &sink, &pipes, &noted);
    let mut early = Bytes::new();
    let mut running = pin!(flow.run(&mut early));
    // Bulk, a last bit of it, and chatter, until it copies again.
    for size in [4_000_000, 100, 1, 1, 1, 1, 1, 1, 4_000_000] {
        let (mut left, mut room) = (size, vec![7; 1 << 20]);
        let mut unread = size;
        while unread > 0 {
            if left > 0
                && let Ok(sent) = near.try_write(&room[..left.min(64 * 1024)])
            {
                left -= sent;
            }
            tokio::select! {
                biased;
                _ = &mut running => panic!("it has not come to its end"),
                read = far.read(&mut room) => unread -= read.unwrap(),
                () = yield_now(), if left > 0 => {}
            }
        }
        // All of it has arrived, so it waits for more, as soon as it has looked.
        while noted.progress.moved.load(Relaxed) == 0 || pipes.counts().0 != pipes.counts().1 {
            let polled = poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx))).await;
            assert!(polled.is_pending());
            yield_now().await;
        }
        assert_eq!(noted.progress.stalled_since(), None);
    }
    assert_eq!(pipes.counts(), (1, 1), "it was never spliced, or by several pipes");
}

/// How many pipes there are after four pieces of this size, each of which arrives by itself.
async fn pipes_after_pieces_of(size: usize) -> usize {
    let (mut near, source) = pair().await;
    let (mut far, sink) = pair().await;
    let (pipes, noted) = (Pipes::new(4), Noted::default());
    let flow = flow(&source, &sink, &pipes, &noted);
    let mut early = Bytes::new();
    let mut running = pin!(flow.run(&mut early));
    let mut room = vec![0; size];
    for _ in 0..4 {
        near.write_all(&vec![7; size]).await.unwrap();
        let there = || rustix::io::ioctl_fionread(&source).unwrap() == size as u64;
        while !there() {
            yield_now().await;
        }
        tokio::select! {
            biased;
            _ = &mut running => panic!("it has not come to its end"),
            read = far.read_exact(&mut room) => assert_eq!(read.unwrap(), size),
        }
    }
    pipes.counts().1
}

/// What comes a buffer and a half at a time is a stream, what comes half a buffer at a time is none.
#[tokio::test]
async fn pieces_of_more_than_a_buffer_are_a_stream() {
    assert_eq!(pipes_after_pieces_of(CHUNK * 3 / 2).await, 1);
    assert_eq!(pipes_after_pieces_of(CHUNK / 2).await, 0);
}
