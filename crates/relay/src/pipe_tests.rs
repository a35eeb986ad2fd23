use std::io::ErrorKind;
use std::os::fd::AsRawFd;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::tunnel::tests::pair;

#[path = "no_pipe.rs"]
#[allow(unreachable_pub, reason = "it is public where it is used")]
mod no_pipe;

impl Pipes {
    /// How many pipes there are, and how many of them lie in the pool.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let pool = self.pool();
        (pool.open, pool.empty.len())
    }
}

/// Waits until the socket has something to read, and fills the pipe with it.
async fn filled(lease: &mut Lease<'_>, source: &TcpStream) -> usize {
    loop {
        source.readable().await.unwrap();
        match lease.fill(source) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            moved => return moved.unwrap(),
        }
    }
}

#[test]
fn the_pool_has_a_bound() {
    let pipes = Pipes::new(3);
    assert_eq!(pipes.counts(), (0, 0));
    let mut leases: Vec<_> = std::iter::from_fn(|| pipes.take()).collect();
    assert_eq!((leases.len(), pipes.counts()), (3, (3, 0)));
    leases.pop();
    assert_eq!(pipes.counts(), (3, 1));
    // What lies there is used again before another is made.
    leases.push(pipes.take().unwrap());
    assert!(pipes.take().is_none());
    drop(leases);
    assert_eq!(pipes.counts(), (3, 3));
    assert!(Pipes::new(0).take().is_none());
}

#[test]
fn every_pipe_is_large_and_does_not_block() {
    let pipes = Pipes::new(1);
    let lease = pipes.take().unwrap();
    let pipe = lease.pipe.as_ref().unwrap();
    assert!(fcntl_getpipe_size(&pipe.writer).unwrap() >= ENOUGH);
    let empty = rustix::io::read(&pipe.reader, &mut [0; 8]).unwrap_err();
    assert_eq!(empty, rustix::io::Errno::WOULDBLOCK);
    for end in [&pipe.reader, &pipe.writer] {
        assert_eq!(rustix::io::fcntl_getfd(end).unwrap(), rustix::io::FdFlags::CLOEXEC);
    }
}

#[test]
fn what_nobody_needed_since_the_last_trim_is_closed() {
    let pipes = Pipes::new(8);
    let leases: Vec<_> = (0..4).map(|_| pipes.take().unwrap()).collect();
    // Those that are out stay.
    pipes.trim();
    assert_eq!(pipes.counts(), (4, 0));
    drop(leases);
    // Needed within this second, all of them.
    pipes.trim();
    assert_eq!(pipes.counts(), (4, 4));
    // Now two are needed at once at most, so two are not.
    for _ in 0..3 {
        let _both = (pipes.take().unwrap(), pipes.take().unwrap());
    }
    pipes.trim();
    assert_eq!(pipes.counts(), (2, 2));
    let lease = pipes.take().unwrap();
    pipes.trim();
    assert_eq!(pipes.counts(), (1, 0));
    drop(lease);
    pipes.trim();
    assert_eq!(pipes.counts(), (1, 1));
    pipes.trim();
    assert_eq!(pipes.counts(), (0, 0));
    // Room that a trim made can be used.
    let leases: Vec<_> = std::iter::from_fn(|| pipes.take()).collect();
    assert_eq!(leases.len(), 8);
}

/// The kernel has the most recently used one's pages at hand.
#[test]
fn a_trim_closes_the_coldest() {
    let pipes = Pipes::new(3);
    let mut leases: Vec<_> = (0..3).map(|_| pipes.take().unwrap()).collect();
    let number = |lease: &Lease<'_>| lease.pipe.as_ref().unwrap().reader.as_raw_fd();
    let hot = number(&leases[1]);
    let last = leases.remove(1);
    drop(leases);
    drop(last);
    pipes.trim();
    assert_eq!(number(&pipes.take().unwrap()), hot);
    pipes.trim();
    assert_eq!(pipes.counts(), (1, 1));
    assert_eq!(number(&pipes.take().unwrap()), hot);
}

#[test]
fn after_a_failure_no_pipe_is_asked_for_until_later() {
    let pipes = Pipes::new(4);
    let (one, other) = (pipes.take().unwrap(), pipes.take().unwrap());
    drop(one);
    pipes.pool().retry = Some(Instant::now() + Duration::from_secs(3600));
    // What lies in the pool is to be had nevertheless.
    let one = pipes.take().unwrap();
    assert!(pipes.take().is_none());
    assert_eq!(pipes.counts(), (2, 0));
    pipes.pool().retry = Some(Instant::now());
    let third = pipes.take().unwrap();
    assert_eq!(pipes.counts(), (3, 0));
    drop((one, other, third));
}

