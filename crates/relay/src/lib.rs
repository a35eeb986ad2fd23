//! Moves bytes both ways between two connected sockets until there is a reason to end.
//!
//! This crate knows nothing of HTTP, names or rules: it is handed two sockets, the bytes that were
//! read from each before it took over, and its limits, and it answers with exact counts and the
//! one reason for which the tunnel ended.
//!
//! Each direction copies first, through one buffer that belongs to the worker thread; once it
//! proves to be a stream it is spliced (splice(2)) through a pipe from a bounded pool, and when it
//! goes quiet it copies again. A direction that waits for its source owns neither buffer nor pipe.
//! A target within TLS takes a path of its own, [`relay_within`].
//!
//! The sockets are to be set to keep urgent bytes in line (`SO_OOBINLINE`): what the kernel takes
//! out of the stream is lost.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod clock;
mod copy;
mod flow;
#[cfg_attr(target_os = "linux", path = "pipe.rs")]
#[cfg_attr(not(target_os = "linux"), path = "no_pipe.rs")]
mod pipe;
mod tunnel;
mod within;

pub use clock::Activity;
pub use pipe::Pipes;
pub use tunnel::{End, Limits, Report, Side, relay, reset};
pub use within::{Within, relay_within};
