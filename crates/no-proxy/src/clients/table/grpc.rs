//! gRPC: one proxy for everything, always by CONNECT.

use super::{COMMA, Cgi, Client, Empty, List, Variables, lookup, never};
use crate::clients::rules::{
    Base, Blocks, By, Implicit, Length, Pass, Rules, Step, Subject, Test, TooLong, Zero,
};

const PROXIES: &[&[&str]] = &[&["grpc_proxy", "https_proxy", "http_proxy"]];

/// Lower case only; the first that is set counts, even when empty.
const CORE: Variables = Variables {
    http: lookup(Empty::Ends, PROXIES),
    https: lookup(Empty::Ends, PROXIES),
    no_proxy: lookup(Empty::Ends, &[&["no_grpc_proxy", "no_proxy"]]),
    cgi: Cgi::Nothing,
    instead: None,
};

const JS: Variables = Variables {
    http: lookup(Empty::Skips, PROXIES),
    https: lookup(Empty::Skips, PROXIES),
    no_proxy: lookup(Empty::Skips, &[&["no_grpc_proxy", "no_proxy"]]),
    ..CORE
};

const CORE_BLOCKS: Blocks = Blocks {
    base: Base::Brackets,
    length: Length::Lenient,
    too_long: TooLong::One,
    ..Blocks::STRICT
};

const IN_BLOCK: Test = Test { steps: &[Step::Trim], by: By::Blocks(&CORE_BLOCKS) };

/// An entry of nothing but white space is how every host ends.
const CORE_TAIL: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA,
        star: false,
        tests: &[
            Test { steps: &[Step::Trim, Step::Lower], by: By::Tail(Subject::LOWER) },
            IN_BLOCK,
        ],
    }],
    failures: &[],
};

const CORE_BOUNDARY: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA,
        star: false,
        tests: &[
            Test {
                steps: &[Step::Trim, Step::CutFront("."), Step::NotEmpty, Step::Lower],
                by: By::Covers(Subject::LOWER),
            },
            IN_BLOCK,
        ],
    }],
    failures: &[],
};

/// A shift by 32 is one by 0 in JavaScript.
const JS_BLOCKS: Blocks =
    Blocks { v6: false, length: Length::ParseInt, zero: Zero::One, ..Blocks::STRICT };

const JS_RULES: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { keeps_empty: true, ..COMMA },
        star: false,
        tests: &[
            Test { steps: &[], by: By::Blocks(&JS_BLOCKS) },
            Test { steps: &[], by: By::Tail(Subject::WRITTEN) },
        ],
    }],
    failures: &[],
};

const CORE_SOURCE: &str = "src/core/handshaker/http_connect/http_proxy_mapper.cc AddressIncluded";

pub(super) static CLIENTS: &[Client] = &[
    Client {
        id: "grpcio",
        version: "≤1.83",
        with: "",
        source: CORE_SOURCE,
        variables: CORE,
        rules: CORE_TAIL,
    },
    Client {
        id: "grpcio",
        version: "≥1.84",
        with: "",
        source: CORE_SOURCE,
        variables: CORE,
        rules: CORE_BOUNDARY,
    },
    Client {
        id: "grpc-js",
        version: "1.14",
        with: "",
        source: "src/http_proxy.ts hostMatchesNoProxyList",
        variables: JS,
        rules: JS_RULES,
    },
    Client {
        id: "ray",
        version: "2",
        with: "",
        source: "_private/ray_constants.py GRPC_ENABLE_HTTP_PROXY",
        variables: Variables {
            instead: Some(never(
                "its gRPC uses no proxy, unless RAY_grpc_enable_http_proxy=1: then as grpcio",
            )),
            ..CORE
        },
        rules: CORE_BOUNDARY,
    },
];
