//! Python's libraries that bring a reading of their own, or borrow one.

use super::python::{
    GETPROXIES, GETPROXIES_ALL, OF_HOST_PORT, OF_NETLOC, OF_SHORT_HOST, REQUESTS, REQUESTS_2_33,
    REQUESTS_2_34,
};
use super::{COMMA, COMMA_TRIMMED, Cgi, Client, Empty, List, Trim, Variables, lookup, never};
use crate::clients::rules::{
    Blocks, By, Failure, Implicit, Length, Pass, Rules, STAR, Step, Subject, Test,
};
use crate::clients::variables::Instead;

/// Lower case, even when empty, then upper.
const GET_OR: Variables = Variables {
    http: lookup(Empty::Ends, &[&["http_proxy", "HTTP_PROXY"]]),
    https: lookup(Empty::Ends, &[&["https_proxy", "HTTPS_PROXY"]]),
    no_proxy: lookup(Empty::Ends, &[&["no_proxy", "NO_PROXY"]]),
    cgi: Cgi::Nothing,
    instead: None,
};

/// The first of these that is there serves every URL.
const KUBERNETES_34: Variables = Variables {
    http: lookup(Empty::Skips, &[&["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"]]),
    https: lookup(Empty::Skips, &[&["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"]]),
    instead: Some(Instead::AlwaysProxy(
        "its Configuration reads NO_PROXY and then sets no_proxy to None: the list is always lost",
    )),
    ..GET_OR
};

/// A WebSocket without TLS prefers the proxy for https.
const WEBSOCKETS: Variables = Variables {
    http: lookup(
        Empty::Ends,
        &[
            &["ws_proxy", "WS_PROXY"],
            &["socks_proxy", "SOCKS_PROXY"],
            &["https_proxy", "HTTPS_PROXY"],
            &["http_proxy", "HTTP_PROXY"],
        ],
    ),
    https: lookup(
        Empty::Ends,
        &[
            &["wss_proxy", "WSS_PROXY"],
            &["socks_proxy", "SOCKS_PROXY"],
            &["https_proxy", "HTTPS_PROXY"],
        ],
    ),
    ..GETPROXIES
};

const NETMASKS: Blocks = Blocks { length: Length::Netmask, alone: true, ..Blocks::STRICT };
const STRICT_NETMASKS: Blocks = Blocks { exact_base: true, ..NETMASKS };

const KUBERNETES_37: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_TRIMMED,
        star: false,
        tests: &[
            STAR,
            Test { steps: &[], by: By::Blocks(&NETMASKS) },
            Test { steps: &[Step::Lower, Step::CutDots], by: By::Covers(Subject::LOWER) },
            Test { steps: &[Step::Lower, Step::CutDots], by: By::Covers(Subject::NETLOC) },
        ],
    }],
    failures: &[],
};

const WEBSOCKET_CLIENT: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: List { trim: Trim::AllSpaces, keeps_empty: true, ..COMMA },
        star: false,
        tests: &[
            Test { steps: &[Step::DropSpaces, Step::Is("*")], by: By::Everything },
            Test { steps: &[Step::DropSpaces], by: By::Exact(Subject::LOWER) },
            Test { steps: &[Step::DropSpaces], by: By::Blocks(&STRICT_NETMASKS) },
            Test {
                steps: &[Step::HostIsName, Step::DropSpaces, Step::Dotted, Step::CutDots],
                by: By::Tail(Subject::LOWER),
            },
            Test {
                steps: &[Step::HostIsName, Step::DropSpaces, Step::NotDotted],
                by: By::Covers(Subject::LOWER),
            },
        ],
    }],
    failures: &[],
};

/// A user in the URL stays a part of the host.
const HTTPLIB2_HOST: Subject = Subject::LOWER.userinfo();

const HTTPLIB2_PASSES: &[Pass] = &[Pass {
    list: COMMA,
    star: true,
    tests: &[
        Test { steps: &[Step::Dotted, Step::CutFront(".")], by: By::Covers(HTTPLIB2_HOST) },
        Test { steps: &[], by: By::Exact(HTTPLIB2_HOST) },
    ],
}];

const HTTPLIB2_PASSWORD: Failure =
    Failure::Password("it takes the password in the URL for a port (InvalidURL)");

const HTTPLIB2: Rules =
    Rules { implicit: Implicit::Nothing, passes: HTTPLIB2_PASSES, failures: &[HTTPLIB2_PASSWORD] };

pub(super) static CLIENTS: &[Client] = &[
    Client {
        id: "kubernetes",
        version: "≤33",
        with: "",
        source: "kubernetes/client/rest.py",
        variables: Variables {
            instead: Some(never(
                "it takes no proxy from the environment, only Configuration.proxy",
            )),
            ..GET_OR
        },
        rules: REQUESTS_2_33,
    },
    Client {
        id: "kubernetes",
        version: "34.1–35",
        with: "",
        source: "kubernetes/client/configuration.py",
        variables: KUBERNETES_34,
        rules: REQUESTS_2_33,
    },
    Client {
        id: "kubernetes",
        version: "36",
        with: "",
        source: "kubernetes/client/rest.py, then requests",
        variables: GETPROXIES_ALL,
        rules: REQUESTS_2_34,
    },
    Client {
        id: "kubernetes",
        version: "≥37",
        with: "",
        source: "kubernetes/client/rest.py should_bypass_proxies",
        variables: GETPROXIES_ALL,
        rules: KUBERNETES_37,
    },
    Client {
        id: "kubernetes-asyncio",
        version: "36",
        with: "",
        source: "aiohttp with trust_env",
        variables: GETPROXIES,
        rules: OF_SHORT_HOST,
    },
    Client {
        id: "botocore",
        version: "1",
        with: "",
        source: "botocore/utils.py should_bypass_proxies, then urllib",
        variables: GETPROXIES,
        rules: Rules {
            failures: &[Failure::HostName("such a host name makes an invalid endpoint")],
            ..OF_NETLOC
        },
    },
    Client {
        id: "httplib2",
        version: "0.32",
        with: "PySocks",
        source: "httplib2/__init__.py ProxyInfo.bypass_host",
        variables: GET_OR,
        rules: HTTPLIB2,
    },
    Client {
        id: "httplib2",
        version: "0.32",
        with: "no PySocks",
        source: "httplib2/__init__.py ProxyInfo.isgood",
        variables: GET_OR,
        rules: Rules {
            implicit: Implicit::Secure(
                "without PySocks it goes direct for https, and says nothing",
            ),
            failures: &[
                HTTPLIB2_PASSWORD,
                Failure::PlainHttp(
                    "without PySocks it raises ProxiesUnavailableError once http_proxy is set",
                ),
            ],
            ..HTTPLIB2
        },
    },
    Client {
        id: "websocket-client",
        version: "1.9",
        with: "",
        source: "websocket/_url.py _is_no_proxy_host",
        variables: GET_OR,
        rules: WEBSOCKET_CLIENT,
    },
    Client {
        id: "websockets",
        version: "≥15",
        with: "",
        source: "websockets/proxy.py get_proxy, then urllib",
        variables: WEBSOCKETS,
        rules: OF_HOST_PORT,
    },
    Client {
        id: "gcloud",
        version: "528",
        with: "",
        source: "vendored requests 2.32",
        variables: REQUESTS,
        rules: REQUESTS_2_33,
    },
];
