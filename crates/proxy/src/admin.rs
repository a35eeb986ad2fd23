//! The admin pages: `/healthz`, `/readyz`, `/metrics`, `/denials`. On a listener of their own, never on the
//! proxy's port.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::denials::Rows;
use crate::gate::Gate;
use crate::usage::Used;

/// Most connections at once. A scraper and the kubelet need a few.
const MAX_CONNECTIONS: usize = 32;
/// How long one connection may last, whatever it does.
const MAX_AGE: Duration = Duration::from_secs(60);
/// How long a request's head may take.
const HEADER: Duration = Duration::from_secs(5);

/// Serves the pages on `listener` for as long as the future is polled.
pub(crate) async fn serve(listener: TcpListener, gate: Arc<Gate>, prometheus: PrometheusHandle) {
    let connections = futures_util::stream::FuturesUnordered::new();
    let mut connections = pin!(connections);
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, peer)) => {
                    connections.push(connection(stream, peer, Arc::clone(&gate), prometheus.clone()));
                }
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(()) = futures_util::StreamExt::next(&mut connections) => {}
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    gate: Arc<Gate>,
    prometheus: PrometheusHandle,
) {
    let service = service_fn(|request| {
        let response = page(&request, peer, &gate, &prometheus);
        async move { Ok::<_, Infallible>(response) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .serve_connection(TokioIo::new(stream), service);
    // What fails here fails for this reader alone, who sees it.
    let _ended = timeout(MAX_AGE, serving).await;
}

const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

fn page(
    request: &Request<Incoming>,
    peer: SocketAddr,
    gate: &Gate,
    prometheus: &PrometheusHandle,
) -> Response<Full<Bytes>> {
    let (mut status, mut kind) = (StatusCode::OK, PLAIN);
    let text = match request.uri().path() {
        _ if !matches!(*request.method(), Method::GET | Method::HEAD) => {
            status = StatusCode::METHOD_NOT_ALLOWED;
            "GET only\n".to_owned()
        }
        "/healthz" => "ok\n".to_owned(),
        "/readyz" if gate.draining.is_cancelled() => {
            status = StatusCode::SERVICE_UNAVAILABLE;
            "draining\n".to_owned()
        }
        "/readyz" => "ready\n".to_owned(),
        "/metrics" => prometheus.render(),
        // Who asks for what is not for everybody who may read metrics.
        "/denials" if !peer.ip().to_canonical().is_loopback() => {
            status = StatusCode::FORBIDDEN;
            "from loopback only: run `pinhole suggest` where the proxy runs, as by kubectl exec\n"
                .to_owned()
        }
        "/denials" => {
            kind = "application/json";
            denials(gate)
        }
        _ => {
            status = StatusCode::NOT_FOUND;
            "pages: /healthz /readyz /metrics /denials\n".to_owned()
        }
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// What was denied, and which rules of the configuration in force were used.
fn denials(gate: &Gate) -> String {
    #[derive(Serialize)]
    struct Page {
        #[serde(flatten)]
        rows: Rows,
        /// Since when the configuration is in force, and with it the counts of its rules.
        rules_since: String,
        rules: Vec<Used>,
    }
    let snapshot = gate.snapshot();
    let since = humantime::format_rfc3339_millis(snapshot.usage.since);
    let page = Page {
        rows: gate.denials.rows(),
        rules_since: since.to_string(),
        rules: snapshot.usage.rows(),
    };
    serde_json::to_string(&page).expect("the page is plain data") + "\n"
}
