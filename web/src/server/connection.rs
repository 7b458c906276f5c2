//! Serves one HTTP/1.1 connection, with time-outs.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use super::write_timeout::{WRITE_TIMEOUT, WriteTimeout};
use crate::client_address::PeerAddress;
use crate::limits::ConnectionPermit;

/// For the head of a request, so also the maximum idle time of a connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const HEAD_BYTES_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 100;
/// Browsers reconnect without a visible delay, so no connection needs to last longer.
const AGE_MAX: Duration = Duration::from_mins(5);
/// For the current request when the connection should close.
const FINISH_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves a connection until it ends, is upgraded or too old, or the server stops.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    permit: ConnectionPermit,
    router: Router,
    stopped: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| respond(router.clone(), request, peer, permit.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(WriteTimeout::new(stream, WRITE_TIMEOUT)), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return log(ended),
        () = should_close(stopped) => connection.as_mut().graceful_shutdown(),
    }
    if let Ok(ended) = timeout(FINISH_TIMEOUT, connection).await {
        log(ended);
    } else {
        tracing::debug!(%peer, "a connection was closed during a request");
    }
}

async fn respond(
    router: Router,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    permit: ConnectionPermit,
) -> Result<Response<Body>, Infallible> {
    request.extensions_mut().insert(PeerAddress(peer));
    request.extensions_mut().insert(permit);
    router.oneshot(request.map(Body::new)).await
}

async fn should_close(mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = sleep(AGE_MAX) => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

/// At debug level, since the peer is the cause.
fn log(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;
    use crate::limits::ConnectionLimiter;

    const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_disconnected_and_its_permit_is_released() {
        let limiter = ConnectionLimiter::new(1, None);
        let permit = limiter.permit(limiter.acquire().await, PEER.ip()).expect("a permit");
        let router = Router::new().route("/", get(async || "x".repeat(1 << 20)));
        let (ours, mut peer) = duplex(1 << 10);
        let (_stopping, stopped) = watch::channel(false);
        let started_at = Instant::now();
        tokio::spawn(serve(ours, PEER, permit, router, stopped));

        peer.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        limiter.all_closed().await;

        assert_eq!(started_at.elapsed().as_secs(), WRITE_TIMEOUT.as_secs());
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.expect("buffered bytes can be read");
        assert!(
            received.starts_with(b"HTTP/1.1 200") && received.len() <= 1 << 10,
            "{}",
            received.len()
        );
    }
}
