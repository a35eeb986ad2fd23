//! A proxy that refuses everything, and notes what it was asked for.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// It listens for as long as the process lives.
pub(crate) struct Listener {
    addr: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    pub(crate) fn start() -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let addr = listener.local_addr().map_err(|error| error.to_string())?;
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = noted.clone();
                // A client may go whenever it likes.
                thread::spawn(move || refuse(&stream, &noted).ok());
            }
        });
        Ok(Self { addr, asked })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The targets so far: `host:443`, or a URL.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn refuse(mut stream: &TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream).lines();
    if let Some(line) = lines.next().transpose()? {
        asked.lock().expect("no panic").extend(line.split(' ').nth(1).map(str::to_owned));
    }
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    stream.write_all(ANSWER)
}
