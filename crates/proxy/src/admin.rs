//! The admin pages: `/healthz`, `/readyz`, `/metrics`. On a listener of their own, never on the
//! proxy's port.

use std::convert::Infallible;
use std::pin::pin;
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
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Most connections at once. A scraper and the kubelet need a few.
const MAX_CONNECTIONS: usize = 32;
/// How long one connection may last, whatever it does.
const MAX_AGE: Duration = Duration::from_secs(60);
/// How long a request's head may take.
const HEADER: Duration = Duration::from_secs(5);

/// Serves the pages on `listener` for as long as the future is polled.
pub(crate) async fn serve(
    listener: TcpListener,
    draining: CancellationToken,
    prometheus: PrometheusHandle,
) {
    let connections = futures_util::stream::FuturesUnordered::new();
    let mut connections = pin!(connections);
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.push(connection(stream, draining.clone(), prometheus.clone()));
                }
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(()) = futures_util::StreamExt::next(&mut connections) => {}
        }
    }
}

async fn connection(stream: TcpStream, draining: CancellationToken, prometheus: PrometheusHandle) {
    let service = service_fn(|request| {
        let response = page(&request, &draining, &prometheus);
        async move { Ok::<_, Infallible>(response) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .serve_connection(TokioIo::new(stream), service);
    // What fails here fails for this reader alone, who sees it.
    let _ended = timeout(MAX_AGE, serving).await;
}

fn page(
    request: &Request<Incoming>,
    draining: &CancellationToken,
    prometheus: &PrometheusHandle,
) -> Response<Full<Bytes>> {
    let (status, text) = match request.uri().path() {
        _ if !matches!(*request.method(), Method::GET | Method::HEAD) => {
            (StatusCode::METHOD_NOT_ALLOWED, "GET only\n".to_owned())
        }
        "/healthz" => (StatusCode::OK, "ok\n".to_owned()),
        "/readyz" if draining.is_cancelled() => {
            (StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned())
        }
        "/readyz" => (StatusCode::OK, "ready\n".to_owned()),
        "/metrics" => (StatusCode::OK, prometheus.render()),
        _ => (StatusCode::NOT_FOUND, "pages: /healthz /readyz /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
