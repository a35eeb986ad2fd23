//! What a name server's reply says of one family of a name.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsResponse, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use crate::Failure;
use crate::failure::is_exhaustion;

/// How many addresses of one answer are kept. Only a few of them are ever dialled.
const MAX_ADDRESSES: usize = 64;

/// An address family, as DNS has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    V4,
    V6,
}

/// What the servers say of one family of a name.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Its addresses, and the least TTL on the way to them.
    Found { addrs: Arc<[IpAddr]>, ttl: Duration },
    /// The name does not exist, or has no address of the family; and for how long that holds,
    /// if the reply says so (RFC 2308).
    Nothing { ttl: Option<Duration> },
}

/// A reply that answers the question.
pub(crate) enum Reply {
    /// It has records, though perhaps only a CNAME.
    Records(Box<DnsResponse>),
    /// It says that there are none.
    Nothing { ttl: Option<Duration> },
}

impl Family {
    pub(crate) fn record_type(self) -> RecordType {
        match self {
            Self::V4 => RecordType::A,
            Self::V6 => RecordType::AAAA,
        }
    }
}

impl Reply {
    pub(crate) fn read(
        reply: Result<DnsResponse, NetError>,
        asked: &Query,
    ) -> Result<Self, Failure> {
        let reply = match reply {
            Ok(reply) => reply,
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                return Ok(Self::Nothing { ttl: none.negative_ttl.map(seconds) });
            }
            Err(NetError::Timeout) => return Err(Failure::DnsTimeout),
            Err(NetError::Io(error)) if is_exhaustion(&error) => {
                return Err(Failure::NoDescriptors);
            }
            Err(_) => return Err(Failure::DnsFailed),
        };
        // Over UDP hickory compares the question as well as the identifier, over TCP only the
        // latter; response codes that it does not know it takes for success.
        let answers = reply.queries.as_slice() == std::slice::from_ref(asked);
        let success = matches!(reply.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
        match answers && success && !reply.truncation {
            true => Ok(Self::Records(Box::new(reply))),
            false => Err(Failure::DnsFailed),
        }
    }
}

/// Where a CNAME record of the reply leads from `name`, and its TTL.
pub(crate) fn cname(reply: &DnsResponse, name: &Name) -> Option<(Name, Duration)> {
    reply.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if record.name == *name => {
            let mut target = target.0.clone();
            target.set_fqdn(true);
            Some((target, seconds(record.ttl)))
        }
        _ => None,
    })
}

/// The addresses that the reply gives to `name`, each once, and the least of their TTLs. A record
/// of another name is none of this name's business.
pub(crate) fn addresses(
    reply: &DnsResponse,
    name: &Name,
    family: Family,
) -> (Vec<IpAddr>, Duration) {
    let (mut addrs, mut least) = (Vec::new(), Duration::MAX);
    let own = reply.answers.iter().filter(|r| r.name == *name);
    for record in own.filter(|r| r.record_type() == family.record_type()) {
        let Some(ip) = record.data.ip_addr() else { continue };
        least = least.min(seconds(record.ttl));
        if addrs.len() < MAX_ADDRESSES && !addrs.contains(&ip) {
            addrs.push(ip);
        }
    }
    (addrs, least)
}

/// For how long a reply without the records asked for says that there are none.
pub(crate) fn negative_ttl(reply: &DnsResponse) -> Option<Duration> {
    reply.negative_ttl().map(seconds)
}

fn seconds(ttl: u32) -> Duration {
    Duration::from_secs(ttl.into())
}
