//! Closing a client's connection so that it gets what was said to it last.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) use relay::reset;

/// How long a last response may take to be written, and its client to close.
const LINGER: Duration = Duration::from_secs(2);
/// How much of what the client still sends is thrown away before it is cut off, in bytes.
const MAX_DISCARDED: usize = 256 * 1024;

/// Sends the last response and the end of the connection, then throws away what the client still
/// sends, within bounds: closing a socket with unread bytes resets it, and the reset can destroy
/// the response before the client has read it (RFC 9112 §9.6). Nothing of it is read as a request.
pub(crate) async fn after(stream: &mut TcpStream, response: &[u8]) {
    let last = async {
        stream.write_all(response).await?;
        stream.shutdown().await?;
        let mut discarded = 0;
        let mut sink = [0; 4096];
        while discarded < MAX_DISCARDED {
            match stream.read(&mut sink).await? {
                0 => break,
                read => discarded += read,
            }
        }
        std::io::Result::Ok(())
    };
    // The connection ends either way: a failure here has nobody to tell.
    let _ended = timeout(LINGER, last).await;
}
