//! Node, undici, bun and Deno.

use super::{COMMA_TRIMMED, COMMA_WHITESPACE, Cgi, Client, Empty, LOWER_FIRST, Variables, lookup};
use crate::clients::rules::{
    Base, Blocks, By, Dots, Failure, Implicit, List, Mapped, Pass, PortPart, Ports, Rules, STAR,
    Step, Subject, Test,
};

/// `a ?? b`: lower case even when empty, and http's proxy for https too.
const NULLISH: Variables = Variables {
    http: lookup(Empty::Ends, &[&["http_proxy", "HTTP_PROXY"]]),
    https: lookup(Empty::Ends, &[&["https_proxy", "HTTPS_PROXY"], &["http_proxy", "HTTP_PROXY"]]),
    no_proxy: lookup(Empty::Ends, &[&["no_proxy", "NO_PROXY"]]),
    cgi: Cgi::Nothing,
    instead: None,
};

/// The host is compared with brackets, an entry with the end of the host where it starts with a
/// dot or `*`. Also what proxy-from-env does.
pub(super) const WILDCARD_TAIL: Pass = Pass {
    list: COMMA_WHITESPACE,
    star: true,
    tests: &[
        Test {
            steps: &[Step::Lower, Step::Port(Ports::LastColon), Step::Plain],
            by: By::Exact(Subject::WHATWG),
        },
        Test {
            steps: &[Step::Lower, Step::Port(Ports::LastColon), Step::Dotted],
            by: By::Tail(Subject::WHATWG),
        },
        Test {
            steps: &[Step::Lower, Step::Port(Ports::LastColon), Step::Starred, Step::CutFront("*")],
            by: By::Tail(Subject::WHATWG),
        },
    ],
};

const UNDICI_6: Rules =
    Rules { implicit: Implicit::Nothing, passes: &[WILDCARD_TAIL], failures: &[] };

const UNDICI_7: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_WHITESPACE,
        star: true,
        tests: &[Test {
            steps: &[
                Step::Port(Ports::LastColon),
                Step::StarDotToDot,
                Step::CutFront("."),
                Step::Lower,
            ],
            by: By::Covers(Subject::WHATWG),
        }],
    }],
    failures: &[],
};

const DOTLESS: Subject = Subject::WHATWG.bare().dots(Dots::Folded);

const UNDICI_8: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_WHITESPACE,
        star: false,
        tests: &[
            Test {
                steps: &[
                    Step::Port(Ports::OneColon),
                    Step::StarDotToDot,
                    Step::CutFront("."),
                    Step::CutEnd("."),
                    Step::Is("*"),
                ],
                by: By::Everything,
            },
            Test {
                steps: &[
                    Step::Starred,
                    Step::Port(Ports::OneColon),
                    Step::CutFront("*."),
                    Step::CutEnd("."),
                    Step::Lower,
                ],
                by: By::Below(DOTLESS),
            },
            Test {
                steps: &[
                    Step::NotStarred,
                    Step::Port(Ports::OneColon),
                    Step::CutFront("."),
                    Step::CutEnd("."),
                    Step::Lower,
                ],
                by: By::Covers(DOTLESS),
            },
        ],
    }],
    failures: &[],
};

const NODE_HOST: Subject = Subject::WHATWG.bare();

const NODE_HTTP: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { keeps_empty: true, ..COMMA_TRIMMED },
        star: false,
        tests: &[
            STAR,
            Test { steps: &[Step::Lower], by: By::Exact(NODE_HOST) },
            Test { steps: &[Step::Lower], by: By::Exact(NODE_HOST.port(PortPart::Always)) },
            Test {
                steps: &[Step::Lower, Step::Dotted, Step::CutFront(".")],
                by: By::Covers(NODE_HOST),
            },
            Test {
                steps: &[Step::Lower, Step::StarDotToDot, Step::Dotted],
                by: By::Tail(NODE_HOST),
            },
            Test { steps: &[Step::Lower], by: By::Range },
        ],
    }],
    failures: &[],
};

const BUN_BLOCKS: Blocks =
    Blocks { base: Base::AtonBrackets, mapped: Mapped::FoldedOrVoid, ..Blocks::STRICT };
const BUN_ADDRESSES: Blocks = Blocks { alone: true, ..BUN_BLOCKS };
const BUN_NAME: Subject = Subject::LOWER.dots(Dots::Folded);

const BUN: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_WHITESPACE,
        star: false,
        tests: &[
            STAR,
            Test { steps: &[], by: By::Blocks(&BUN_BLOCKS) },
            Test {
                steps: &[
                    Step::HoldsNot('/'),
                    Step::Port(Ports::Bun),
                    Step::StarDotToDot,
                    Step::CutFront("."),
                    Step::CutEnd("."),
                ],
                by: By::Blocks(&BUN_ADDRESSES),
            },
            Test {
                steps: &[
                    Step::HostIsName,
                    Step::HoldsNot('/'),
                    Step::Port(Ports::Bun),
                    Step::StarDotToDot,
                    Step::CutFront("."),
                    Step::CutEnd("."),
                    Step::NotEmpty,
                    Step::Lower,
                ],
                by: By::Covers(BUN_NAME),
            },
        ],
    }],
    failures: &[],
};

const SOURCE: &str = "lib/dispatcher/env-http-proxy-agent.js";

pub(super) static CLIENTS: &[Client] = &[
    Client {
        id: "undici",
        version: "6",
        with: "",
        source: SOURCE,
        variables: NULLISH,
        rules: UNDICI_6,
    },
    Client {
        id: "undici",
        version: "7",
        with: "",
        source: SOURCE,
        variables: NULLISH,
        rules: UNDICI_7,
    },
    Client {
        id: "undici",
        version: "8",
        with: "",
        source: SOURCE,
        variables: NULLISH,
        rules: UNDICI_8,
    },
    Client {
        id: "node-fetch",
        version: "24",
        with: "NODE_USE_ENV_PROXY=1",
        source: "undici 7",
        variables: NULLISH,
        rules: Rules {
            failures: &[Failure::Userinfo("fetch refuses a URL with a user in it")],
            ..UNDICI_7
        },
    },
    Client {
        id: "node-http",
        version: "24",
        with: "NODE_USE_ENV_PROXY=1",
        source: "lib/internal/http.js ProxyConfig.shouldUseProxy",
        variables: LOWER_FIRST,
        rules: NODE_HTTP,
    },
    Client {
        id: "bun",
        version: "1.4",
        with: "",
        source: "src/dotenv/no_proxy.rs matches",
        variables: LOWER_FIRST,
        rules: BUN,
    },
];
