//! One connection: how long it may take over what.

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

use super::Place;
use super::pace::{PATIENCE, Paced};
use crate::http::address::Peer;

/// For a request's head, and so also how long a connection may idle.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
const HEAD_BYTES_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 100;
/// A browser opens a new connection without anybody noticing, so none has to grow old.
const AGE_MAX: Duration = Duration::from_mins(5);
/// For the request that is under way when a connection is to end.
const FINISH_WITHIN: Duration = Duration::from_secs(30);

/// Serves a connection until it ends, is upgraded, grows old, or the server stops.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    place: Place,
    router: Router,
    stopped: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| answer(router.clone(), request, peer, place.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(Paced::new(stream, PATIENCE)), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return log(ended),
        () = time_to_end(stopped) => connection.as_mut().graceful_shutdown(),
    }
    if let Ok(ended) = timeout(FINISH_WITHIN, connection).await {
        log(ended);
    } else {
        tracing::debug!(%peer, "a connection was cut");
    }
}

async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    place: Place,
) -> Result<Response<Body>, Infallible> {
    request.extensions_mut().insert(Peer(peer));
    request.extensions_mut().insert(place);
    router.oneshot(request.map(Body::new)).await
}

async fn time_to_end(mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = sleep(AGE_MAX) => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

/// What a peer does wrong is its own affair.
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
    use crate::server::places::Places;

    const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_its_page_is_cut_and_leaves_its_place() {
        let places = Places::new(1, None);
        let place = places.take(places.wait().await, PEER.ip()).expect("a place");
        let router = Router::new().route("/", get(async || "x".repeat(1 << 20)));
        let (ours, mut peer) = duplex(1 << 10);
        let (_stopping, stopped) = watch::channel(false);
        let begun = Instant::now();
        tokio::spawn(serve(ours, PEER, place, router, stopped));

        peer.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        places.all_free().await;

        assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
        let mut came = Vec::new();
        peer.read_to_end(&mut came).await.expect("what was sent before is there");
        assert!(came.starts_with(b"HTTP/1.1 200") && came.len() <= 1 << 10, "{}", came.len());
    }
}
