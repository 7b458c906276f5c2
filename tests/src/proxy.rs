//! A TCP proxy in front of a server, which loses or holds what passes through it when told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// In which a client says who it is.
const BEGINNING_BYTES: usize = 1024;

/// What happens to connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NetworkState {
    /// Everything passes.
    Healthy,
    /// What the server says is lost, and connections stay open.
    ResponsesLost,
    /// What clients say is lost, and connections stay open.
    RequestsLost,
    /// What clients say waits for the line to be whole again, and connections stay open.
    RequestsHeld,
    /// The same, from where a client says this.
    RequestsHeldFrom(&'static [u8]),
    /// The same, on connections that began with this.
    ConnectionsHeld(&'static [u8]),
    /// Everything is late by so much, both ways.
    Delayed(Duration),
    /// Everything passes byte by byte.
    ByteByByte,
    /// Each connection is reset after so long, whatever it is in the middle of.
    Resets(Duration),
    /// All connections are cut, and further ones at once.
    Down,
}

/// Ends with all its connections when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    line: Arc<watch::Sender<NetworkState>>,
    /// How often it was cut, so that no connection misses that it was.
    cuts: Arc<watch::Sender<u64>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy in front of a server.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (line, cuts) =
            (Arc::new(watch::Sender::new(NetworkState::Healthy)), Arc::new(watch::Sender::new(0)));
        let accepting =
            tokio::spawn(accept(listener, server, (Arc::clone(&line), Arc::clone(&cuts))));
        Self { address, line, cuts, accepting }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it is so.
    pub fn set(&self, line: NetworkState) {
        self.line.send_replace(line);
        if line == NetworkState::Down {
            self.cuts.send_modify(|cuts| *cuts += 1);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.set(NetworkState::Down);
    }
}

type Switches = (Arc<watch::Sender<NetworkState>>, Arc<watch::Sender<u64>>);

async fn accept(listener: TcpListener, server: SocketAddr, (line, cuts): Switches) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, server, line.subscribe(), cuts.subscribe()));
    }
}

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

impl NetworkState {
    /// Whether these bytes have to wait, on a connection that began so.
    fn holds(self, way: Direction, beginning: &[u8], bytes: &[u8]) -> bool {
        way == Direction::ToServer
            && match self {
                Self::RequestsHeld => true,
                Self::RequestsHeldFrom(word) => contains(bytes, word),
                Self::ConnectionsHeld(word) => contains(beginning, word),
                _ => false,
            }
    }

    fn loses(self, way: Direction) -> bool {
        match way {
            Direction::ToServer => self == Self::RequestsLost,
            Direction::ToClient => self == Self::ResponsesLost,
        }
    }
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|it| it == word)
}

async fn pass(
    mut client: TcpStream,
    server: SocketAddr,
    line: watch::Receiver<NetworkState>,
    mut cuts: watch::Receiver<u64>,
) {
    if *line.borrow() == NetworkState::Down {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    // What is small is to arrive as it was sent.
    if client.set_nodelay(true).and(server.set_nodelay(true)).is_err() {
        return;
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
    let is_reset = tokio::select! {
        () = carry(Direction::ToServer, from_client, to_server, line.clone()) => false,
        () = carry(Direction::ToClient, from_server, to_client, line.clone()) => false,
        () = reset(line.clone()) => true,
        _ = cuts.changed() => false,
    };
    if is_reset {
        // Without time to say goodbye, closing is a reset; what is gone already cannot be reset.
        client.set_zero_linger().and(server.set_zero_linger()).ok();
    }
}

/// Waits until a connection that begins now is to be reset.
async fn reset(mut line: watch::Receiver<NetworkState>) {
    loop {
        let resets = line.wait_for(|it| matches!(it, NetworkState::Resets(_))).await.map(|it| *it);
        // Where the proxy is gone, so is this connection.
        let Ok(NetworkState::Resets(after)) = resets else { return };
        sleep(after).await;
        if matches!(*line.borrow(), NetworkState::Resets(_)) {
            return;
        }
    }
}

async fn carry(
    way: Direction,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut line: watch::Receiver<NetworkState>,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut beginning = Vec::new();
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer.get(..count).unwrap_or_default();
        if beginning.len() < BEGINNING_BYTES {
            beginning.extend_from_slice(bytes);
        }
        // Where the proxy is gone, so is this connection.
        let passes = line.wait_for(|it| !it.holds(way, &beginning, bytes)).await.map(|it| *it);
        let Ok(now) = passes else { return };
        if !now.loses(way) && hand_on(now, &mut to, bytes).await.is_err() {
            return;
        }
    }
}

async fn hand_on(line: NetworkState, to: &mut WriteHalf<'_>, bytes: &[u8]) -> std::io::Result<()> {
    match line {
        NetworkState::ByteByByte => {
            for byte in bytes {
                to.write_all(std::slice::from_ref(byte)).await?;
            }
            Ok(())
        }
        NetworkState::Delayed(time) => {
            sleep(time).await;
            to.write_all(bytes).await
        }
        _ => to.write_all(bytes).await,
    }
}
