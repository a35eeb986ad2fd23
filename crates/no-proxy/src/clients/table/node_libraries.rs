//! Libraries and tools that run on Node.

use super::lookup;
use super::node::WILDCARD_TAIL;
use super::{COMMA_TRIMMED, COMMA_WHITESPACE, Cgi, Client, Empty, LOWER_FIRST, Variables};
use crate::clients::rules::{
    Base, Blocks, By, Failure, Implicit, Length, Mapped, Pass, PortPart, Ports, Rules, STAR, Step,
    Subject, Test,
};

/// What proxy-from-env reads.
const FROM_ENV: Variables = Variables {
    http: lookup(Empty::Skips, &[&["http_proxy", "HTTP_PROXY"], &["all_proxy", "ALL_PROXY"]]),
    https: lookup(Empty::Skips, &[&["https_proxy", "HTTPS_PROXY"], &["all_proxy", "ALL_PROXY"]]),
    ..LOWER_FIRST
};

/// npm folds the case of names, and the last in the environment's order holds; https_proxy
/// serves http too.
const NPM: Variables = Variables {
    http: lookup(
        Empty::Skips,
        &[&["https_proxy", "HTTPS_PROXY"], &["http_proxy", "HTTP_PROXY"], &["proxy", "PROXY"]],
    ),
    https: lookup(Empty::Skips, &[&["https_proxy", "HTTPS_PROXY"]]),
    ..LOWER_FIRST
};

/// One proxy for every URL.
const GAXIOS: Variables = Variables {
    http: lookup(Empty::Skips, &[&["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]]),
    https: lookup(Empty::Skips, &[&["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]]),
    no_proxy: lookup(Empty::Ends, &[&["NO_PROXY", "no_proxy"]]),
    cgi: Cgi::Nothing,
    instead: None,
};

const AZURE_PROXIES: &[&[&str]] =
    &[&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"]];

/// One proxy for every URL.
const AZURE: Variables = Variables {
    http: lookup(Empty::Skips, AZURE_PROXIES),
    https: lookup(Empty::Skips, AZURE_PROXIES),
    no_proxy: lookup(Empty::Skips, &[&["NO_PROXY", "no_proxy"]]),
    cgi: Cgi::Nothing,
    instead: None,
};

const PROXY_FROM_ENV: Rules =
    Rules { implicit: Implicit::Nothing, passes: &[WILDCARD_TAIL], failures: &[] };

const AXIOS_BLOCKS: Blocks = Blocks {
    base: Base::AtonDotted,
    length: Length::Plain,
    mapped: Mapped::FoldedOrVoid,
    ..Blocks::STRICT
};

const AXIOS: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[
        WILDCARD_TAIL,
        Pass {
            list: COMMA_WHITESPACE,
            star: true,
            tests: &[
                STAR,
                Test { steps: &[Step::Lower], by: By::Blocks(&AXIOS_BLOCKS) },
                Test {
                    steps: &[Step::HoldsNot('/'), Step::Lower, Step::Port(Ports::Axios)],
                    by: By::Axios,
                },
            ],
        },
    ],
    failures: &[],
};

/// Where no agent is set, the brackets go to the resolver with the address.
const LOOKS_BRACKETS_UP: Failure =
    Failure::DirectV6("it then looks the address up as a name, brackets included (ENOTFOUND)");

const NPM_RULES: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_TRIMMED,
        star: false,
        tests: &[Test { steps: &[], by: By::Labels(Subject::WHATWG) }],
    }],
    failures: &[LOOKS_BRACKETS_UP],
};

const GAXIOS_RULES: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_TRIMMED,
        star: false,
        tests: &[
            Test { steps: &[Step::StarDotToDot, Step::Dotted], by: By::Tail(Subject::WHATWG) },
            Test { steps: &[], by: By::Exact(Subject::WHATWG) },
            Test { steps: &[], by: By::Origin },
        ],
    }],
    failures: &[Failure::Userinfo("fetch refuses a URL with a user in it")],
};

const AZURE_RULES: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_TRIMMED,
        star: false,
        tests: &[
            Test { steps: &[Step::Dotted, Step::CutFront(".")], by: By::Covers(Subject::WHATWG) },
            Test { steps: &[Step::NotDotted], by: By::Exact(Subject::WHATWG) },
        ],
    }],
    failures: &[LOOKS_BRACKETS_UP],
};

const HOST_PORT: Subject = Subject::WHATWG.port(PortPart::Always);

const ACTIONS_RULES: Rules = Rules {
    implicit: Implicit::LoopbackText,
    passes: &[Pass {
        list: COMMA_TRIMMED,
        star: false,
        tests: &[
            STAR,
            Test { steps: &[Step::Lower], by: By::Covers(Subject::WHATWG) },
            Test { steps: &[Step::Lower], by: By::Covers(HOST_PORT) },
            Test { steps: &[Step::Lower, Step::Dotted], by: By::Tail(Subject::WHATWG) },
            Test { steps: &[Step::Lower, Step::Dotted], by: By::Tail(HOST_PORT) },
        ],
    }],
    failures: &[LOOKS_BRACKETS_UP],
};

pub(super) static CLIENTS: &[Client] = &[
    Client {
        id: "proxy-from-env",
        version: "1–2",
        with: "",
        source: "index.js shouldProxy",
        variables: FROM_ENV,
        rules: PROXY_FROM_ENV,
    },
    Client {
        id: "axios",
        version: "1.21",
        with: "",
        source: "proxy-from-env, then lib/helpers/shouldBypassProxy.js",
        variables: FROM_ENV,
        rules: AXIOS,
    },
    Client {
        id: "npm",
        version: "10–12",
        with: "",
        source: "@npmcli/agent lib/proxy.js isNoProxy",
        variables: NPM,
        rules: NPM_RULES,
    },
    Client {
        id: "gaxios",
        version: "7",
        with: "",
        source: "src/gaxios.ts #urlMayUseProxy",
        variables: GAXIOS,
        rules: GAXIOS_RULES,
    },
    Client {
        id: "azure-core-rest-pipeline",
        version: "1.24–1.25",
        with: "",
        source: "@typespec/ts-http-runtime proxyPolicy isBypassed",
        variables: AZURE,
        rules: AZURE_RULES,
    },
    Client {
        id: "actions-http-client",
        version: "4",
        with: "",
        source: "lib/proxy.js checkBypass",
        variables: LOWER_FIRST,
        rules: ACTIONS_RULES,
    },
];
