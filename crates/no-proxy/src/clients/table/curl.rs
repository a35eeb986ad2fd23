//! libcurl and what is built on it.

use super::{Cgi, Client, Empty, Variables, lookup};
use crate::clients::rules::{
    Blocks, By, Dots, Failure, Implicit, Length, List, Pass, Rules, Separators, Step, Subject,
    Test, Trim, Zero,
};

/// HTTP_PROXY is never read, for CGI's sake.
const CURL: Variables = Variables {
    http: lookup(Empty::Skips, &[&["http_proxy"], &["all_proxy", "ALL_PROXY"]]),
    https: lookup(Empty::Skips, &[&["https_proxy", "HTTPS_PROXY"], &["all_proxy", "ALL_PROXY"]]),
    no_proxy: lookup(Empty::Skips, &[&["no_proxy", "NO_PROXY"]]),
    cgi: Cgi::Nothing,
    instead: None,
};

/// git hands its own reading of no_proxy to libcurl, where an empty one hides the other.
const GIT: Variables =
    Variables { no_proxy: lookup(Empty::Ends, &[&["no_proxy", "NO_PROXY"]]), ..CURL };

const BLANKS: List = List {
    separators: Separators::CommaBlank,
    trim: Trim::Nothing,
    keeps_empty: false,
    reads_empty: false,
};

/// Names in lower case; an IPv6 address is compared as text.
const HOST: Subject = Subject::LOWER.shortened();
const DOTLESS: Subject = HOST.dots(Dots::Folded);

const BLOCKS_V4: Blocks =
    Blocks { v6: false, length: Length::Atoi, zero: Zero::One, alone: true, ..Blocks::STRICT };
const BLOCKS_BOTH: Blocks = Blocks { v6: true, length: Length::Digits, ..BLOCKS_V4 };

const RULES_7_85: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { separators: Separators::CommaSpace, ..BLANKS },
        star: true,
        tests: &[Test { steps: &[Step::CutFront("."), Step::Lower], by: By::Covers(HOST) }],
    }],
    failures: &[],
};

/// What follows an entry was not cut off before it was compared, so that only the last one of a
/// list is read right, exact names and blocks aside.
const RULES_7_86: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: BLANKS,
        star: true,
        tests: &[
            Test {
                steps: &[Step::HostIsNotV4, Step::Dotted, Step::CutFront("."), Step::Lower],
                by: By::Exact(HOST),
            },
            Test {
                steps: &[
                    Step::HostIsNotV4,
                    Step::Dotted,
                    Step::Last,
                    Step::CutFront("."),
                    Step::Lower,
                ],
                by: By::Tail(HOST),
            },
            Test { steps: &[Step::HostIsNotV4, Step::NotDotted, Step::Lower], by: By::Exact(HOST) },
            Test { steps: &[Step::Holds('/'), Step::Onward], by: By::Blocks(&BLOCKS_V4) },
            Test { steps: &[Step::Last], by: By::Blocks(&BLOCKS_V4) },
        ],
    }],
    failures: &[],
};

const NAMES: Test = Test {
    steps: &[Step::HostIsNotV4, Step::CutEnd("."), Step::CutFront("."), Step::Lower],
    by: By::Covers(DOTLESS),
};

const RULES_7_87: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: BLANKS,
        star: true,
        tests: &[NAMES, Test { steps: &[], by: By::Blocks(&BLOCKS_V4) }],
    }],
    failures: &[],
};

const RULES_8_9: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { separators: Separators::CommaOrEnd, ..BLANKS },
        star: true,
        tests: &[NAMES, Test { steps: &[], by: By::Blocks(&BLOCKS_V4) }],
    }],
    failures: &[],
};

const RULES_8_18: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { separators: Separators::CommaOrEnd, ..BLANKS },
        star: true,
        tests: &[
            Test {
                steps: &[Step::HostIsName, Step::CutEnd("."), Step::CutFront("."), Step::Lower],
                by: By::Covers(DOTLESS),
            },
            Test { steps: &[], by: By::Blocks(&BLOCKS_BOTH) },
        ],
    }],
    failures: &[],
};

const NOPROXY: &str = "lib/noproxy.c Curl_check_noproxy";

pub(super) static CLIENTS: &[Client] = &[
    Client {
        id: "curl",
        version: "≤7.85",
        with: "",
        source: "lib/url.c check_noproxy",
        variables: CURL,
        rules: RULES_7_85,
    },
    Client {
        id: "curl",
        version: "7.86.0",
        with: "",
        source: NOPROXY,
        variables: CURL,
        rules: RULES_7_86,
    },
    Client {
        id: "curl",
        version: "7.87–8.8",
        with: "",
        source: NOPROXY,
        variables: CURL,
        rules: RULES_7_87,
    },
    Client {
        id: "curl",
        version: "8.9–8.17",
        with: "",
        source: NOPROXY,
        variables: CURL,
        rules: RULES_8_9,
    },
    Client {
        id: "curl",
        version: "≥8.18",
        with: "",
        source: "lib/noproxy.c Curl_check_noproxy, later lib/proxy.c proxy_check_noproxy",
        variables: CURL,
        rules: RULES_8_18,
    },
    git("libcurl 7.87–8.8", RULES_7_87),
    git("libcurl 8.9–8.17", RULES_8_9),
    git("libcurl ≥8.18", RULES_8_18),
    cargo("libcurl 7.87–8.8", RULES_7_87),
    cargo("libcurl 8.9–8.17", RULES_8_9),
    cargo("libcurl ≥8.18", RULES_8_18),
];

/// git with the machine's libcurl.
const fn git(with: &'static str, rules: Rules) -> Client {
    let source = "http.c get_curl_handle, then libcurl";
    Client { id: "git", version: "≥2", with, source, variables: GIT, rules }
}

/// cargo, whose releases from rustup bundle a libcurl.
const fn cargo(with: &'static str, rules: Rules) -> Client {
    let rules =
        Rules { failures: &[Failure::Password("a registry's URL may hold no password")], ..rules };
    Client { id: "cargo", version: "≥1", with, source: "libcurl", variables: CURL, rules }
}
