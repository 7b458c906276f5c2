//! One AMQP connection, with timeouts for opening it and a way to abort it.

use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lapin::tcp::{AMQPUriTcpExt, AsyncTcpStream, TLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Channel, Connection, ConnectionProperties};
use sockbit_application::mutex::locked;
use tokio::time::{interval, timeout};

use crate::settings::Settings;

/// For the TCP connection and the TLS handshake on it.
const TRANSPORT_TIMEOUT: Duration = Duration::from_secs(4);
/// For everything before the first channel.
const OPEN_TIMEOUT: Duration = Duration::from_secs(8);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// The driver reports a lost connection only to pending operations, so its status is polled.
const STATUS_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Why a connection is unusable.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum BrokerError {
    /// The broker or the network reported an error.
    #[error("{0}")]
    Amqp(#[from] lapin::Error),
    /// The broker did not respond in time.
    #[error("RabbitMQ did not respond in time")]
    Timeout,
}

/// A connection that was opened. Dropping it aborts it.
pub(crate) struct BrokerConnection {
    connection: Connection,
    socket: SocketGuard,
}

impl BrokerConnection {
    /// Opens a connection. The broker shows the name to operators.
    pub async fn open(settings: &Settings, name: &str) -> Result<Self, BrokerError> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let socket = SocketGuard::default();
        let handle = Arc::clone(&socket.0);
        let connecting = Connection::connector(
            settings.uri.clone(),
            lapin::runtime::default_runtime()?,
            async move |uri: AMQPUri, runtime| {
                let connecting = async {
                    let plain = AMQPUri { scheme: AMQPScheme::AMQP, ..uri.clone() };
                    let tls = TLSConfig::default();
                    let stream = plain.connect_with_config_async(tls, &runtime).await?;
                    if let AsyncTcpStream::Plain(stream) = &stream {
                        handle.register(stream.get_ref())?;
                    }
                    match uri.scheme {
                        AMQPScheme::AMQP => Ok(stream),
                        AMQPScheme::AMQPS => {
                            stream.into_tls(&uri.authority.host, TLSConfig::default()).await
                        }
                    }
                };
                let connected: io::Result<_> = timeout(TRANSPORT_TIMEOUT, connecting)
                    .await
                    .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                Ok(connected?)
            },
            properties,
        );
        let connected = timeout(OPEN_TIMEOUT, connecting).await;
        let connection = connected.map_err(|_| BrokerError::Timeout)??;
        Ok(Self { connection, socket })
    }

    pub async fn open_channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// Whether the broker blocks publishers, for lack of memory or disk space.
    pub fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Waits until the connection is lost.
    pub async fn disconnected(&self) {
        let mut poll = interval(STATUS_POLL_INTERVAL);
        while self.connection.status().connected() {
            poll.tick().await;
        }
    }

    /// Closes the connection as AMQP requires, or aborts it if the broker does not respond.
    pub async fn close(&self) {
        let closing = self.connection.close(200, "OK".into());
        if !matches!(timeout(CLOSE_TIMEOUT, closing).await, Ok(Ok(()))) {
            self.abort();
        }
    }

    /// Shuts the socket down at once, whatever state the broker is in.
    pub fn abort(&self) {
        self.socket.0.shut_down();
    }
}

/// Shuts the connection's socket down when it is dropped.
///
/// The driver serves each connection on a thread that lives as long as the socket: without this, a
/// broker that accepts connections and never responds would cost a thread with each attempt.
#[derive(Default)]
struct SocketGuard(Arc<SocketHandle>);

impl Drop for SocketGuard {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}

#[derive(Default)]
struct SocketHandle(Mutex<SocketState>);

#[derive(Default)]
enum SocketState {
    #[default]
    NotConnected,
    Connected(std::net::TcpStream),
    ShutDown,
}

impl SocketHandle {
    fn register(&self, stream: &tokio::net::TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let handle = duplicate(stream)?;
        let mut state = locked(&self.0);
        if matches!(*state, SocketState::ShutDown) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        *state = SocketState::Connected(handle);
        Ok(())
    }

    fn shut_down(&self) {
        let mut state = locked(&self.0);
        if let SocketState::Connected(socket) =
            std::mem::replace(&mut *state, SocketState::ShutDown)
        {
            // It fails if the socket is closed already, which is the same result.
            socket.shutdown(Shutdown::Both).ok();
        }
    }
}

#[cfg(unix)]
fn duplicate(stream: &tokio::net::TcpStream) -> io::Result<std::net::TcpStream> {
    use std::os::fd::AsFd;
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn duplicate(stream: &tokio::net::TcpStream) -> io::Result<std::net::TcpStream> {
    use std::os::windows::io::AsSocket;
    Ok(stream.as_socket().try_clone_to_owned()?.into())
}