#[tokio::test]
async fn a_pipe_carries_bytes_and_goes_back() {
    let pipes = Pipes::new(1);
    let (mut near, source) = pair().await;
    let (mut far, sink) = pair().await;
    let mut lease = pipes.take().unwrap();
    assert_eq!(lease.fill(&source).unwrap_err().kind(), ErrorKind::WouldBlock);
    for round in 0..3_u8 {
        near.write_all(&[round; 1000]).await.unwrap();
        assert_eq!((filled(&mut lease, &source).await, lease.held()), (1000, 1000));
        sink.writable().await.unwrap();
        assert_eq!((lease.drain(&sink).unwrap(), lease.held()), (1000, 0));
        let mut got = [0; 1000];
        far.read_exact(&mut got).await.unwrap();
        assert_eq!(got, [round; 1000]);
    }
    near.shutdown().await.unwrap();
    assert_eq!(filled(&mut lease, &source).await, 0);
    drop(lease);
    assert_eq!(pipes.counts(), (1, 1));
}

/// The kernel does not splice an urgent byte: where it says that there is nothing, or that the end
/// has come, there is more.
#[tokio::test]
async fn an_urgent_byte_is_not_spliced() {
    let pipes = Pipes::new(1);
    for ends in [false, true] {
        let (mut near, source) = pair().await;
        SockRef::from(&source).set_out_of_band_inline(true).unwrap();
        near.write_all(b"abc").await.unwrap();
        SockRef::from(&near).send_out_of_band(b"defg").unwrap();
        near.write_all(b"hi").await.unwrap();
        if ends {
            near.shutdown().await.unwrap();
        }
        let mut lease = pipes.take().unwrap();
        let mut room = [0; 20];
        let mut spliced = 0;
        while spliced < 6 {
            let moved = filled(&mut lease, &source).await;
            let pipe = lease.pipe.as_ref().unwrap();
            assert_eq!(rustix::io::read(&pipe.reader, &mut room[spliced..]).unwrap(), moved);
            (spliced, lease.held) = (spliced + moved, 0);
        }
        assert_eq!(&room[..spliced], b"abcdef");
        // Until it has been read in another way; it stays readable.
        for _ in 0..2 {
            assert_eq!(lease.fill(&source).unwrap_err().kind(), ErrorKind::Unsupported);
        }
        assert_eq!(source.try_read(&mut room).unwrap(), 3);
        assert_eq!(&room[..3], b"ghi");
        let next = lease.fill(&source).map_err(|error| error.kind());
        assert_eq!(next, if ends { Ok(0) } else { Err(ErrorKind::WouldBlock) });
    }
}

/// Bytes of one tunnel never come out of another's pipe.
#[tokio::test]
async fn a_pipe_that_holds_bytes_is_closed() {
    let pipes = Pipes::new(1);
    let (mut near, source) = pair().await;
    let mut lease = pipes.take().unwrap();
    near.write_all(b"secret").await.unwrap();
    assert_eq!(filled(&mut lease, &source).await, 6);
    drop(lease);
    assert_eq!(pipes.counts(), (0, 0));
    // Its place is free, and the next pipe is empty.
    let lease = pipes.take().unwrap();
    let pipe = lease.pipe.as_ref().unwrap();
    let empty = rustix::io::read(&pipe.reader, &mut [0; 8]).unwrap_err();
    assert_eq!(empty, rustix::io::Errno::WOULDBLOCK);
}

#[tokio::test]
async fn a_failed_sink_costs_the_pipe() {
    let pipes = Pipes::new(2);
    let (mut near, source) = pair().await;
    let (far, sink) = pair().await;
    near.write_all(b"late").await.unwrap();
    let mut lease = pipes.take().unwrap();
    filled(&mut lease, &source).await;
    crate::tunnel::reset(&far);
    drop(far);
    let failed = loop {
        // The reset makes it ready, if it is not there yet.
        sink.ready(Interest::ERROR | Interest::WRITABLE).await.unwrap();
        match lease.drain(&sink) {
            Ok(_) => {
                near.write_all(b"more").await.unwrap();
                filled(&mut lease, &source).await;
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(failed.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
    drop(lease);
    assert_eq!(pipes.counts(), (0, 0));
}

macro_rules! offers {
    ($name:ident, $pipes:ty, $lease:ty) => {
        #[allow(dead_code, reason = "its types are the test")]
        fn $name(pipes: &$pipes, lease: &mut $lease, socket: &TcpStream) {
            let _: fn(usize) -> $pipes = <$pipes>::new;
            let _: Option<$lease> = pipes.take();
            let () = pipes.trim();
            let _: usize = lease.held();
            let _: io::Result<usize> = lease.fill(socket);
            let _: io::Result<usize> = lease.drain(socket);
            let _: &dyn std::fmt::Debug = pipes;
            let _: &(dyn Send + Sync) = pipes;
            let _: &dyn Send = lease;
        }
    };
}
// What stands in for this module where there is no splice(2) is compiled here as well, and must
// offer what the rest of the crate asks of it.
offers!(with_pipes, Pipes, Lease<'_>);
offers!(without_pipes, no_pipe::Pipes, no_pipe::Lease);

#[test]
fn without_splice_there_is_never_a_pipe() {
    let pipes = no_pipe::Pipes::new(100);
    assert!(pipes.take().is_none());
    pipes.trim();
    assert!(pipes.take().is_none());
}
