//! A name server with a script, for tests: UDP and TCP on one port of 127.0.0.1, on plain threads.
//!
//! It needs nothing but std and the two files beside it, so that any test program can take it in
//! by `#[path]`. A panic in one of its threads fails the test when the server is dropped.

#![allow(dead_code, unused_imports, reason = "each test program uses its own part of it")]

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

#[path = "reply.rs"]
mod reply;
#[path = "wire.rs"]
mod wire;

pub(crate) use reply::{Gate, Kind, Reply};
use wire::{bind, encode, question};

/// One question that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) name: String,
    pub(crate) kind: u16,
    pub(crate) tcp: bool,
}

/// The server. Dropping it ends its threads.
pub(crate) struct FakeDns {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    script: Mutex<HashMap<(String, u16), Vec<Reply>>>,
    asked: Mutex<Vec<Question>>,
    /// What was replied to which identifier, for a question that UDP repeats.
    replied: Mutex<HashMap<([u8; 2], Question), Reply>>,
    stop: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl FakeDns {
    pub(crate) fn start() -> Self {
        Self::on_sockets(bind())
    }

    /// Elsewhere than on a free port of 127.0.0.1.
    pub(crate) fn at(addr: SocketAddr) -> Self {
        let udp = UdpSocket::bind(addr).expect("a UDP port");
        Self::on_sockets((udp, TcpListener::bind(addr).expect("a TCP port")))
    }

    fn on_sockets((udp, tcp): (UdpSocket, TcpListener)) -> Self {
        let addr = udp.local_addr().expect("bound");
        let shared = Arc::new(Shared::default());
        let on_udp = shared.clone();
        shared.spawn(move || on_udp.serve_udp(&udp));
        let on_tcp = shared.clone();
        shared.spawn(move || on_tcp.serve_tcp(&tcp));
        Self { addr, shared }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Scripts the replies to one question, in order; the last is repeated. What has no script
    /// does not exist.
    pub(crate) fn on<const N: usize>(&self, name: &str, kind: Kind, replies: [Reply; N]) {
        self.shared
            .script
            .lock()
            .expect("no panic")
            .insert((name.to_owned(), kind as u16), replies.into_iter().rev().collect());
    }

    /// Every question so far, in order. One that UDP repeats counts once.
    pub(crate) fn asked(&self) -> Vec<Question> {
        self.shared.asked.lock().expect("no panic").clone()
    }

    /// The questions so far, each as `name type`, sorted.
    pub(crate) fn asked_names(&self) -> Vec<String> {
        let kind = |kind| match kind {
            1 => "A".to_owned(),
            28 => "AAAA".to_owned(),
            other => format!("TYPE{other}"),
        };
        let mut names: Vec<_> =
            self.asked().iter().map(|q| format!("{} {}", q.name, kind(q.kind))).collect();
        names.sort();
        names
    }
}

impl Drop for FakeDns {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Each wakes the thread that waits there.
        let _ = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map(|s| s.send_to(&[], self.addr));
        let _ = TcpStream::connect(self.addr);
        for stream in self.shared.streams.lock().expect("no panic").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        loop {
            let Some(next) = self.shared.threads.lock().expect("no panic").pop() else { break };
            if next.join().is_err() && !thread::panicking() {
                panic!("the name server panicked");
            }
        }
    }
}

impl Shared {
    fn spawn(&self, run: impl FnOnce() + Send + 'static) {
        self.threads.lock().expect("no panic").push(thread::spawn(run));
    }

    fn serve_udp(self: &Arc<Self>, socket: &UdpSocket) {
        let mut buffer = [0; 4096];
        loop {
            let (len, peer) = socket.recv_from(&mut buffer).expect("UDP");
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let Some((reply, question)) = self.next(&buffer[..len], false) else { continue };
            if let Some(forged) = &reply.forged {
                let mut forged = encode(forged, &question, false);
                forged[0] ^= 0xff;
                socket.send_to(&forged, peer).expect("UDP");
            }
            let message = encode(&reply, &question, false);
            let socket = socket.try_clone().expect("UDP");
            later(self, &reply, move || {
                // The asker may be gone by now.
                let _ = socket.send_to(&message, peer);
            });
        }
    }

    fn serve_tcp(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let (stream, _) = listener.accept().expect("TCP");
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            self.streams.lock().expect("no panic").push(stream.try_clone().expect("TCP"));
            let this = self.clone();
            self.spawn(move || {
                // The asker may close or reset when it pleases.
                let _ = this.serve_stream(stream);
            });
        }
    }

    fn serve_stream(&self, mut stream: TcpStream) -> io::Result<()> {
        loop {
            let mut len = [0; 2];
            stream.read_exact(&mut len)?;
            let mut message = vec![0; u16::from_be_bytes(len).into()];
            stream.read_exact(&mut message)?;
            let Some((reply, question)) = self.next(&message, true) else { continue };
            self.delay(&reply);
            let message = encode(&reply, &question, true);
            let len = u16::try_from(message.len()).expect("a short message").to_be_bytes();
            stream.write_all(&[len.as_slice(), &message].concat())?;
        }
    }

    /// The reply to a message, with the message's head and question.
    fn next(&self, message: &[u8], tcp: bool) -> Option<(Reply, Vec<u8>)> {
        let (name, kind, end) = question(message);
        let question = Question { name, kind, tcp };
        let key = ([message[0], message[1]], question.clone());
        let mut replied = self.replied.lock().expect("no panic");
        let reply = replied.entry(key).or_insert_with(|| self.take(question)).clone();
        (!reply.silent).then(|| (reply, message[..end].to_vec()))
    }

    /// Waits for as long as the reply's script says.
    fn delay(&self, reply: &Reply) {
        if let Some(gate) = &reply.gate {
            gate.wait(&self.stop);
        }
        thread::sleep(reply.after);
    }

    /// Notes a question, and takes the next reply of its script.
    fn take(&self, question: Question) -> Reply {
        let mut script = self.script.lock().expect("no panic");
        let replies = script.get_mut(&(question.name.clone(), question.kind));
        let tcp = question.tcp;
        self.asked.lock().expect("no panic").push(question);
        let Some(replies) = replies else { return Reply::rcode(3) };
        let next = replies.last().expect("at least one reply").clone();
        // A truncated reply is given twice: it is asked for again by TCP.
        if replies.len() > 1 && (tcp || !next.truncated) {
            replies.pop();
        }
        next
    }
}

/// Runs at once, or on a thread of its own after the reply's delay.
fn later(shared: &Arc<Shared>, reply: &Reply, run: impl FnOnce() + Send + 'static) {
    if reply.gate.is_none() && reply.after.is_zero() {
        return run();
    }
    let (on_thread, reply) = (Arc::clone(shared), reply.clone());
    shared.spawn(move || {
        on_thread.delay(&reply);
        run();
    });
}
