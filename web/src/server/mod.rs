//! The server: accepts connections, holds each to its limits, and goes away without losing anything.

mod connection;
mod drain;
pub mod open_files;
mod pace;
mod places;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::compose::Site;
use crate::config::Config;
use crate::http::address::counted;

pub(crate) use drain::go_away;
pub use drain::linger;
pub(crate) use places::Place;
use places::Places;

/// What the system takes of one connection beyond what it can send. More would only hide for long that
/// a client does not read.
const UNSENT_BYTES_MAX: u32 = 64 * 1024;
/// How long to wait when the system has no more sockets to give.
const BREATH: Duration = Duration::from_millis(100);

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("{0} is taken by another program; end that, or choose another port with --listen")]
    Taken(SocketAddr),
    /// The system says no.
    #[error("cannot listen on {address}: {reason}")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// Why.
        reason: io::Error,
    },
}

/// Takes the address.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|reason| match reason.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken(address),
        _ => BindError::Refused { address, reason },
    })
}

/// A part without which nothing is served has ended by itself.
#[derive(Debug, thiserror::Error)]
#[error("a part that has to run for ever has ended; the lines above say why")]
pub struct Broken;

/// Serves until `stop`, then lets everybody finish; `hurry` cuts that short.
pub async fn serve(
    listener: TcpListener,
    mut site: Site,
    config: &Config,
    stop: impl Future<Output = ()>,
    hurry: impl Future<Output = ()>,
) -> Result<(), Broken> {
    let is_direct = config.trusted_proxies == 0;
    let per_address_max = is_direct.then_some(config.server.sockets_per_address_max);
    let places = Places::new(config.server.connections_max, per_address_max);
    let (stopping, stopped) = watch::channel(false);
    let router = site.router.clone();
    let ended = tokio::select! {
        () = accept(&listener, &router, &places, &stopped) => Ok(()),
        () = site.broken() => Err(Broken),
        () = stop => Ok(()),
    };
    drop(listener);
    stopping.send_replace(true);
    go_away(site, places.all_free(), config.drain_within, hurry).await;
    ended
}

async fn accept(
    listener: &TcpListener,
    router: &Router,
    places: &Places,
    stopped: &watch::Receiver<bool>,
) {
    loop {
        // Whoever comes while all places are taken waits in the system's own queue.
        let free = places.wait().await;
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(BREATH).await;
                continue;
            }
        };
        if let Some(place) = places.take(free, counted(peer.ip())) {
            begin(stream, peer, place, router.clone(), stopped.clone());
        } else {
            tracing::debug!(%peer, "too many connections from this address");
        }
    }
}

fn begin(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    router: Router,
    stopped: watch::Receiver<bool>,
) {
    // Answers are whole when they are written, so waiting for more to send would only delay them.
    if let Err(error) = stream.set_nodelay(true).and_then(|()| keep_little_unsent(&stream)) {
        tracing::debug!(%error, "a connection was gone before it began");
    }
    tokio::spawn(connection::serve(stream, peer, place, router, stopped));
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn keep_little_unsent(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn keep_little_unsent(_: &TcpStream) -> io::Result<()> {
    Ok(())
}
