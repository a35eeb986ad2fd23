//! A client that sends bytes and reads responses strictly.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::{PATIENCE, find, shown};

/// A connection of a client.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    /// What was read and not yet used.
    buffer: Vec<u8>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Fin,
    Reset,
}

/// A response with its body taken out of its framing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The head as it stood, with its empty line.
    pub(crate) head: Vec<u8>,
    /// Whether the body came in chunks.
    pub(crate) chunked: bool,
    /// Whether the body ended with the connection.
    pub(crate) until_close: bool,
}

impl Response {
    /// The one value of a field, if it is there.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "{name} stands {} times in {}", all.len(), shown(&self.head));
        all.first().copied()
    }

    /// Every value of a field, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let same = |field: &&(String, String)| field.0.eq_ignore_ascii_case(name);
        self.fields.iter().filter(same).map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        Self::over(TcpStream::connect(addr).expect("connect"))
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).expect("send");
        self
    }

    /// One byte per segment. A peer that has refused and gone is no failure: what it said counts.
    pub(crate) fn drip(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.stream.write_all(std::slice::from_ref(byte)).is_err() {
                return;
            }
        }
    }

    pub(crate) fn fin(&mut self) -> &mut Self {
        self.stream.shutdown(Shutdown::Write).expect("shutdown");
        self
    }

    /// Closes with a reset.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("linger");
    }

    /// More bytes into the buffer; false at the end.
    fn more(&mut self) -> std::io::Result<bool> {
        let mut room = [0; 64 * 1024];
        let read = self.stream.read(&mut room)?;
        self.buffer.extend_from_slice(&room[..read]);
        Ok(read > 0)
    }

    /// Exactly so many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            let have = self.buffer.len();
            assert!(self.more().expect("read"), "the end after {have} of {count} bytes");
        }
        self.buffer.drain(..count).collect()
    }

    /// Everything until the connection ends, and how it ended.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, Ending) {
        let ending = loop {
            match self.more() {
                Ok(true) => {}
                Ok(false) => break Ending::Fin,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break Ending::Reset,
                Err(error) => panic!("{error}, after {}", shown(&self.buffer)),
            }
        };
        (std::mem::take(&mut self.buffer), ending)
    }

    /// The connection ends cleanly, and nothing comes before that.
    pub(crate) fn ends(&mut self) {
        let (rest, ending) = self.rest();
        assert_eq!((shown(&rest).as_str(), ending), ("", Ending::Fin));
    }

    /// Whether a byte or the end is there within the time.
    pub(crate) fn has_something_within(&mut self, time: Duration) -> bool {
        if !self.buffer.is_empty() {
            return true;
        }
        self.stream.set_read_timeout(Some(time)).expect("a socket");
        let something = match self.more() {
            Ok(_) => true,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        something
    }

    /// The next head, interim responses included, and no body.
    pub(crate) fn head(&mut self) -> Result<Response, String> {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            match self.more() {
                Ok(true) => {}
                Ok(false) => return Err(format!("the end after `{}`", shown(&self.buffer))),
                Err(error) => return Err(format!("{error} after `{}`", shown(&self.buffer))),
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let lines = head[..end - 4].split(|&b| b == b'\n');
        let mut lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let status_line = String::from_utf8_lossy(lines.next().expect("a line")).into_owned();
        let mut parts = status_line.splitn(3, ' ');
        if parts.next() != Some("HTTP/1.1") {
            return Err(format!("status line `{status_line}`"));
        }
        let status = parts.next().and_then(|s| s.parse().ok()).ok_or("no status")?;
        let reason = parts.next().ok_or("no reason phrase")?.to_owned();
        let mut fields = Vec::new();
        for line in lines {
            let line = String::from_utf8_lossy(line);
            let (name, value) = line.split_once(": ").ok_or(format!("field line `{line}`"))?;
            fields.push((name.to_owned(), value.to_owned()));
        }
        Ok(Response { status, reason, fields, head, ..Response::default() })
    }

    /// The next final response with its body.
    pub(crate) fn try_response(&mut self, to_head: bool) -> Result<Response, String> {
        let mut response = loop {
            let head = self.head()?;
            if head.status >= 200 {
                break head;
            }
        };
        if to_head || matches!(response.status, 204 | 304) {
            return Ok(response);
        }
        let coding = response.field("transfer-encoding").map(str::to_owned);
        match (coding.as_deref(), response.field("content-length")) {
            (Some("chunked"), None) => {
                response.body = self.chunks()?;
                response.chunked = true;
            }
            (None, Some(length)) => {
                let length: usize = length.parse().map_err(|_| "a bad Content-Length")?;
                response.body = self.bytes(length);
            }
            (None, None) => {
                let (body, ending) = self.rest();
                if ending != Ending::Fin {
                    return Err("a reset within the body".to_owned());
                }
                (response.body, response.until_close) = (body, true);
            }
            both => return Err(format!("framing {both:?}")),
        }
        Ok(response)
    }

    pub(crate) fn response(&mut self) -> Response {
        self.try_response(false).expect("a response")
    }

    pub(crate) fn response_to_head(&mut self) -> Response {
        self.try_response(true).expect("a response")
    }

    /// One line without its CR LF.
    pub(crate) fn line(&mut self) -> Result<Vec<u8>, String> {
        loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                return Ok(self.buffer.drain(..at + 2).take(at).collect());
            }
            match self.more() {
                Ok(true) => {}
                Ok(false) => return Err("the end within a line".to_owned()),
                Err(error) => return Err(format!("{error} within a line")),
            }
        }
    }

    /// One chunk; the last is empty.
    pub(crate) fn chunk(&mut self) -> Result<Vec<u8>, String> {
        let line = String::from_utf8(self.line()?).map_err(|error| error.to_string())?;
        let size = usize::from_str_radix(&line, 16).map_err(|_| format!("chunk size `{line}`"))?;
        let chunk = self.bytes(size);
        match self.line()?.as_slice() {
            [] => Ok(chunk),
            more => Err(format!("`{}` behind a chunk", shown(more))),
        }
    }

    fn chunks(&mut self) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend(chunk);
        }
    }
}
