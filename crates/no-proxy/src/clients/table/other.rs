//! Ruby, Java and .NET.

use super::{
    COMMA, COMMA_TRIMMED, Cgi, Client, Empty, LOWER_FIRST, List, Variables, lookup, never,
};
use crate::clients::rules::{
    Blocks, By, Implicit, Length, Pass, Ports, Rules, Separators, Step, Subject, Test,
};

/// Net::HTTP asks for http's proxy, whatever the URL's scheme.
const RUBY: Variables = Variables {
    http: lookup(Empty::Ends, &[&["http_proxy", "HTTP_PROXY"]]),
    https: lookup(Empty::Ends, &[&["http_proxy", "HTTP_PROXY"]]),
    no_proxy: lookup(Empty::Ends, &[&["no_proxy", "NO_PROXY"]]),
    cgi: Cgi::HidesUpper,
    instead: None,
};

const DOTNET: Variables = Variables {
    http: lookup(Empty::Skips, &[&["http_proxy", "HTTP_PROXY"], &["all_proxy", "ALL_PROXY"]]),
    https: lookup(Empty::Skips, &[&["https_proxy", "HTTPS_PROXY"], &["all_proxy", "ALL_PROXY"]]),
    cgi: Cgi::HidesUpper,
    ..LOWER_FIRST
};

const RUBY_LIST: List = List { separators: Separators::Ruby, ..COMMA };
const RUBY_BLOCKS: Blocks =
    Blocks { length: Length::PlainOrNetmask, alone: true, ..Blocks::STRICT };

const RUBY_RULES: Rules = Rules {
    implicit: Implicit::LoopbackResolved,
    passes: &[Pass {
        list: RUBY_LIST,
        star: false,
        tests: &[
            Test {
                steps: &[Step::Port(Ports::Ruby), Step::Dotted, Step::Lower],
                by: By::Tail(Subject::LOWER),
            },
            Test {
                steps: &[Step::Port(Ports::Ruby), Step::NotDotted, Step::Lower],
                by: By::Covers(Subject::LOWER),
            },
            Test { steps: &[Step::Port(Ports::Ruby)], by: By::Blocks(&RUBY_BLOCKS) },
            Test { steps: &[Step::Port(Ports::Ruby)], by: By::Resolved(&RUBY_BLOCKS) },
        ],
    }],
    failures: &[],
};

/// Commas have become `|`, and nothing else has changed.
const JAVA_RULES: Rules = Rules {
    implicit: Implicit::Java,
    passes: &[Pass {
        list: List { separators: Separators::CommaBar, ..COMMA },
        star: false,
        tests: &[Test { steps: &[Step::Lower], by: By::Glob(Subject::LOWER.brackets()) }],
    }],
    failures: &[],
};

const DOTNET_RULES: Rules = Rules {
    implicit: Implicit::Nothing,
    passes: &[Pass {
        list: COMMA_TRIMMED,
        star: false,
        tests: &[
            Test {
                steps: &[Step::Lower, Step::Dotted, Step::CutFront(".")],
                by: By::Covers(Subject::WHATWG),
            },
            Test { steps: &[Step::Lower, Step::NotDotted], by: By::Exact(Subject::WHATWG) },
        ],
    }],
    failures: &[],
};

const SELECTOR: &str = "sun.net.spi.DefaultProxySelector";

pub(super) static CLIENTS: &[Client] = &[
    Client {
        id: "ruby",
        version: "≥2.7",
        with: "",
        source: "uri/generic.rb find_proxy, use_proxy?",
        variables: RUBY,
        rules: RUBY_RULES,
    },
    Client {
        id: "java",
        version: "≥8",
        with: "",
        source: SELECTOR,
        variables: Variables {
            instead: Some(never("it ignores the environment: only -Dhttp.proxyHost and the like")),
            ..LOWER_FIRST
        },
        rules: JAVA_RULES,
    },
    Client {
        id: "java-nonproxyhosts",
        version: "≥8",
        with: "NO_PROXY with | for commas",
        source: SELECTOR,
        variables: LOWER_FIRST,
        rules: JAVA_RULES,
    },
    Client {
        id: "dotnet",
        version: "≥6",
        with: "",
        source: "System.Net.Http HttpEnvironmentProxy.cs",
        variables: DOTNET,
        rules: DOTNET_RULES,
    },
];
