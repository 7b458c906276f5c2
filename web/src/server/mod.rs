//! The HTTP server: accepts connections within the limits and shuts down gracefully.

mod connection;
mod graceful_shutdown;
pub mod open_file_limit;
mod write_timeout;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client_address::ClientAddress;
use crate::composition::RunningApp;
use crate::config::Config;
use crate::limits::{ConnectionLimiter, ConnectionPermit};

pub use graceful_shutdown::abort_timeout;
pub(crate) use graceful_shutdown::shut_down;

/// Unsent bytes that the kernel buffers for a connection. A larger buffer would hide for longer
/// that a client does not read.
const UNSENT_BYTES_MAX: u32 = 64 * 1024;
/// Connections that the kernel accepts ahead, as far as `net.core.somaxconn` allows. After an outage
/// all clients connect at once, and one that finds the queue full tries again after a second.
const BACKLOG: u32 = 16 * 1024;
/// Pause after a failed accept, as when no file descriptors are left.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program uses the port.
    #[error(
        "{0} is already in use by another program; stop it, or choose another port with --listen"
    )]
    InUse(SocketAddr),
    /// The operating system refuses.
    #[error("cannot listen on {address}: {reason}")]
    Refused {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        reason: io::Error,
    },
}

/// Binds the address.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    listen(address).map_err(|reason| match reason.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address),
        _ => BindError::Refused { address, reason },
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of a former process may still be closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// An essential task, such as the gateway or the worker, has ended.
#[derive(Debug, thiserror::Error)]
#[error("an essential task has ended; see the log above for the reason")]
pub struct EssentialTaskEnded;

/// Serves until `stop`, then shuts down gracefully. `hurry` skips the wait.
pub async fn serve(
    listener: TcpListener,
    mut running: RunningApp,
    config: &Config,
    stop: impl Future<Output = ()>,
    hurry: impl Future<Output = ()>,
) -> Result<(), EssentialTaskEnded> {
    let is_direct = config.trusted_proxies == 0;
    let per_address_max = is_direct.then_some(config.server.sockets_per_address_max);
    let limiter = ConnectionLimiter::new(config.server.connections_max, per_address_max);
    let limiter = Arc::new(limiter);
    let (stopping, stopped) = watch::channel(false);
    let accepting = accept(listener, running.router.clone(), Arc::clone(&limiter), stopped);
    // A task, because the threads of the runtime wake each other faster than the main thread.
    let mut accept_task = JoinSet::new();
    accept_task.spawn(accepting);
    let ended = tokio::select! {
        // It ends only by a panic.
        Some(_) = accept_task.join_next() => Err(EssentialTaskEnded),
        () = running.essential_task_ended() => Err(EssentialTaskEnded),
        () = stop => Ok(()),
    };
    accept_task.shutdown().await;
    stopping.send_replace(true);
    shut_down(running, limiter.all_closed(), config.drain_within, hurry).await;
    ended
}

async fn accept(
    listener: TcpListener,
    router: Router,
    limiter: Arc<ConnectionLimiter>,
    stopped: watch::Receiver<bool>,
) {
    loop {
        // Further connections wait in the kernel's accept queue.
        let permit = limiter.acquire().await;
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        if let Some(permit) = limiter.permit(permit, ClientAddress::of(peer.ip()).0) {
            spawn(stream, peer, permit, router.clone(), stopped.clone());
        } else {
            tracing::debug!(%peer, "too many connections from this address");
        }
    }
}

fn spawn(
    stream: TcpStream,
    peer: SocketAddr,
    permit: ConnectionPermit,
    router: Router,
    stopped: watch::Receiver<bool>,
) {
    // Responses are written in one piece, so Nagle's algorithm would only delay them.
    if let Err(error) = stream.set_nodelay(true).and_then(|()| limit_unsent_bytes(&stream)) {
        tracing::debug!(%error, "a connection closed before it was served");
    }
    tokio::spawn(connection::serve(stream, peer, permit, router, stopped));
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn limit_unsent_bytes(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn limit_unsent_bytes(_: &TcpStream) -> io::Result<()> {
    Ok(())
}
