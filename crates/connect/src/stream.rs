//! A connection to a target or to a parent, whether or not it is within TLS.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, tcp};
use tokio_rustls::client::TlsStream;

/// A connection. Without TLS it is the socket itself, so that a tunnel can be spliced.
#[derive(Debug)]
pub enum Stream {
    /// A socket.
    Plain(TcpStream),
    /// A socket within TLS. Boxed: few connections are of this kind, and it is large.
    Tls(Box<TlsStream<TcpStream>>),
}

/// The half of a [`Stream`] that is read from.
#[derive(Debug)]
pub enum ReadHalf<'s> {
    /// Of a socket.
    Plain(tcp::ReadHalf<'s>),
    /// Of a socket within TLS.
    Tls(tokio::io::ReadHalf<&'s mut TlsStream<TcpStream>>),
}

/// The half of a [`Stream`] that is written to. What is within TLS needs a flush.
#[derive(Debug)]
pub enum WriteHalf<'s> {
    /// Of a socket.
    Plain(tcp::WriteHalf<'s>),
    /// Of a socket within TLS.
    Tls(tokio::io::WriteHalf<&'s mut TlsStream<TcpStream>>),
}

impl Stream {
    /// Both halves, to be used at the same time.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        match self {
            Self::Plain(stream) => {
                let (read, write) = stream.split();
                (ReadHalf::Plain(read), WriteHalf::Plain(write))
            }
            Self::Tls(stream) => {
                let (read, write) = tokio::io::split(&mut **stream);
                (ReadHalf::Tls(read), WriteHalf::Tls(write))
            }
        }
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Whether the connection is open, and nothing has come that nobody has asked for.
    pub fn is_quiet(&mut self) -> bool {
        let mut room = [0];
        match self {
            Self::Plain(stream) => matches!(
                stream.try_read(&mut room),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock
            ),
            // The socket may hold what belongs to TLS alone, such as tickets: only TLS can tell.
            Self::Tls(stream) => {
                let mut cx = Context::from_waker(Waker::noop());
                Pin::new(stream).poll_read(&mut cx, &mut ReadBuf::new(&mut room)).is_pending()
            }
        }
    }
}

macro_rules! each {
    ($self:expr, $stream:ident => $do:expr) => {
        match $self.get_mut() {
            Self::Plain($stream) => $do,
            Self::Tls($stream) => $do,
        }
    };
}

macro_rules! reads {
    ($type:ty) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                each!(self, stream => Pin::new(stream).poll_read(cx, buf))
            }
        }
    };
}

macro_rules! writes {
    ($type:ty) => {
        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                each!(self, stream => Pin::new(stream).poll_write(cx, buf))
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                each!(self, stream => Pin::new(stream).poll_write_vectored(cx, bufs))
            }

            fn is_write_vectored(&self) -> bool {
                match self {
                    Self::Plain(stream) => stream.is_write_vectored(),
                    Self::Tls(stream) => stream.is_write_vectored(),
                }
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                each!(self, stream => Pin::new(stream).poll_flush(cx))
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                each!(self, stream => Pin::new(stream).poll_shutdown(cx))
            }
        }
    };
}

reads!(Stream);
reads!(ReadHalf<'_>);
writes!(Stream);
writes!(WriteHalf<'_>);
