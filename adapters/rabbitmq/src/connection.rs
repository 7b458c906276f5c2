//! One connection to the broker, with deadlines for its beginning and a way to end it at once.

use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::tcp::{AMQPUriTcpExt, AsyncTcpStream, TLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::time::{interval, timeout};

use crate::settings::Settings;

/// For a TCP connection and TLS on it.
const REACHED_WITHIN: Duration = Duration::from_secs(4);
/// For everything before the first channel.
const CONNECTED_WITHIN: Duration = Duration::from_secs(8);
const CLOSED_WITHIN: Duration = Duration::from_secs(2);
/// The driver tells of a lost connection only those who are about to use it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why a connection is of no use.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum BrokerError {
    /// The broker or the network said so.
    #[error("{0}")]
    Broker(#[from] lapin::Error),
    /// The broker said nothing in time.
    #[error("no answer in time")]
    Silent,
}

/// A connection that stands, until it is cut or closed.
pub(crate) struct BrokerConnection {
    connection: Connection,
    line: Line,
}

impl BrokerConnection {
    /// Connects under a name that tells an operator who it is and what for.
    pub async fn connect(settings: &Settings, name: &str) -> Result<Self, BrokerError> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let line = Line::default();
        let socket = Arc::clone(&line.0);
        let connecting = Connection::connector(
            settings.uri.clone(),
            lapin::runtime::default_runtime()?,
            async move |uri: AMQPUri, runtime| {
                let reaching = async {
                    let plain = AMQPUri { scheme: AMQPScheme::AMQP, ..uri.clone() };
                    let tls = TLSConfig::default();
                    let stream = plain.connect_with_config_async(tls, &runtime).await?;
                    if let AsyncTcpStream::Plain(stream) = &stream {
                        socket.hold(stream.get_ref())?;
                    }
                    match uri.scheme {
                        AMQPScheme::AMQP => Ok(stream),
                        AMQPScheme::AMQPS => {
                            stream.into_tls(&uri.authority.host, TLSConfig::default()).await
                        }
                    }
                };
                let reached: io::Result<_> = timeout(REACHED_WITHIN, reaching)
                    .await
                    .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                Ok(reached?)
            },
            properties,
        );
        let connected = timeout(CONNECTED_WITHIN, connecting).await;
        let connection = connected.map_err(|_| BrokerError::Silent)??;
        Ok(Self { connection, line })
    }

    pub async fn channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// Whether the broker takes nothing now, for want of memory or disk.
    pub fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Waits until the connection is lost.
    pub async fn lost(&self) {
        let mut look = interval(LOOK_EVERY);
        while self.connection.status().connected() {
            look.tick().await;
        }
    }

    /// Ends it as the protocol wants it, or at once where the broker does not answer.
    pub async fn close(&self) {
        let closing = self.connection.close(200, "OK".into());
        if !matches!(timeout(CLOSED_WITHIN, closing).await, Ok(Ok(()))) {
            self.cut();
        }
    }

    /// Ends it at once, whatever the broker does.
    pub fn cut(&self) {
        self.line.0.cut();
    }
}

/// A second handle of the connection's socket, which ends with the first. The driver runs each
/// connection on a thread of its own that lives as long as the socket: without this, a broker that
/// accepts connections and says nothing would cost a thread with each attempt.
#[derive(Default)]
struct Line(Arc<Socket>);

impl Drop for Line {
    fn drop(&mut self) {
        self.0.cut();
    }
}

#[derive(Default)]
struct Socket(Mutex<Handle>);

#[derive(Default)]
enum Handle {
    #[default]
    Awaited,
    Held(std::net::TcpStream),
    Cut,
}

impl Socket {
    fn hold(&self, stream: &tokio::net::TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let handle = second_handle(stream)?;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*held, Handle::Cut) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        *held = Handle::Held(handle);
        Ok(())
    }

    fn cut(&self) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Handle::Held(socket) = std::mem::replace(&mut *held, Handle::Cut) {
            // It may be closed already, which is as good.
            socket.shutdown(Shutdown::Both).ok();
        }
    }
}

#[cfg(unix)]
fn second_handle(stream: &tokio::net::TcpStream) -> io::Result<std::net::TcpStream> {
    use std::os::fd::AsFd;
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn second_handle(stream: &tokio::net::TcpStream) -> io::Result<std::net::TcpStream> {
    use std::os::windows::io::AsSocket;
    Ok(stream.as_socket().try_clone_to_owned()?.into())
}
