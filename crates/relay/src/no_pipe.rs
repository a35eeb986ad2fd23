//! Where there is no splice(2), no pipe is ever to be had, and every direction copies.

use std::convert::Infallible;
use std::io;

use tokio::net::TcpStream;

/// A pool without pipes.
#[derive(Debug)]
pub struct Pipes;

/// A pipe that cannot be.
#[derive(Debug)]
pub(crate) struct Lease(Infallible);

impl Pipes {
    /// A pool without pipes, whatever `max` says.
    #[must_use]
    pub fn new(_max: usize) -> Self {
        Self
    }

    /// Does nothing.
    pub fn trim(&self) {}

    pub(crate) fn take(&self) -> Option<Lease> {
        None
    }
}

impl Lease {
    pub(crate) fn held(&self) -> usize {
        match self.0 {}
    }

    pub(crate) fn fill(&mut self, _source: &TcpStream) -> io::Result<usize> {
        match self.0 {}
    }

    pub(crate) fn drain(&mut self, _sink: &TcpStream) -> io::Result<usize> {
        match self.0 {}
    }
}
