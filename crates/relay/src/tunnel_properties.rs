//! Random schedules of writes, rests, small windows, ends and resets, against what must come of
//! them: each side has got a prefix of what the other sent, the whole of it if nothing was cut,
//! and the report says so exactly.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::tests::{LONG, pair};
use super::{End, Side, relay, reset};
use crate::Pipes;

const PATIENCE: Duration = Duration::from_secs(60);

/// splitmix64.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// As often small as large.
    fn size(&mut self, bits: usize) -> usize {
        let bits = self.below(bits + 1);
        self.below(1 << bits) + 1
    }
}

/// What one peer does.
#[derive(Clone, Debug)]
struct Peer {
    /// What it has sent before the relay starts, and the relay has been handed as read.
    early: usize,
    /// The sizes of its writes, each with a rest before it, in milliseconds.
    writes: Vec<(u64, usize)>,
    /// After its last write it resets instead of sending a FIN.
    resets: bool,
    /// After its FIN it resets when it has read so much.
    resets_after: Option<usize>,
    /// How much it reads at once, and after how many reads it rests for a millisecond, a hundred
    /// times at most.
    reads: (usize, usize),
    /// Its receive and send buffers, and those of the relay's socket, if they are set.
    window: Option<usize>,
}

impl Peer {
    fn random(random: &mut Random, tiny: bool) -> Self {
        let (bulky, count) = (!tiny && random.one_in(2), random.below(12));
        // Through a window below a segment's size, the kernel itself is slow.
        let window = if tiny { random.size(12) } else { (32 << 10) + random.size(17) };
        let mut write = || {
            let rest = if random.one_in(3) { random.below(4) as u64 } else { 0 };
            (rest, random.size(if bulky { 20 } else { 11 }))
        };
        let writes = (0..count).map(|_| write()).collect();
        Self {
            early: if random.one_in(3) { random.size(if tiny { 10 } else { 14 }) } else { 0 },
            writes,
            resets: random.one_in(6),
            resets_after: random.one_in(12).then(|| random.size(18)),
            reads: (random.size(18), 1 + random.below(40)),
            window: random.one_in(2).then_some(window),
        }
    }

    fn sends(&self) -> usize {
        self.early + self.writes.iter().map(|(_, size)| size).sum::<usize>()
    }
}

/// The byte at each place of a stream; no two stretches of it are alike.
fn stream(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random(seed);
    (0..len / 8 + 1).flat_map(|_| random.next().to_le_bytes()).take(len).collect()
}

/// What one peer saw.
#[derive(Debug, Default)]
struct Saw {
    got: Vec<u8>,
    /// Whether its reading came to the other's FIN.
    fin: bool,
    /// Whether it reset the connection.
    resets: bool,
}

async fn write(peer: &Peer, sent: &[u8], to: &mut WriteHalf<'_>) -> io::Result<()> {
    let mut at = peer.early;
    for &(rest, size) in &peer.writes {
        if rest > 0 {
            sleep(Duration::from_millis(rest)).await;
        }
        to.write_all(&sent[at..at + size]).await?;
        at += size;
    }
    if peer.resets { Err(io::ErrorKind::Interrupted.into()) } else { to.shutdown().await }
}

