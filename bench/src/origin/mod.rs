//! The origins that tunnels lead to, in a process of their own on the load's core.
//!
//! Each service has several ports. A proxy's connections to one of them leave some of that port's
//! address pairs in TIME_WAIT, and the next proxy measured gets another port.

mod bulk;
mod check;
mod small;

pub(crate) use bulk::{discard, send};
pub(crate) use check::{RIGHT, swap};

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

use crate::wire::Service;
use crate::{Failure, awake, cores};

/// Ports of each service.
const PORTS: usize = 16;
/// Below the range that the kernel picks from for outgoing connections.
const FIRST_PORT: u16 = 24_000;
const BACKLOG: u32 = 4096;
/// Origins end by themselves when nobody ends them.
const A_SITTING: Duration = Duration::from_secs(4 * 60 * 60);

/// Serves until it is killed. Prints its ports, a line for each service.
pub(crate) fn run() -> Result<(), Failure> {
    cores::pin(cores::LOAD)?;
    let serve = async {
        let mut next = FIRST_PORT;
        for service in Service::ALL {
            let mut line = service.to_string();
            for _ in 0..PORTS {
                let listener = bind(&mut next)?;
                line.push_str(&format!(" {}", listener.local_addr()?));
                tokio::spawn(accept(listener, service));
            }
            println!("{line}");
        }
        println!("ready");
        std::future::pending().await
    };
    awake::block_on(serve, A_SITTING)
}

/// Listens on the next port that is free.
fn bind(next: &mut u16) -> Result<TcpListener, Failure> {
    loop {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        let port = *next;
        *next += 1;
        if socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).is_ok()
            && let Ok(listener) = socket.listen(BACKLOG)
        {
            return Ok(listener);
        }
        if *next > FIRST_PORT + 4000 {
            return Err("no free ports for the origins".into());
        }
    }
}

async fn accept(listener: TcpListener, service: Service) {
    while let Ok((stream, _)) = listener.accept().await {
        // A socket that fails here belongs to a client that has left: the load reports that.
        let _gone = stream.set_nodelay(true);
        match service {
            Service::Source => drop(tokio::spawn(bulk::source(stream))),
            Service::Sink => drop(tokio::spawn(bulk::sink(stream))),
            Service::Reply => drop(tokio::spawn(small::reply(stream))),
            Service::Greet => drop(tokio::spawn(small::greet(stream))),
            Service::Web => drop(tokio::spawn(small::web(stream))),
            Service::Check => drop(tokio::spawn(check::serve(stream))),
        }
    }
}

/// The origins' process, as those who use it see it.
#[derive(Debug)]
pub(crate) struct Origin {
    process: Child,
    ports: Vec<(String, Vec<SocketAddr>)>,
    turn: AtomicUsize,
}

impl Origin {
    /// Starts the process, which ends when this is dropped.
    pub(crate) fn start() -> Result<Self, Failure> {
        let mut process = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(std::env::current_exe()?)
            .arg("origin")
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("no output")?;
        let mut ports = Vec::new();
        for line in BufReader::new(output).lines() {
            let line = line?;
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default().to_owned();
            if name == "ready" {
                return Ok(Self { process, ports, turn: AtomicUsize::new(0) });
            }
            ports.push((name, words.filter_map(|word| word.parse().ok()).collect()));
        }
        Err("the origins did not start".into())
    }

    /// The next of a service's ports.
    pub(crate) fn port(&self, service: Service) -> SocketAddr {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let name = service.to_string();
        let ports = self.ports.iter().find(|(other, _)| *other == name).map(|(_, ports)| ports);
        ports.and_then(|ports| ports.get(turn % PORTS)).copied().expect("every service has ports")
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _status = self.process.wait();
    }
}
