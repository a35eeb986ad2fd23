//! Rules in the form that answers fast, however many there are.

mod hosts;
mod networks;

pub(crate) use hosts::{HostRule, HostRules, rules};
pub(crate) use networks::{NetRule, NetRules};
