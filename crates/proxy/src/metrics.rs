//! What is counted. No label's value ever comes from the network.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, gauge};
use metrics::{Unit, describe_histogram, histogram};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use policy::SniMode;

use crate::proxy_protocol::Fault;
use crate::record::{Decision, Record};

/// Bounds of the stage histogram's buckets, in seconds.
pub(crate) const STAGE_BUCKETS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The name of the stage histogram.
pub(crate) const STAGE_SECONDS: &str = "pinhole_stage_seconds";

/// The name of the counter of SNI checks.
const SNI_CHECKS: &str = "pinhole_sni_checks_total";

const PROXY_PROTOCOL_ERRORS: &str = "pinhole_proxy_protocol_errors_total";

const CLIENT_REQUESTS: &str = "pinhole_client_requests_total";

const CLIENT_BYTES: &str = "pinhole_client_bytes_total";

const WOULD_DENY: &str = "pinhole_would_deny_total";

const PARENT_ATTEMPTS: &str = "pinhole_parent_attempts_total";

/// Most parents there may be: each has a label of its own.
pub const MAX_PARENTS: usize = 16;

const PARENTS: [&str; MAX_PARENTS] =
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];

/// Counts an attempt to use a parent.
pub(crate) fn count_parent(index: usize, outcome: &'static str) {
    let parent = PARENTS.get(index).copied().unwrap_or("more");
    counter!(PARENT_ATTEMPTS, "parent" => parent, "outcome" => outcome).increment(1);
}

/// Handles of what is counted often.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) connections: Gauge,
    pub(crate) tunnels: Gauge,
    pub(crate) accept_errors: Counter,
    pub(crate) turned_away: Counter,
    pub(crate) log_dropped: Counter,
    up: Counter,
    down: Counter,
    head: Histogram,
    dns: Histogram,
    connect: Histogram,
    sni_enforced: Counter,
    sni_logged: Counter,
}

impl Metrics {
    /// Handles at the process's recorder, which must be installed before.
    pub(crate) fn new() -> Self {
        describe_counter!("pinhole_requests_total", "Requests ended, by method and outcome");
        describe_counter!("pinhole_strays_total", "Requests that NO_PROXY exempts, by client");
        describe_gauge!("pinhole_connections_open", "Client connections open");
        describe_gauge!("pinhole_tunnels_open", "Tunnels open");
        describe_counter!("pinhole_bytes_total", Unit::Bytes, "Bytes of tunnels and bodies moved");
        describe_histogram!(STAGE_SECONDS, Unit::Seconds, "How long a request's stages took");
        describe_counter!(
            PARENT_ATTEMPTS,
            "Attempts to use a parent proxy, by its index in the configuration and the outcome"
        );
        describe_counter!(
            CLIENT_REQUESTS,
            "Requests ended, by the configuration's client and what policy said"
        );
        describe_counter!(CLIENT_BYTES, Unit::Bytes, "Bytes moved, by the configuration's client");
        describe_gauge!(
            "pinhole_client_connections_open",
            "Connections open, by the configuration's client"
        );
        describe_counter!(WOULD_DENY, "Denials that audit mode passed over, by reason");
        describe_counter!("pinhole_accept_errors_total", "Connections that could not be accepted");
        describe_counter!(
            "pinhole_turned_away_total",
            "Connections closed at once because even their refusals were too many"
        );
        describe_counter!("pinhole_log_dropped_total", "Log lines dropped: the sink was too slow");
        describe_counter!(
            SNI_CHECKS,
            "ClientHellos judged, by what a misfit leads to and by what was found"
        );
        describe_counter!(
            PROXY_PROTOCOL_ERRORS,
            "Connections closed for want of a PROXY protocol header that holds"
        );
        for fault in Fault::ALL {
            counter!(PROXY_PROTOCOL_ERRORS, "reason" => fault.label()).increment(0);
        }
        let stage = |stage: &'static str| histogram!(STAGE_SECONDS, "stage" => stage);
        let matches =
            |mode: &'static str| counter!(SNI_CHECKS, "mode" => mode, "outcome" => "match");
        let metrics = Self {
            connections: gauge!("pinhole_connections_open"),
            tunnels: gauge!("pinhole_tunnels_open"),
            accept_errors: counter!("pinhole_accept_errors_total"),
            turned_away: counter!("pinhole_turned_away_total"),
            log_dropped: counter!("pinhole_log_dropped_total"),
            up: counter!("pinhole_bytes_total", "direction" => "up"),
            down: counter!("pinhole_bytes_total", "direction" => "down"),
            head: stage("head"),
            dns: stage("dns"),
            connect: stage("connect"),
            sni_enforced: matches("enforce"),
            sni_logged: matches("log"),
        };
        // A series that is there from the start shows zero, not nothing.
        for gauge in [&metrics.connections, &metrics.tunnels] {
            gauge.set(0.0);
        }
        let Self { accept_errors, turned_away, log_dropped, sni_enforced, sni_logged, .. } =
            &metrics;
        for counter in [accept_errors, turned_away, log_dropped, sni_enforced, sni_logged] {
            counter.increment(0);
        }
        metrics
    }

    /// Counts an SNI check. `outcome` is `match`, or the label of what was found instead.
    pub(crate) fn sni(&self, mode: SniMode, outcome: &'static str) {
        match (mode, outcome) {
            (SniMode::Enforce, "match") => self.sni_enforced.increment(1),
            (_, "match") => self.sni_logged.increment(1),
            _ => counter!(SNI_CHECKS, "mode" => mode.label(), "outcome" => outcome).increment(1),
        }
    }

    /// Counts a connection that did not begin as it had to.
    pub(crate) fn proxy_protocol(&self, fault: Fault) {
        counter!(PROXY_PROTOCOL_ERRORS, "reason" => fault.label()).increment(1);
    }

    pub(crate) fn record(&self, record: &Record) {
        let method = match record.method {
            Some("CONNECT") => "connect",
            Some(_) => "forward",
            None => "none",
        };
        let outcome = record.reason.or(record.end).unwrap_or("ok");
        counter!("pinhole_requests_total", "method" => method, "outcome" => outcome).increment(1);
        let passed = record.would_deny.iter().filter(|_| record.decision == Some(Decision::Audit));
        for reason in passed.flat_map(|one| one.reasons()) {
            counter!(WOULD_DENY, "reason" => reason).increment(1);
        }
        if let Some(name) = &record.client_name {
            Self::client(record, name);
        }
        self.up.increment(record.up);
        self.down.increment(record.down);
        let stages =
            [(&self.head, record.head), (&self.dns, record.dns), (&self.connect, record.connect)];
        for (histogram, time) in stages {
            if let Some(time) = time {
                histogram.record(Duration::as_secs_f64(&time));
            }
        }
    }
}

impl Metrics {
    /// Counts what one of the configuration's clients has had.
    fn client(record: &Record, name: &Arc<str>) {
        let decision = record.decision.map_or("none", Decision::label);
        let client = || Arc::clone(name);
        counter!(CLIENT_REQUESTS, "client" => client(), "decision" => decision).increment(1);
        for (direction, bytes) in [("up", record.up), ("down", record.down)] {
            counter!(CLIENT_BYTES, "client" => client(), "direction" => direction).increment(bytes);
        }
    }
}

/// Installs the process's metrics recorder, whose handle [`crate::Server`] serves.
///
/// # Errors
/// There is a recorder already.
pub fn install_recorder() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(STAGE_SECONDS.to_owned()), &STAGE_BUCKETS)?
        .install_recorder()
}