async fn read(peer: &Peer, from: &mut ReadHalf<'_>, saw: &mut Saw) -> io::Result<()> {
    let mut room = vec![0; peer.reads.0];
    for count in 1.. {
        match from.read(&mut room).await? {
            0 => break,
            read => saw.got.extend_from_slice(&room[..read]),
        }
        if peer.resets_after.is_some_and(|most| saw.got.len() >= most) {
            saw.resets = true;
            return Err(io::ErrorKind::Interrupted.into());
        }
        if count % peer.reads.1 == 0 && count / peer.reads.1 <= 100 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    saw.fin = true;
    Ok(())
}

/// Does what the peer does, until both directions are done or one fails.
async fn act(peer: Peer, sent: Vec<u8>, mut stream: TcpStream) -> Saw {
    let mut saw = Saw::default();
    let (mut from, mut to) = stream.split();
    let writes = async {
        match write(&peer, &sent, &mut to).await {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(true),
            done => done.map_err(|_| false),
        }
    };
    let reads = async { read(&peer, &mut from, &mut saw).await.map_err(|_| false) };
    let done = tokio::try_join!(writes, reads);
    saw.resets |= matches!(done, Err(true));
    if saw.resets {
        reset(&stream);
    }
    saw
}

async fn trial(seed: u64) {
    let random = &mut Random(seed);
    let tiny = random.one_in(8);
    let mut peers = [Peer::random(random, tiny), Peer::random(random, tiny)];
    // Every stream is read in a bounded number of reads.
    let least = [peers[1].sends(), peers[0].sends()].map(|bytes| bytes / 3000 + 1);
    for (peer, least) in peers.iter_mut().zip(least) {
        peer.reads.0 = peer.reads.0.max(least);
    }
    let pipes = Pipes::new([0, 1, 4][random.below(3)]);
    let sent = [1, 2].map(|side| stream(seed ^ (side << 32), peers[side as usize - 1].sends()));
    let mut sockets = Vec::new();
    for peer in &peers {
        let (near, far) = pair().await;
        for socket in [&near, &far] {
            if let Some(size) = peer.window {
                SockRef::from(socket).set_recv_buffer_size(size).unwrap();
                SockRef::from(socket).set_send_buffer_size(size).unwrap();
            }
        }
        sockets.push((near, far));
    }
    let [(client, near), (target, far)] = <[_; 2]>::try_from(sockets).unwrap();
    let early = |side: usize| Bytes::copy_from_slice(&sent[side][..peers[side].early]);
    let mut near = Side { stream: near, early: early(0) };
    let mut far = Side { stream: far, early: early(1) };
    let pipes = &pipes;
    // The sockets are closed as soon as it ends.
    let relayed =
        async move { relay(&mut near, &mut far, &LONG, pipes, pin!(std::future::pending())).await };
    let all = async {
        let client = act(peers[0].clone(), sent[0].clone(), client);
        let target = act(peers[1].clone(), sent[1].clone(), target);
        tokio::join!(relayed, client, target)
    };
    let Ok((report, client, target)) = timeout(PATIENCE, all).await else {
        panic!("trial {seed} hangs: {peers:?}");
    };
    let what = || {
        let lens = [client.got.len(), target.got.len()];
        format!("trial {seed}: {report:?}, got {lens:?}, of {peers:?}")
    };
    for (saw, from, moved) in [(&target, 0, report.up), (&client, 1, report.down)] {
        let got = &saw.got;
        assert!(sent[from].starts_with(got), "bytes differ: {}", what());
        // What a socket took may be lost behind it by a reset, and by nothing else.
        assert!(got.len() as u64 <= moved && moved <= sent[from].len() as u64, "{}", what());
        // A stream that is cut never has a clean end.
        assert!(!saw.fin || got.len() == sent[from].len(), "cut, and ended: {}", what());
    }
    match report.end {
        End::Closed => {
            let moved = (report.up, report.down);
            assert_eq!(moved, (sent[0].len() as u64, sent[1].len() as u64), "{}", what());
            // A reset may come behind the very last byte of both.
            if !client.resets && !target.resets {
                assert!(client.fin && target.fin, "{}", what());
                assert!(client.got == sent[1] && target.got == sent[0], "{}", what());
            }
        }
        End::ClientReset => assert!(client.resets, "{}", what()),
        End::TargetReset => assert!(target.resets, "{}", what()),
        other => panic!("{other:?}: {}", what()),
    }
    // Only a reset leaves a pipe with bytes in it, and no trial leaves one in use.
    let (open, empty) = pipes.counts();
    assert_eq!(open, empty, "{}", what());
}

/// How many schedules are tried, and how many of them at a time: most of them rest.
const TRIALS: u64 = 400;
const AT_ONCE: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_schedule_is_relayed_exactly() {
    let mut running = JoinSet::new();
    for seed in 0..TRIALS {
        if running.len() == AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(trial(seed));
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}
