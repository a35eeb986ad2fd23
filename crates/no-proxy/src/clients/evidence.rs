//! Which rules were checked against the client itself, and at which of its versions.
//!
//! Edit this table when the harness in `tests/no_proxy` runs something new.

use super::Evidence;

/// Client, versions and with what, as in the client table; the versions that were run.
static EXECUTED: &[(&str, &str, &str, &[&str])] = &[
    ("curl", "≤7.85", "", &["7.83.1"]),
    ("curl", "7.86.0", "", &["7.86.0"]),
    ("curl", "7.87–8.8", "", &["7.88.1", "8.8.0"]),
    ("curl", "8.9–8.17", "", &["8.9.0", "8.17.0"]),
    ("curl", "≥8.18", "", &["8.22.0"]),
    ("git", "≥2", "libcurl 7.87–8.8", &["2.47.3"]),
    ("cargo", "≥1", "libcurl 8.9–8.17", &["1.95.0"]),
    ("wget", "1.21–1.25", "", &["1.21.3"]),
    ("wget2", "≤2.0", "", &["1.99.1"]),
    ("apt", "2", "", &["2.6.1"]),
    ("python-urllib", "3", "", &["3.11.7"]),
    ("requests", "≤2.33", "", &["2.33.1"]),
    ("requests", "≥2.34", "", &["2.34.2"]),
    ("pip", "≤26.1", "its vendored requests 2.3x", &["25.3", "26.1.2"]),
    ("pip", "≥26.2", "its vendored requests ≥2.34", &["26.2.1", "26.3"]),
    ("httpx", "0.28", "", &["0.28.1"]),
    ("aiohttp", "3", "trust_env", &["3.14.5"]),
    ("urllib3", "1–2", "", &["2.8.0"]),
    ("kubernetes", "≤33", "", &["33.1.0"]),
    ("kubernetes", "34.1–35", "", &["34.1.0", "35.0.0"]),
    ("kubernetes", "36", "", &["36.0.0"]),
    ("kubernetes", "≥37", "", &["37.0.2"]),
    ("kubernetes-asyncio", "36", "", &["36.1.0"]),
    ("botocore", "1", "", &["1.44.5"]),
    ("httplib2", "0.32", "PySocks", &["0.32.1"]),
    ("httplib2", "0.32", "no PySocks", &["0.32.1"]),
    ("websocket-client", "1.9", "", &["1.9.2"]),
    ("websockets", "≥15", "", &["17.4"]),
    ("go", "≥1.24.1", "", &["1.27.3"]),
    ("kubectl", "≥1.33", "Go ≥1.24.1", &["1.37.1"]),
    ("undici", "6", "", &["6.29.1"]),
    ("undici", "7", "", &["7.30.2"]),
    ("undici", "8", "", &["8.12.4"]),
    ("node-fetch", "24", "NODE_USE_ENV_PROXY=1", &["24.21.0"]),
    ("node-http", "24", "NODE_USE_ENV_PROXY=1", &["24.21.0"]),
    ("bun", "1.4", "", &["1.4.5"]),
    ("proxy-from-env", "1–2", "", &["1.1.0", "2.1.0"]),
    ("axios", "1.21", "", &["1.21.1"]),
    ("npm", "10–12", "", &["11.21.2", "12.2.0"]),
    ("gaxios", "7", "", &["7.3.1"]),
    ("azure-core-rest-pipeline", "1.24–1.25", "", &["1.25.0"]),
    ("actions-http-client", "4", "", &["4.0.1"]),
    ("hyper-util", "0.1", "", &["0.1.21"]),
    ("reqwest", "0.12.28–0.13", "", &["0.13.5"]),
    ("uv", "≥0.13", "", &["0.13.9"]),
    ("deno", "2", "", &["2.9.6"]),
    ("ureq", "3", "", &["3.5.2"]),
    ("attohttpc", "0.31", "", &["0.31.0"]),
    ("grpcio", "≤1.83", "", &["1.80.0"]),
    ("grpcio", "≥1.84", "", &["1.85.1"]),
    ("grpc-js", "1.14", "", &["1.14.7"]),
    ("ruby", "≥2.7", "", &["3.1.7"]),
    ("java", "≥8", "", &["17.0.15"]),
    ("java-nonproxyhosts", "≥8", "NO_PROXY with | for commas", &["17.0.15"]),
];

/// How a rule is known.
pub(super) fn of(id: &str, version: &str, with: &str) -> Evidence {
    EXECUTED
        .iter()
        .find(|row| (row.0, row.1, row.2) == (id, version, with))
        .map_or(Evidence::FromSource, |row| Evidence::Executed(row.3))
}
