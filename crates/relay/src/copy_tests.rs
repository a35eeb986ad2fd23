use std::io::ErrorKind;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::tunnel::tests::pair;

/// The next copy that moves something, or ends.
async fn copied(source: &TcpStream, sink: &TcpStream) -> Copied {
    loop {
        source.readable().await.unwrap();
        match copy(source, sink) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            copied => return copied.unwrap(),
        }
    }
}

#[tokio::test]
async fn what_is_read_is_written() {
    let (mut near, source) = pair().await;
    let (mut far, sink) = pair().await;
    assert_eq!(copy(&source, &sink).unwrap_err().kind(), ErrorKind::WouldBlock);
    near.write_all(b"hello").await.unwrap();
    let done = copied(&source, &sink).await;
    assert_eq!((done.read, done.written.unwrap(), done.rest.len()), (5, 5, 0));
    let mut got = [0; 5];
    far.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"hello");
    near.shutdown().await.unwrap();
    assert_eq!(copied(&source, &sink).await.read, 0);
}

/// A read that did not fill the buffer counts as the socket's last; the end that has come with it
/// must be seen all the same, and so must what comes later.
#[tokio::test]
async fn a_short_read_hides_nothing() {
    for size in [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
        let (mut near, source) = pair().await;
        let (mut far, sink) = pair().await;
        let sent: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        near.write_all(&sent).await.unwrap();
        near.shutdown().await.unwrap();
        let mut moved = 0;
        loop {
            let done = copied(&source, &sink).await;
            if done.read == 0 {
                break;
            }
            assert!(done.rest.is_empty(), "the sink has room");
            moved += done.written.unwrap();
        }
        assert_eq!(moved, size);
        drop(sink);
        let mut got = Vec::new();
        far.read_to_end(&mut got).await.unwrap();
        assert!(got == sent, "the bytes differ");
    }
}

/// A read stops before an urgent byte, and no event tells of what lies from there on.
#[tokio::test]
async fn an_urgent_byte_hides_nothing() {
    for urgent in [1, 2, 100, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
        for behind in [0, 1, 100, CHUNK, 2 * CHUNK] {
            let (near, source) = pair().await;
            let (mut far, sink) = pair().await;
            let near = SockRef::from(&near);
            SockRef::from(&source).set_out_of_band_inline(true).unwrap();
            let sent: Vec<u8> = (0..urgent + behind).map(|i| (i % 251) as u8).collect();
            assert_eq!(near.send_out_of_band(&sent[..urgent]).unwrap(), urgent);
            if behind > 0 {
                assert_eq!(near.send(&sent[urgent..]).unwrap(), behind);
            }
            let mut moved = 0;
            while moved < sent.len() {
                let done = copied(&source, &sink).await;
                assert!(done.read > 0 && done.rest.is_empty());
                moved += done.written.unwrap();
            }
            let mut got = vec![0; moved];
            far.read_exact(&mut got).await.unwrap();
            assert!(got == sent, "the bytes differ");
        }
    }
}

/// What a full sink does not take is handed back, and nothing else.
#[tokio::test]
async fn what_the_sink_does_not_take_is_the_rest() {
    let (near, source) = pair().await;
    let (far, sink) = pair().await;
    SockRef::from(&sink).set_send_buffer_size(1).unwrap();
    let sent: Vec<u8> = (0..8_000_000_u32).map(|i| (i % 251) as u8).collect();
    let (mut accepted, mut rest) = (0, Vec::new());
    let mut fed = 0;
    while rest.is_empty() {
        while let Ok(more) = near.try_write(&sent[fed..(fed + CHUNK).min(sent.len())]) {
            fed += more;
        }
        let done = copied(&source, &sink).await;
        let written = done.written.unwrap();
        assert_eq!(written + done.rest.len(), done.read);
        assert_eq!(done.rest, sent[accepted + written..accepted + done.read]);
        accepted += written;
        rest = done.rest;
    }
    drop(sink);
    let mut got = vec![0; accepted];
    let mut far = far;
    far.read_exact(&mut got).await.unwrap();
    assert!(got == sent[..accepted], "the bytes differ");
}

/// A failed sink is told from a failed source.
#[tokio::test]
async fn failures_are_told_apart() {
    let (mut near, source) = pair().await;
    let (far, sink) = pair().await;
    crate::tunnel::reset(&far);
    drop(far);
    sink.ready(Interest::ERROR).await.unwrap();
    near.write_all(b"late").await.unwrap();
    let done = copied(&source, &sink).await;
    assert_eq!(done.read, 4);
    assert!(done.written.is_err());

    crate::tunnel::reset(&near);
    drop(near);
    source.ready(Interest::ERROR).await.unwrap();
    let (_far, sink) = pair().await;
    let error = copy(&source, &sink).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}
