//! Go's net/http, and the programs that are built on it.

use super::{COMMA, COMMA_TRIMMED, Cgi, Client, Empty, Variables, lookup};
use crate::clients::rules::{
    Base, Blocks, By, Implicit, Mapped, Pass, Ports, Rules, STAR, Step, Subject, Test,
};

/// Upper case first; an empty one is as if unset.
const GO: Variables = Variables {
    http: lookup(Empty::Skips, &[&["HTTP_PROXY", "http_proxy"]]),
    https: lookup(Empty::Skips, &[&["HTTPS_PROXY", "https_proxy"]]),
    no_proxy: lookup(Empty::Skips, &[&["NO_PROXY", "no_proxy"]]),
    cgi: Cgi::Fails,
    instead: None,
};

const BLOCKS: Blocks = Blocks { mapped: Mapped::Folded, ..Blocks::STRICT };
const ADDRESSES: Blocks = Blocks { alone: true, ..BLOCKS };
const SLOPPY: Blocks = Blocks { base: Base::LeadingZeros, ..BLOCKS };

const NAMED: Step = Step::Port(Ports::Go);

const IN_BLOCK: Test = Test { steps: &[Step::Lower], by: By::Blocks(&BLOCKS) };
const IS_ADDRESS: Test =
    Test { steps: &[Step::Lower, Step::HoldsNot('/'), NAMED], by: By::Blocks(&ADDRESSES) };

const BELOW: &[Step] = &[Step::Lower, NAMED, Step::StarDotToDot, Step::Dotted, Step::Ascii];
const COVERED: &[Step] =
    &[Step::Lower, NAMED, Step::StarDotToDot, Step::NotDotted, Step::NotEmpty, Step::Ascii];

/// Names were compared with addresses, too, before CVE-2025-22870.
const UNTIL_1_24_0: Pass = Pass {
    list: COMMA_TRIMMED,
    star: false,
    tests: &[
        STAR,
        IN_BLOCK,
        IS_ADDRESS,
        Test { steps: BELOW, by: By::Tail(Subject::LOWER) },
        Test { steps: COVERED, by: By::Covers(Subject::LOWER) },
    ],
};

const BELOW_NAMES: &[Step] =
    &[Step::HostIsName, Step::Lower, NAMED, Step::StarDotToDot, Step::Dotted, Step::Ascii];
const COVERED_NAMES: &[Step] = &[
    Step::HostIsName,
    Step::Lower,
    NAMED,
    Step::StarDotToDot,
    Step::NotDotted,
    Step::NotEmpty,
    Step::Ascii,
];

const SINCE_1_24_1: Pass = Pass {
    list: COMMA_TRIMMED,
    star: false,
    tests: &[
        STAR,
        IN_BLOCK,
        IS_ADDRESS,
        Test { steps: BELOW_NAMES, by: By::Tail(Subject::LOWER) },
        Test { steps: COVERED_NAMES, by: By::Covers(Subject::LOWER) },
    ],
};

const OLD: Rules = Rules { implicit: Implicit::Loopback, passes: &[UNTIL_1_24_0], failures: &[] };
const NEW: Rules = Rules { implicit: Implicit::Loopback, passes: &[SINCE_1_24_1], failures: &[] };

/// A pass of its own for blocks, with nothing cut off, in front of Go's.
const KUBECTL: Pass =
    Pass { list: COMMA, star: false, tests: &[Test { steps: &[], by: By::Blocks(&SLOPPY) }] };

const KUBECTL_OLD: Rules = Rules { passes: &[KUBECTL, UNTIL_1_24_0], ..OLD };
const KUBECTL_NEW: Rules = Rules { passes: &[KUBECTL, SINCE_1_24_1], ..NEW };

const SOURCE: &str = "golang.org/x/net/http/httpproxy config.init, useProxy";
const KUBECTL_SOURCE: &str = "apimachinery pkg/util/net/http.go NewProxierWithNoProxyCIDR, then Go";

pub(super) static CLIENTS: &[Client] = &[
    Client {
        id: "go",
        version: "≤1.24.0",
        with: "",
        source: "the same as later, but domainMatch.match; 1.23.7 has the fix, too",
        variables: GO,
        rules: OLD,
    },
    Client { id: "go", version: "≥1.24.1", with: "", source: SOURCE, variables: GO, rules: NEW },
    Client {
        id: "kubectl",
        version: "≤1.32",
        with: "Go ≤1.24.0",
        source: KUBECTL_SOURCE,
        variables: GO,
        rules: KUBECTL_OLD,
    },
    Client {
        id: "kubectl",
        version: "≥1.33",
        with: "Go ≥1.24.1",
        source: KUBECTL_SOURCE,
        variables: GO,
        rules: KUBECTL_NEW,
    },
    Client {
        id: "docker",
        version: "≥28.1",
        with: "Go ≥1.24.1",
        source: "moby daemon configureProxyEnv, then Go",
        variables: GO,
        rules: NEW,
    },
];
