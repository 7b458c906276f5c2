//! A TCP proxy in front of a server that can lose, hold, delay or reset its connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How much of a connection's start is kept, to recognise it by.
const START_BYTES: usize = 1024;

/// The state of the network between clients and the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NetworkState {
    /// All bytes pass.
    Healthy,
    /// Bytes from the server are lost; connections stay open.
    ResponsesLost,
    /// Bytes from clients are lost; connections stay open.
    RequestsLost,
    /// Bytes from clients are held until the network is healthy again; connections stay open.
    RequestsHeld,
    /// The same, from the first bytes that contain this.
    RequestsHeldFrom(&'static [u8]),
    /// The same, on connections whose start contains this.
    ConnectionsHeld(&'static [u8]),
    /// All bytes are delayed by this, in both directions.
    Delayed(Duration),
    /// All bytes pass one by one.
    ByteByByte,
    /// Each connection is reset after this time.
    Resets(Duration),
    /// All connections are closed, and new ones at once.
    Down,
}

/// The proxy. Dropping it closes all its connections.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<watch::Sender<NetworkState>>,
    /// How often the network went down, so that no connection misses a short time.
    outages: Arc<watch::Sender<u64>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy in front of a server.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (state, outages) =
            (Arc::new(watch::Sender::new(NetworkState::Healthy)), Arc::new(watch::Sender::new(0)));
        let accepting =
            tokio::spawn(accept(listener, server, (Arc::clone(&state), Arc::clone(&outages))));
        Self { address, state, outages, accepting }
    }

    /// The address to which clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the state of the network.
    pub fn set(&self, state: NetworkState) {
        self.state.send_replace(state);
        if state == NetworkState::Down {
            self.outages.send_modify(|outages| *outages += 1);
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

async fn accept(listener: TcpListener, server: SocketAddr, (state, outages): Switches) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(serve(client, server, state.subscribe(), outages.subscribe()));
    }
}

/// The direction in which bytes pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

impl NetworkState {
    /// Whether these bytes are held, on a connection with this start.
    fn holds(self, direction: Direction, start: &[u8], bytes: &[u8]) -> bool {
        direction == Direction::ToServer
            && match self {
                Self::RequestsHeld => true,
                Self::RequestsHeldFrom(pattern) => contains(bytes, pattern),
                Self::ConnectionsHeld(pattern) => contains(start, pattern),
                _ => false,
            }
    }

    fn loses(self, direction: Direction) -> bool {
        match direction {
            Direction::ToServer => self == Self::RequestsLost,
            Direction::ToClient => self == Self::ResponsesLost,
        }
    }
}

fn contains(bytes: &[u8], pattern: &[u8]) -> bool {
    bytes.windows(pattern.len()).any(|it| it == pattern)
}

async fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    state: watch::Receiver<NetworkState>,
    mut outages: watch::Receiver<u64>,
) {
    if *state.borrow() == NetworkState::Down {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    // Small writes must pass at once.
    if client.set_nodelay(true).and(server.set_nodelay(true)).is_err() {
        return;
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
    let is_reset = tokio::select! {
        () = copy(Direction::ToServer, from_client, to_server, state.clone()) => false,
        () = copy(Direction::ToClient, from_server, to_client, state.clone()) => false,
        () = wait_for_reset(state.clone()) => true,
        _ = outages.changed() => false,
    };
    if is_reset {
        // Closing without linger resets. A connection that is closed already cannot be reset.
        client.set_zero_linger().and(server.set_zero_linger()).ok();
    }
}

/// Waits until a connection that starts now must be reset.
async fn wait_for_reset(mut state: watch::Receiver<NetworkState>) {
    loop {
        let resets = state.wait_for(|it| matches!(it, NetworkState::Resets(_))).await.map(|it| *it);
        // A dropped proxy closes its connections.
        let Ok(NetworkState::Resets(after)) = resets else { return };
        sleep(after).await;
        if matches!(*state.borrow(), NetworkState::Resets(_)) {
            return;
        }
    }
}

async fn copy(
    direction: Direction,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut state: watch::Receiver<NetworkState>,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut start = Vec::new();
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer.get(..count).unwrap_or_default();
        if start.len() < START_BYTES {
            start.extend_from_slice(bytes);
        }
        // A dropped proxy closes its connections.
        let passes = state.wait_for(|it| !it.holds(direction, &start, bytes)).await.map(|it| *it);
        let Ok(now) = passes else { return };
        if !now.loses(direction) && forward(now, &mut to, bytes).await.is_err() {
            return;
        }
    }
}

async fn forward(state: NetworkState, to: &mut WriteHalf<'_>, bytes: &[u8]) -> std::io::Result<()> {
    match state {
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
