//! wget, wget2 and apt.

use super::{COMMA, Cgi, Client, Empty, Variables, lookup};
use crate::clients::rules::{
    Blocks, By, Implicit, Length, List, Pass, Rules, Step, Subject, Test, Trim,
};

/// Lower case and nothing else.
const LOWER_ONLY: Variables = Variables {
    http: lookup(Empty::Skips, &[&["http_proxy"]]),
    https: lookup(Empty::Skips, &[&["https_proxy"]]),
    no_proxy: lookup(Empty::Skips, &[&["no_proxy"]]),
    cgi: Cgi::Nothing,
    instead: None,
};

/// https_proxy counts for https even when it is empty.
const APT: Variables =
    Variables { https: lookup(Empty::Ends, &[&["https_proxy", "http_proxy"]]), ..LOWER_ONLY };

const WGET: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { trim: Trim::BehindComma, keeps_empty: true, ..COMMA },
        star: false,
        tests: &[
            Test { steps: &[Step::Dotted, Step::Lower], by: By::Tail(Subject::LOWER) },
            Test { steps: &[Step::NotDotted, Step::Lower], by: By::Covers(Subject::LOWER) },
        ],
    }],
    failures: &[],
};

const WGET2_EXACT: Test =
    Test { steps: &[Step::Lower, Step::Ascii], by: By::Exact(Subject::LOWER) };
const WGET2_BELOW: Test =
    Test { steps: &[Step::Dotted, Step::Lower, Step::Ascii], by: By::Tail(Subject::LOWER) };

const WGET2_1_99: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass { list: COMMA, star: false, tests: &[WGET2_EXACT, WGET2_BELOW] }],
    failures: &[],
};

const WGET2_BLOCKS: Blocks = Blocks { length: Length::Atoi, ..Blocks::STRICT };

const WGET2_2_1: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { trim: Trim::Front, ..COMMA },
        star: false,
        tests: &[
            WGET2_EXACT,
            WGET2_BELOW,
            Test { steps: &[Step::Lower], by: By::Blocks(&WGET2_BLOCKS) },
        ],
    }],
    failures: &[],
};

const APT_RULES: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA,
        star: false,
        tests: &[Test { steps: &[Step::Lower], by: By::Tail(Subject::LOWER) }],
    }],
    failures: &[],
};

pub(super) static CLIENTS: &[Client] = &[
    Client {
        id: "wget",
        version: "1.21–1.25",
        with: "",
        source: "src/retr.c no_proxy_match, src/host.c sufmatch, src/utils.c sepstring",
        variables: LOWER_ONLY,
        rules: WGET,
    },
    Client {
        id: "wget2",
        version: "≤2.0",
        with: "",
        source: "libwget/http.c wget_http_match_no_proxy",
        variables: LOWER_ONLY,
        rules: WGET2_1_99,
    },
    Client {
        id: "wget2",
        version: "≥2.1",
        with: "",
        source: "libwget/http.c wget_http_match_no_proxy, cidr_v4_match, cidr_v6_match",
        variables: LOWER_ONLY,
        rules: WGET2_2_1,
    },
    Client {
        id: "apt",
        version: "2",
        with: "",
        source: "methods/http.cc, apt-pkg/contrib/strutl.cc CheckDomainList",
        variables: APT,
        rules: APT_RULES,
    },
];
