//! What was judged before its way was known: a target that may go by a parent is resolved once,
//! whichever way it goes.

use std::future::Pending;
use std::net::{IpAddr, SocketAddr};

use policy::{Authority, Grant, Host, PermittedAddrs};

use crate::connector::denied;
use crate::{Connector, Failure, Judgement, Reached, own};

impl Judgement {
    /// Why nothing may be dialled, if that is so.
    #[must_use]
    pub fn denial(&self, grant: &Grant) -> Option<Failure> {
        self.permitted.as_slice().is_empty().then(|| denied(grant, &self.judged))
    }

    /// The addresses that may be dialled.
    #[must_use]
    pub fn addrs(&self) -> Vec<IpAddr> {
        self.permitted.as_slice().iter().map(SocketAddr::ip).collect()
    }
}

impl Connector {
    /// Connects to the first of the addresses that a judgement permits which accepts. It is asked
    /// for no others.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn reach_judged(
        &self,
        grant: &Grant,
        judgement: Judgement,
    ) -> Result<Reached, Failure> {
        self.race(grant, judgement, None::<Pending<PermittedAddrs>>).await
    }

    /// Whether an authority is plainly one of the proxy's own listeners: an address of this
    /// machine, or `localhost`, with a port that is listened on.
    #[must_use]
    pub fn is_own(&self, authority: &Authority) -> bool {
        self.dial.own_ports.contains(&authority.port())
            && match authority.host() {
                Host::Ip(ip) => own::is_local(*ip),
                Host::Name(name) => name.as_str() == "localhost",
            }
    }
}
