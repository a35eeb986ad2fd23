//! Python's own urllib, and the HTTP clients that people call by name.

use super::{COMMA, COMMA_TRIMMED, Cgi, Client, Empty, Variables, lookup};
use crate::clients::rules::{
    Base, Blocks, By, Failure, Implicit, Length, List, Pass, PortPart, Rules, STAR, Step, Subject,
    Test, Trim, Zero,
};

/// `getproxies_environment`: any case, lower case wins, and an empty lower-case one removes.
pub(super) const GETPROXIES: Variables = Variables {
    http: lookup(Empty::Ends, &[&["http_proxy", "HTTP_PROXY"]]),
    https: lookup(Empty::Ends, &[&["https_proxy", "HTTPS_PROXY"]]),
    no_proxy: lookup(Empty::Ends, &[&["no_proxy", "NO_PROXY"]]),
    cgi: Cgi::HidesUpper,
    instead: None,
};

/// The same, with ALL_PROXY for what has no proxy of its own.
pub(super) const GETPROXIES_ALL: Variables = Variables {
    http: lookup(Empty::Ends, &[&["http_proxy", "HTTP_PROXY"], &["all_proxy", "ALL_PROXY"]]),
    https: lookup(Empty::Ends, &[&["https_proxy", "HTTPS_PROXY"], &["all_proxy", "ALL_PROXY"]]),
    ..GETPROXIES
};

/// requests reads no_proxy itself, where an empty one is as if unset.
pub(super) const REQUESTS: Variables =
    Variables { no_proxy: lookup(Empty::Skips, &[&["no_proxy", "NO_PROXY"]]), ..GETPROXIES_ALL };

/// urllib's test, of a text that may hold a port.
const fn urllib(subject: Subject) -> Test {
    Test { steps: &[Step::CutDots, Step::Lower], by: By::Urllib(subject) }
}

const NETLOC_PASSES: &[Pass] =
    &[Pass { list: COMMA_TRIMMED, star: true, tests: &[urllib(Subject::NETLOC)] }];

/// `proxy_bypass` of the whole authority, as urllib and botocore ask it.
pub(super) const OF_NETLOC: Rules =
    Rules { implicit: Implicit::Nothing, passes: NETLOC_PASSES, failures: &[] };

/// The same, of urllib itself, which would also connect to the whole authority.
const URLLIB: Rules = Rules {
    failures: &[Failure::DirectUserinfo(
        "without a proxy it takes the user in the URL for a part of the host",
    )],
    ..OF_NETLOC
};

/// `proxy_bypass` of the host alone, an IPv6 address without brackets.
const OF_HOST: Pass = Pass { list: COMMA_TRIMMED, star: true, tests: &[urllib(Subject::LOWER)] };

/// The same, where the URL's parser has shortened an IPv6 address (without a dotted quad in it,
/// as Python before 3.13) and decoded a name.
pub(super) const OF_SHORT_HOST: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_TRIMMED,
        star: true,
        tests: &[urllib(Subject::WHATWG.bare().unicode())],
    }],
    failures: &[],
};

/// `proxy_bypass` of host and port, which is always there (websockets).
pub(super) const OF_HOST_PORT: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_TRIMMED,
        star: true,
        tests: &[urllib(Subject::LOWER.port(PortPart::Always))],
    }],
    failures: &[Failure::BareUser("a URL with a user and no password is no valid URI to it")],
};

/// `address_in_network` and `is_valid_cidr` of requests.
const REQUESTS_BLOCKS: Blocks = Blocks {
    v6: false,
    base: Base::Aton,
    length: Length::PythonInt,
    zero: Zero::Void,
    ..Blocks::STRICT
};

const REQUESTS_LIST: List = List { trim: Trim::AllSpaces, ..COMMA };
const WITH_PORT: Subject = Subject::LOWER.port(PortPart::AsWritten);

const REQUESTS_BLOCK: Test = Test { steps: &[Step::DropSpaces], by: By::Blocks(&REQUESTS_BLOCKS) };
const REQUESTS_ADDRESS: Test =
    Test { steps: &[Step::DropSpaces, Step::HostIsV4], by: By::Exact(Subject::LOWER) };

const NAME: &[Step] = &[Step::HostIsNotV4, Step::DropSpaces, Step::NotEmpty];
const DOTLESS_NAME: &[Step] = &[Step::HostIsNotV4, Step::DropSpaces, Step::NotEmpty, Step::CutDots];

pub(super) const REQUESTS_2_33: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[
        Pass {
            list: REQUESTS_LIST,
            star: false,
            tests: &[
                REQUESTS_BLOCK,
                REQUESTS_ADDRESS,
                Test { steps: NAME, by: By::Tail(Subject::LOWER) },
                Test { steps: NAME, by: By::Tail(WITH_PORT) },
            ],
        },
        OF_HOST,
    ],
    failures: &[],
};

pub(super) const REQUESTS_2_34: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[
        Pass {
            list: REQUESTS_LIST,
            star: false,
            tests: &[
                REQUESTS_BLOCK,
                REQUESTS_ADDRESS,
                Test { steps: DOTLESS_NAME, by: By::Covers(Subject::LOWER) },
                Test { steps: DOTLESS_NAME, by: By::Covers(WITH_PORT) },
            ],
        },
        OF_HOST,
    ],
    failures: &[],
};

const HTTPX: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_TRIMMED,
        star: false,
        tests: &[STAR, Test { steps: &[], by: By::Httpx }],
    }],
    failures: &[Failure::Pattern],
};

const REQUESTS_SOURCE: &str = "requests/utils.py should_bypass_proxies, then urllib";

pub(super) static CLIENTS: &[Client] = &[
    Client {
        id: "python-urllib",
        version: "3",
        with: "",
        source: "Lib/urllib/request.py proxy_bypass_environment",
        variables: GETPROXIES,
        rules: URLLIB,
    },
    Client {
        id: "requests",
        version: "≤2.33",
        with: "",
        source: REQUESTS_SOURCE,
        variables: REQUESTS,
        rules: REQUESTS_2_33,
    },
    Client {
        id: "requests",
        version: "≥2.34",
        with: "",
        source: REQUESTS_SOURCE,
        variables: REQUESTS,
        rules: REQUESTS_2_34,
    },
    Client {
        id: "pip",
        version: "≤26.1",
        with: "its vendored requests 2.3x",
        source: REQUESTS_SOURCE,
        variables: REQUESTS,
        rules: REQUESTS_2_33,
    },
    Client {
        id: "pip",
        version: "≥26.2",
        with: "its vendored requests ≥2.34",
        source: REQUESTS_SOURCE,
        variables: REQUESTS,
        rules: REQUESTS_2_34,
    },
    Client {
        id: "httpx",
        version: "0.28",
        with: "",
        source: "httpx/_utils.py get_environment_proxies, URLPattern",
        variables: GETPROXIES_ALL,
        rules: HTTPX,
    },
    Client {
        id: "aiohttp",
        version: "3",
        with: "trust_env",
        source: "aiohttp/helpers.py get_env_proxy_for_url, then urllib",
        variables: GETPROXIES,
        rules: OF_SHORT_HOST,
    },
    Client {
        id: "urllib3",
        version: "1–2",
        with: "",
        source: "none",
        variables: Variables {
            instead: Some(super::never("it never reads the environment")),
            ..GETPROXIES
        },
        rules: OF_NETLOC,
    },
];
