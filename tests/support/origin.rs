//! A fake target: a listener with a script, on plain threads. It records everything.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{PATIENCE, find};

/// The target. Dropping it ends its threads; a panic in one of them fails the test.
pub(crate) struct Origin {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    accepts: AtomicUsize,
    seen: Mutex<Vec<Seen>>,
    changed: Condvar,
    /// The open connections, to wake their threads at the end.
    streams: Mutex<HashMap<usize, TcpStream>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A request that a target saw whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// On which connection, counted from 0.
    pub(crate) connection: usize,
    /// Request line and fields, as they stood.
    pub(crate) lines: Vec<String>,
    /// The body, out of its framing.
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn line(&self) -> &str {
        &self.lines[0]
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.lines[1..].iter().filter_map(|line| line.split_once(": "));
        fields.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// One connection at the target.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) index: usize,
    buffer: Vec<u8>,
    resets: bool,
    shared: Arc<Shared>,
}

impl Origin {
    /// Answers every request with 200 and its own request line, keeping connections.
    pub(crate) fn start() -> Self {
        Self::with(|peer| {
            while let Some(seen) = peer.request()? {
                let body = seen.line();
                let to_head = body.starts_with("HEAD ");
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                peer.send(head + if to_head { "" } else { body })?;
            }
            Ok(())
        })
    }

    /// Runs the script for every connection, on a thread of its own. An I/O error ends it: the
    /// peer may close or reset when it pleases. What must not happen is asserted by a panic.
    pub(crate) fn with(
        script: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::on("127.0.0.1:0", script)
    }

    pub(crate) fn on(
        addr: &str,
        script: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(addr).expect("a port");
        let addr = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared::default());
        let (here, script) = (Arc::clone(&shared), Arc::new(script));
        let accepting = thread::spawn(move || {
            loop {
                let (stream, _) = listener.accept().expect("accept");
                if here.stop.load(Ordering::SeqCst) {
                    return;
                }
                stream.set_nodelay(true).expect("a socket");
                // Guards against a hang; no script waits so long.
                stream.set_read_timeout(Some(2 * PATIENCE)).expect("a socket");
                let index = here.accepts.fetch_add(1, Ordering::SeqCst);
                let clone = stream.try_clone().expect("a socket");
                here.streams.lock().expect("no panic").insert(index, clone);
                let (shared, script) = (Arc::clone(&here), Arc::clone(&script));
                let thread = thread::spawn(move || {
                    let (buffer, resets) = (Vec::new(), false);
                    let mut peer = Peer { stream, index, buffer, resets, shared };
                    let _gone: io::Result<()> = script(&mut peer);
                    peer.close();
                });
                here.threads.lock().expect("no panic").push(thread);
            }
        });
        Self { addr, shared, accepting: Some(accepting) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.addr.port()
    }

    /// How many connections were accepted.
    pub(crate) fn accepts(&self) -> usize {
        self.shared.accepts.load(Ordering::SeqCst)
    }

    /// Every whole request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("no panic").clone()
    }

    /// Waits until so many requests were seen.
    pub(crate) fn wait_seen(&self, count: usize) -> Vec<Seen> {
        let until = Instant::now() + PATIENCE;
        let mut seen = self.shared.seen.lock().expect("no panic");
        while seen.len() < count {
            assert!(Instant::now() < until, "only {} of {count} requests came", seen.len());
            let wait = self.shared.changed.wait_timeout(seen, Duration::from_millis(100));
            seen = wait.expect("no panic").0;
        }
        seen.clone()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr);
        let mut failed = self.accepting.take().is_some_and(|thread| thread.join().is_err());
        for (_, stream) in self.shared.streams.lock().expect("no panic").drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let threads = std::mem::take(&mut *self.shared.threads.lock().expect("no panic"));
        for thread in threads {
            failed |= thread.join().is_err();
        }
        assert!(!failed || thread::panicking(), "the fake target panicked");
    }
}

impl Peer {
    fn more(&mut self) -> io::Result<bool> {
        let mut room = [0; 16 * 1024];
        let read = self.stream.read(&mut room)?;
        self.buffer.extend_from_slice(&room[..read]);
        Ok(read > 0)
    }

    /// Exactly so many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            if !self.more()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.buffer.drain(..count).collect())
    }

    /// Everything until the other side's FIN.
    pub(crate) fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.more()? {}
        Ok(std::mem::take(&mut self.buffer))
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..at + 2).take(at).collect();
                // Each byte as one character (ISO 8859-1), so that none is lost.
                return Ok(Some(line.into_iter().map(char::from).collect()));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// The head of the next request; none if the connection ended before it was whole. It must be
    /// free of everything that two parsers could read in two ways.
    pub(crate) fn head(&mut self) -> io::Result<Option<Seen>> {
        let mut lines = Vec::new();
        loop {
            match self.line()? {
                None => return Ok(None),
                Some(line) if line.is_empty() => break,
                Some(line) => lines.push(line),
            }
        }
        let seen = Seen { connection: self.index, lines, body: Vec::new() };
        assert!(!seen.lines.is_empty(), "an empty line before a request");
        let whole = seen.lines.concat();
        assert!(!whole.contains('\r') && !whole.contains('\n'), "a bare line end: {whole:?}");
        assert_eq!(seen.all("host").len(), 1, "{whole}");
        assert!(seen.all("content-length").len() + seen.all("transfer-encoding").len() < 2);
        for name in ["proxy-authorization", "proxy-connection", "connection", "keep-alive", "te"] {
            assert!(seen.all(name).is_empty(), "{name} reached the target: {whole}");
        }
        Ok(Some(seen))
    }

    /// The body that a head announces.
    pub(crate) fn body(&mut self, head: &Seen) -> io::Result<Vec<u8>> {
        if let [length] = head.all("content-length")[..] {
            return self.bytes(length.parse().expect("a length"));
        }
        if head.all("transfer-encoding").is_empty() {
            return Ok(Vec::new());
        }
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend(chunk);
        }
    }

    /// One chunk; the last is empty, and no trailer may follow it.
    pub(crate) fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let line = self.line()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = usize::from_str_radix(&line, 16).expect("a plain chunk size");
        let chunk = self.bytes(size)?;
        assert_eq!(self.bytes(2)?, b"\r\n");
        Ok(chunk)
    }

    /// The next whole request, recorded.
    pub(crate) fn request(&mut self) -> io::Result<Option<Seen>> {
        let Some(mut seen) = self.head()? else { return Ok(None) };
        seen.body = self.body(&seen)?;
        self.record(&seen);
        Ok(Some(seen))
    }

    pub(crate) fn record(&self, seen: &Seen) {
        self.shared.seen.lock().expect("no panic").push(seen.clone());
        self.shared.changed.notify_all();
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    pub(crate) fn fin(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Closes with a reset, as soon as the script ends.
    pub(crate) fn reset(&mut self) {
        self.resets = true;
    }

    fn close(self) {
        let clone = self.shared.streams.lock().expect("no panic").remove(&self.index);
        if self.resets {
            let linger = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
            linger.expect("a socket");
        } else {
            let _gone = self.stream.shutdown(Shutdown::Both);
        }
        drop(clone);
    }
}
