//! Rust's clients, and Deno and uv, which are built on them.

use super::{COMMA, COMMA_TRIMMED, Cgi, Client, Empty, List, Trim, Variables, lookup};
use crate::clients::rules::{By, Implicit, Pass, Rules, STAR, Step, Subject, Test};

/// Upper case even when empty; in CGI, no proxy at all.
const HYPER_UTIL: Variables = Variables {
    http: lookup(Empty::Ends, &[&["HTTP_PROXY", "http_proxy"], &["ALL_PROXY", "all_proxy"]]),
    https: lookup(Empty::Ends, &[&["HTTPS_PROXY", "https_proxy"], &["ALL_PROXY", "all_proxy"]]),
    no_proxy: lookup(Empty::Ends, &[&["NO_PROXY", "no_proxy"]]),
    cgi: Cgi::HidesAll,
    instead: None,
};

const UREQ_PROXIES: &[&[&str]] =
    &[&["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]];

/// One proxy for every URL.
const UREQ: Variables = Variables {
    http: lookup(Empty::Skips, UREQ_PROXIES),
    https: lookup(Empty::Skips, UREQ_PROXIES),
    no_proxy: lookup(Empty::Ends, &[&["NO_PROXY", "no_proxy"]]),
    cgi: Cgi::Nothing,
    instead: None,
};

const ATTOHTTPC: Variables = Variables {
    http: lookup(Empty::Ends, &[&["http_proxy", "HTTP_PROXY"], &["all_proxy", "ALL_PROXY"]]),
    https: lookup(Empty::Ends, &[&["https_proxy", "HTTPS_PROXY"], &["all_proxy", "ALL_PROXY"]]),
    no_proxy: lookup(Empty::Ends, &[&["no_proxy", "NO_PROXY"]]),
    cgi: Cgi::Nothing,
    instead: None,
};

const HYPER_RULES: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_TRIMMED,
        star: false,
        tests: &[
            Test { steps: &[Step::HostIsName, Step::Is("*")], by: By::Everything },
            Test { steps: &[], by: By::Ipnet },
            Test {
                steps: &[Step::HostIsName, Step::CutFront("."), Step::Lower],
                by: By::Covers(Subject::LOWER),
            },
        ],
    }],
    failures: &[],
};

/// The copy that reqwest 0.11 and Deno have: case counts, and an empty entry is one.
const REQWEST_0_11: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { keeps_empty: true, ..COMMA_TRIMMED },
        star: false,
        tests: &[
            Test { steps: &[Step::HostIsName, Step::Is("*")], by: By::Everything },
            Test { steps: &[], by: By::Ipnet },
            Test {
                steps: &[Step::HostIsName, Step::CutFront(".")],
                by: By::Covers(Subject::LOWER),
            },
        ],
    }],
    failures: &[],
};

const UREQ_HOST: Subject = Subject::LOWER.brackets();

const UREQ_RULES: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { keeps_empty: true, ..COMMA },
        star: false,
        tests: &[
            STAR,
            Test {
                steps: &[Step::Starred, Step::CutFront("*"), Step::Lower],
                by: By::Tail(UREQ_HOST),
            },
            Test { steps: &[Step::Dotted, Step::Lower], by: By::Tail(UREQ_HOST) },
            Test {
                steps: &[Step::Plain, Step::Ends("*"), Step::CutEnd("*"), Step::Lower],
                by: By::Head(UREQ_HOST),
            },
            Test { steps: &[Step::Plain, Step::Ends("."), Step::Lower], by: By::Head(UREQ_HOST) },
            Test { steps: &[Step::Plain, Step::Lower], by: By::Exact(UREQ_HOST) },
        ],
    }],
    failures: &[],
};

const ATTOHTTPC_RULES: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { trim: Trim::Both, keeps_empty: true, reads_empty: true, ..COMMA },
        star: true,
        tests: &[Test { steps: &[Step::CutDots, Step::Lower], by: By::Tail(Subject::WHATWG) }],
    }],
    failures: &[],
};

const MATCHER: &str = "hyper-util client/proxy/matcher.rs NoProxy, DomainMatcher";

pub(super) static CLIENTS: &[Client] = &[
    Client {
        id: "hyper-util",
        version: "0.1",
        with: "",
        source: MATCHER,
        variables: HYPER_UTIL,
        rules: HYPER_RULES,
    },
    Client {
        id: "reqwest",
        version: "0.11",
        with: "",
        source: "src/proxy.rs NoProxy, DomainMatcher",
        variables: Variables { cgi: Cgi::HidesUpper, ..HYPER_UTIL },
        rules: REQWEST_0_11,
    },
    Client {
        id: "reqwest",
        version: "0.12.28–0.13",
        with: "",
        source: MATCHER,
        variables: HYPER_UTIL,
        rules: HYPER_RULES,
    },
    Client {
        id: "uv",
        version: "≥0.13",
        with: "",
        source: MATCHER,
        variables: HYPER_UTIL,
        rules: HYPER_RULES,
    },
    Client {
        id: "deno",
        version: "2",
        with: "",
        source: "ext/fetch/proxy.rs NoProxy, DomainMatcher",
        variables: Variables { cgi: Cgi::HidesUpper, ..HYPER_UTIL },
        rules: REQWEST_0_11,
    },
    Client {
        id: "ureq",
        version: "3",
        with: "",
        source: "src/proxy.rs NoProxyEntry",
        variables: UREQ,
        rules: UREQ_RULES,
    },
    Client {
        id: "attohttpc",
        version: "0.31",
        with: "",
        source: "src/request/proxy.rs ProxySettings::for_url",
        variables: ATTOHTTPC,
        rules: ATTOHTTPC_RULES,
    },
];
