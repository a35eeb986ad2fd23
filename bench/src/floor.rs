//! The floor: a bare relay, and nothing else.
//!
//! One blocking thread per direction, `splice` socket → pipe → socket with `SPLICE_F_MOVE`. No
//! CONNECT, no log, no limits: what is left is what the kernel charges for moving the bytes.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustix::pipe::{SpliceFlags, fcntl_setpipe_size, pipe, splice};

use crate::Failure;
use crate::options::Options;

/// Relays every connection to one origin, until it is killed.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let listen: SocketAddr = options.needed("listen")?;
    let origin: SocketAddr = options.needed("to")?;
    let size: usize = options.needed("pipe")?;
    for client in TcpListener::bind(listen)?.incoming() {
        let client = Arc::new(client?);
        let origin = Arc::new(TcpStream::connect(origin)?);
        client.set_nodelay(true)?;
        origin.set_nodelay(true)?;
        for (from, to) in [(&client, &origin), (&origin, &client)] {
            let (from, to) = (Arc::clone(from), Arc::clone(to));
            thread::spawn(move || {
                // Either way the direction is over: the other side sees its end.
                let _error = relay(&from, &to, size);
                let _gone = to.shutdown(Shutdown::Write);
            });
        }
    }
    Ok(())
}

fn relay(from: &TcpStream, to: &TcpStream, size: usize) -> io::Result<()> {
    let (read, write) = pipe()?;
    fcntl_setpipe_size(&write, size)?;
    loop {
        let mut held = splice(from, None, &write, None, size, SpliceFlags::MOVE)?;
        if held == 0 {
            return Ok(());
        }
        while held > 0 {
            held -= splice(&read, None, to, None, held, SpliceFlags::MOVE)?;
        }
    }
}
