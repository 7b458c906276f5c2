//! A TCP proxy in front of a server, which loses or holds what passes through it when told to.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// Everything passes.
    Whole,
    /// What the server says is lost, and connections stay open.
    Deaf,
    /// What clients say waits for the line to be whole again, and connections stay open.
    Held,
    /// All connections are cut, and further ones at once.
    Cut,
}

/// Ends with all its connections when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    line: Arc<watch::Sender<Line>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy in front of a server.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let line = Arc::new(watch::Sender::new(Line::Whole));
        let accepting = tokio::spawn(accept(listener, server, Arc::clone(&line)));
        Self { address, line, accepting }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it is so.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.line.send_replace(Line::Cut);
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, line: Arc<watch::Sender<Line>>) {
    while let Ok((client, _)) = listener.accept().await {
        let line = line.subscribe();
        tokio::spawn(pass(client, server, line));
    }
}

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

impl Line {
    fn holds(self, way: Way) -> bool {
        self == Self::Held && way == Way::ToServer
    }

    fn loses(self, way: Way) -> bool {
        self == Self::Deaf && way == Way::ToClient
    }
}

async fn pass(client: TcpStream, server: SocketAddr, mut line: watch::Receiver<Line>) {
    if *line.borrow() == Line::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        () = carry(Way::ToServer, from_client, to_server, line.clone()) => {}
        () = carry(Way::ToClient, from_server, to_client, line.clone()) => {}
        _ = line.wait_for(|it| *it == Line::Cut) => {}
    }
}

async fn carry(
    way: Way,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        // Where the proxy is gone, so is this connection.
        let Ok(now) = line.wait_for(|it| !it.holds(way)).await.map(|it| *it) else { return };
        let bytes = buffer.get(..count).unwrap_or_default();
        if !now.loses(way) && to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
