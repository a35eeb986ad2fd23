//! Rules in the form that answers fast, however many there are.

mod hosts;
mod networks;

pub(crate) use hosts::HostRules;
pub(crate) use networks::{NetRule, NetRules};
