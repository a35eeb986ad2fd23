//! Counts by address.

use std::collections::HashMap;
use std::net::IpAddr;

/// How much each address has of something. One that has nothing has no entry.
#[derive(Debug, Default)]
pub(crate) struct Tally(HashMap<IpAddr, usize>);

impl Tally {
    /// Counts one more, unless there are `most` already.
    pub(crate) fn add(&mut self, address: IpAddr, most: usize) -> bool {
        let has = self.0.get(&address).copied().unwrap_or_default();
        let fits = has < most;
        if fits {
            self.0.insert(address, has + 1);
        }
        fits
    }

    /// Counts one less.
    pub(crate) fn remove(&mut self, address: IpAddr) {
        if let Some(has) = self.0.get_mut(&address) {
            *has -= 1;
            if *has == 0 {
                self.0.remove(&address);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
