//! A and AAAA, asked apart and put together (RFC 8305 §3).

use std::net::IpAddr;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use tokio::time::timeout;

use crate::Failure;
use crate::answer::{Answer, Family};

/// How long an answer to A waits for that to AAAA (RFC 8305 §3, "Resolution Delay").
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// How late an answer to AAAA may come and still be of use, where A alone leads nowhere. Servers
/// that never answer AAAA are known (RFC 4074 §4.1), and must not hold up a refusal for longer.
const LATE_AAAA: Duration = Duration::from_secs(1);

/// What a name leads to.
#[derive(Debug)]
pub(crate) struct Found<F> {
    /// Its addresses so far, IPv6 first; never empty.
    pub(crate) addrs: Vec<IpAddr>,
    /// The family whose answer is not waited for.
    pub(crate) late: Option<Late<F>>,
}

/// The answer of one family, which has yet to come when the other's is there.
#[derive(Debug)]
pub(crate) struct Late<F> {
    family: Family,
    answer: F,
}

/// Puts the answers of both families together. The first question is that of AAAA.
///
/// An answer to AAAA waits for none to A; one to A waits for the resolution delay. Where the first
/// has no addresses, the second is waited for. A family that fails does not fail a name whose
/// other family has addresses.
pub(crate) async fn both<F>(v6: F, v4: F) -> Result<Found<F>, Failure>
where
    F: Future<Output = Result<Answer, Failure>> + Unpin,
{
    let (first, mut answer, family) = match select(v6, v4).await {
        Either::Left((first, v4)) => (first, v4, Family::V4),
        Either::Right((first, v6)) => (first, v6, Family::V6),
    };
    let second = match (&first, family) {
        // What is there already is not late.
        (Ok(Answer::Found { .. }), Family::V4) => (&mut answer).now_or_never(),
        (Ok(Answer::Found { .. }), Family::V6) => timeout(RESOLUTION_DELAY, &mut answer).await.ok(),
        // A negative answer is about one family, whatever its code: some servers say NXDOMAIN
        // to AAAA when they mean that there is none (RFC 4074 §4.2).
        _ => Some((&mut answer).await),
    };
    match (first, second) {
        (Ok(Answer::Found { addrs, .. }), None) => {
            Ok(Found { addrs: addrs.to_vec(), late: Some(Late { family, answer }) })
        }
        (first, second) => merge([Some(first), second].into_iter().flatten()),
    }
}

/// Both families' answers as one, IPv6 first (RFC 8305 §4).
fn merge<F>(answers: impl Iterator<Item = Result<Answer, Failure>>) -> Result<Found<F>, Failure> {
    let mut addrs = Vec::new();
    let mut failure = Failure::NotFound;
    for answer in answers {
        match answer {
            Ok(Answer::Found { addrs: some, .. }) => addrs.extend_from_slice(&some),
            Ok(Answer::Nothing { .. }) => {}
            Err(error) => failure = failure.more_telling(error),
        }
    }
    match addrs.is_empty() {
        true => Err(failure),
        false => {
            addrs.sort_by_key(IpAddr::is_ipv4);
            Ok(Found { addrs, late: None })
        }
    }
}

impl<F: Future<Output = Result<Answer, Failure>>> Late<F> {
    /// Its addresses, waited for as long as they may be of use; none if it has none or fails,
    /// which fails no name that the other family answered.
    pub(crate) async fn addrs(self) -> Vec<IpAddr> {
        match self.family {
            // Most names have nothing else, so the lookup's own deadline is early enough.
            Family::V4 => addrs_of(self.answer.await),
            Family::V6 => timeout(LATE_AAAA, self.answer).await.map_or(Vec::new(), addrs_of),
        }
    }

    /// Its addresses, if they come within the resolution delay: for those who do not begin with
    /// what is there, and would rather have both families.
    pub(crate) async fn soon(self) -> Vec<IpAddr> {
        match self.family {
            Family::V4 => timeout(RESOLUTION_DELAY, self.answer).await.map_or(Vec::new(), addrs_of),
            // It has been waited for.
            Family::V6 => Vec::new(),
        }
    }
}

fn addrs_of(answer: Result<Answer, Failure>) -> Vec<IpAddr> {
    match answer {
        Ok(Answer::Found { addrs, .. }) => addrs.to_vec(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[path = "families_tests.rs"]
mod tests;
