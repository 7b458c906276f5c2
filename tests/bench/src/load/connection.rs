//! One connection: the handshake, and the buffers of a socket that never blocks.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::SockRef;
use tungstenite::handshake::client::generate_key;

use super::client_state::{Client, ClientState};
use super::observation::{Observer, What};
use super::web_socket_frames::{Frame, first_frame};
use super::wire_protocol::WireProtocol;

const END_OF_HEADERS: &[u8] = b"\r\n\r\n";
const SWITCHING_PROTOCOLS: &[u8] = b"HTTP/1.1 101 ";

/// A client and its socket.
pub struct Connection {
    pub state: ClientState,
    socket: Option<TcpStream>,
    phase: Phase,
    /// The start of a frame whose end has not arrived.
    incoming: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Connecting,
    Upgrading,
    Open,
}

impl Connection {
    pub fn new(client: Client) -> Self {
        Self {
            state: ClientState::new(client),
            socket: None,
            phase: Phase::Connecting,
            incoming: Vec::new(),
        }
    }

    /// Opens a socket; whatever the old one had is gone.
    pub fn connect(&mut self, registry: &Registry, token: Token) -> Result<()> {
        self.disconnect();
        let mut socket = TcpStream::connect(self.state.client.gateway)?;
        let options = SockRef::from(&socket);
        options.set_tcp_nodelay(true)?;
        // A reset instead of a graceful end, so that no port stays in use for a minute.
        options.set_linger(Some(Duration::ZERO))?;
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        self.socket = Some(socket);
        Ok(())
    }

    /// Resets the connection.
    pub fn disconnect(&mut self) {
        self.socket = None;
        self.phase = Phase::Connecting;
        self.incoming.clear();
        self.state.disconnected();
    }

    /// Writes as much as the socket takes.
    pub fn write(&mut self) -> Result<()> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        while !self.state.outgoing.is_empty() {
            match socket.write(&self.state.outgoing) {
                Ok(bytes) => drop(self.state.outgoing.drain(..bytes)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("a socket cannot be written"),
            }
        }
        Ok(())
    }

    /// Sends the request for a WebSocket once the socket is connected.
    pub fn writable(&mut self, path: &str) -> Result<()> {
        if self.phase == Phase::Connecting {
            let Some(socket) = &self.socket else { return Ok(()) };
            if let Some(error) = socket.take_error()? {
                return Err(error).context("a gateway does not accept a connection");
            }
            let request = self.upgrade_request(path);
            self.state.outgoing.extend_from_slice(request.as_bytes());
            self.phase = Phase::Upgrading;
        }
        self.write()
    }

    /// Reads what has arrived and passes each frame to the protocol.
    pub fn readable(
        &mut self,
        buffer: &mut [u8],
        protocol: &dyn WireProtocol,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        loop {
            let Some(socket) = &mut self.socket else { return Ok(()) };
            match socket.read(buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(bytes) => {
                    self.receive(buffer.get(..bytes).unwrap_or_default(), protocol, observer)?;
                    // A short read means that nothing more has arrived.
                    if bytes < buffer.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("a socket cannot be read"),
            }
        }
        self.write()
    }

    fn receive(
        &mut self,
        bytes: &[u8],
        protocol: &dyn WireProtocol,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        if self.incoming.is_empty() {
            let used = self.receive_whole(bytes, protocol, observer)?;
            self.incoming.extend_from_slice(bytes.get(used..).unwrap_or_default());
            return Ok(());
        }
        let mut incoming = std::mem::take(&mut self.incoming);
        incoming.extend_from_slice(bytes);
        let used = self.receive_whole(&incoming, protocol, observer)?;
        incoming.drain(..used);
        self.incoming = incoming;
        Ok(())
    }

    /// Handles all whole frames in these bytes, and returns their size.
    fn receive_whole(
        &mut self,
        bytes: &[u8],
        protocol: &dyn WireProtocol,
        observer: &mut Observer<'_>,
    ) -> Result<usize> {
        let mut used = 0;
        if self.phase == Phase::Upgrading {
            let Some(end) = end_of_headers(bytes)? else { return Ok(0) };
            self.phase = Phase::Open;
            used = end;
        }
        while let Some((frame, size)) = first_frame(bytes.get(used..).unwrap_or_default())? {
            used += size;
            match frame {
                Frame::Text(text) => protocol.receive(&mut self.state, text, observer)?,
                Frame::Ping(payload) => self.state.append_pong(payload)?,
                Frame::Close(reason) => {
                    let reason = String::from_utf8_lossy(reason).into_owned();
                    observer.add(What::Failed(format!("closed by the server: {reason}")));
                }
                Frame::Other => {}
            }
        }
        Ok(used)
    }

    fn upgrade_request(&self, path: &str) -> String {
        let Client { gateway, cookie, .. } = &self.state.client;
        let cookie = cookie.as_ref().map(|it| format!("Cookie: {it}\r\n")).unwrap_or_default();
        format!(
            "GET {path} HTTP/1.1\r\nHost: {gateway}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n{cookie}\r\n",
            generate_key()
        )
    }
}

/// The size of the response to the request for a WebSocket; `None` if it is not complete.
fn end_of_headers(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = memchr::memmem::find(bytes, END_OF_HEADERS) else { return Ok(None) };
    let response = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    ensure!(bytes.starts_with(SWITCHING_PROTOCOLS), "the server refuses a WebSocket: {response}");
    Ok(Some(end + END_OF_HEADERS.len()))
}
