//! A client of SockBit that waits for each response, for everything beside the load.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::value::to_raw_value;
use sockbit_domain::wire::{BoardPage, ClientMessage, Query, Reply, SentCommand, ServerMessage};
use sockbit_domain::{Actor, BoardId, Command, MessageId, Outcome, Position};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

use super::ids::Ids;

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
/// Fewer than the messages that a server queues for one client.
const IN_FLIGHT_MAX: usize = 100;

/// A command and the board that it is sent to, with a link key if it needs one.
pub struct BoardCommand<'a> {
    pub board: BoardId,
    pub key: Option<&'a str>,
    pub command: Command,
}

/// A connected guest.
pub struct ControlClient {
    socket: WebSocket<TcpStream>,
    /// Identifies the guest on other connections.
    pub cookie: String,
    /// Who the guest is.
    pub actor: Actor,
}

impl ControlClient {
    /// Connects a new guest.
    pub fn connect(gateway: SocketAddr) -> Result<Self> {
        Self::connect_as(gateway, None)
    }

    /// Connects a guest that has a cookie already.
    pub fn connect_as(gateway: SocketAddr, cookie: Option<&str>) -> Result<Self> {
        let stream =
            TcpStream::connect(gateway).context("a gateway does not accept a connection")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(RESPONSE_TIMEOUT))?;
        let mut request = format!("ws://{gateway}/ws").into_client_request()?;
        if let Some(cookie) = cookie {
            request.headers_mut().insert("cookie", cookie.parse()?);
        }
        let (socket, response) = tungstenite::client(request, stream)
            .map_err(|error| anyhow::anyhow!("a gateway refuses a WebSocket: {error}"))?;
        let set = response.headers().get("set-cookie").and_then(|it| it.to_str().ok());
        let set = set.and_then(|it| it.split(';').next()).or(cookie);
        let cookie = set.context("a guest gets no cookie")?.to_owned();
        let mut client =
            Self { socket, cookie, actor: Actor { id: no_one(), name: String::new(), colour: 0 } };
        match client.receive()? {
            ServerMessage::Welcome { actor, .. } => client.actor = actor,
            other => bail!("unexpected first message: {other:?}"),
        }
        Ok(client)
    }

    /// Sends commands and waits until all are saved; their positions.
    pub fn save(&mut self, ids: &mut Ids, commands: &[BoardCommand<'_>]) -> Result<Vec<Position>> {
        let mut unfinished = HashMap::new();
        let mut positions = vec![None; commands.len()];
        for (index, command) in commands.iter().enumerate() {
            let id = MessageId(ids.next());
            self.send(&ClientMessage::Command(SentCommand {
                id,
                board: command.board,
                key: command.key.map(str::to_owned),
                body: to_raw_value(&command.command)?,
            }))?;
            unfinished.insert(id, index);
            if unfinished.len() >= IN_FLIGHT_MAX {
                self.receive_outcome(&mut unfinished, &mut positions)?;
            }
        }
        while !unfinished.is_empty() {
            self.receive_outcome(&mut unfinished, &mut positions)?;
        }
        positions.into_iter().collect::<Option<_>>().context("an outcome is missing")
    }

    fn receive_outcome(
        &mut self,
        unfinished: &mut HashMap<MessageId, usize>,
        positions: &mut [Option<Position>],
    ) -> Result<()> {
        match self.receive()? {
            ServerMessage::Outcome { id, outcome: Outcome::Saved { position }, .. } => {
                let index = unfinished.remove(&id).context("an outcome of an unknown command")?;
                positions[index] = Some(position);
                Ok(())
            }
            other => bail!("a command was not saved: {other:?}"),
        }
    }

    /// The heads of boards.
    pub fn heads(&mut self, boards: &[BoardId]) -> Result<Vec<Position>> {
        let mut heads = HashMap::new();
        for (index, board) in boards.iter().enumerate() {
            self.send(&ClientMessage::Join { board: *board, position: None })?;
            if index - heads.len() >= IN_FLIGHT_MAX {
                self.receive_head(&mut heads)?;
            }
        }
        while heads.len() < boards.len() {
            self.receive_head(&mut heads)?;
        }
        let heads: Option<_> = boards.iter().map(|board| heads.get(board).copied()).collect();
        heads.context("a head is missing")
    }

    fn receive_head(&mut self, heads: &mut HashMap<BoardId, Position>) -> Result<()> {
        match self.receive()? {
            ServerMessage::BaseGone { board, head, .. } => {
                heads.insert(board, head);
                Ok(())
            }
            other => bail!("unexpected response to a join: {other:?}"),
        }
    }

    /// Joins a board at its head and leaves it again.
    pub fn join_and_leave(&mut self, board: BoardId, head: Position) -> Result<()> {
        self.send(&ClientMessage::Join { board, position: Some(head) })?;
        let joined = self.receive()?;
        ensure!(matches!(joined, ServerMessage::Joined { .. }), "not joined: {joined:?}");
        self.send(&ClientMessage::Leave { board })?;
        let left = self.receive()?;
        ensure!(matches!(left, ServerMessage::Left { .. }), "not left: {left:?}");
        Ok(())
    }

    /// Loads all pages of a board; the number of its notes.
    pub fn load_board(&mut self, ids: &mut Ids, board: BoardId) -> Result<usize> {
        let (mut notes, mut after) = (0, None);
        loop {
            let query = Query::BoardPage { board, after };
            self.send(&ClientMessage::Query { id: MessageId(ids.next()), query })?;
            let ServerMessage::Reply { body: Reply::BoardPage(page), .. } = self.receive()? else {
                bail!("unexpected response to a query");
            };
            let BoardPage { notes: found, next, .. } = page;
            notes += found.len();
            after = next;
            if after.is_none() {
                return Ok(notes);
            }
        }
    }

    fn send(&mut self, message: &ClientMessage) -> Result<()> {
        self.socket.send(Message::text(message.to_json()?)).context("a message cannot be sent")
    }

    fn receive(&mut self) -> Result<ServerMessage> {
        loop {
            match self.socket.read().context("no response")? {
                Message::Text(json) => return Ok(ServerMessage::parse(&json)?),
                Message::Close(frame) => bail!("the server closed the connection: {frame:?}"),
                _ => {}
            }
        }
    }
}

/// A placeholder until the server says who the guest is.
fn no_one() -> sockbit_domain::ActorId {
    sockbit_domain::ActorId(uuid::Uuid::nil())
}
