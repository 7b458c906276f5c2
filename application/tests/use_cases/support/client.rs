//! A client with a session: sends messages, and receives messages one by one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use serde_json::value::to_raw_value;
use sockbit_application::bus_messages::EncodedMessage;
use sockbit_application::gateway::{CloseReason, Session, TransportOutput};
use sockbit_domain::wire::{BoardPage, ClientMessage, Query, Reply, SentCommand, ServerMessage};
use sockbit_domain::{BoardId, Command, Event, MessageId, NoteId, Outcome, Position, Role};
use tokio::time::timeout;

use super::samples::{DEADLINE, board_id, create_board, event_of, saved, uuid};

pub struct TestClient {
    pub session: Arc<Session>,
    received: VecDeque<EncodedMessage>,
    /// Messages that were received while the test waited for another one.
    skipped: VecDeque<ServerMessage>,
    next_message: AtomicU64,
}

impl TestClient {
    pub fn new(session: Session, first_message: u64) -> Self {
        Self {
            session: Arc::new(session),
            received: VecDeque::new(),
            skipped: VecDeque::new(),
            next_message: AtomicU64::new(first_message),
        }
    }

    /// Sends a message, and waits until it is handled and has its reply, if any.
    pub async fn send_message(&self, message: &ClientMessage) {
        handle(&self.session, &message.to_json().expect("it is JSON")).await;
    }

    /// Sends a command under a fresh id.
    pub async fn command(&self, board: BoardId, command: &Command) -> MessageId {
        self.command_with_key(board, command, None).await
    }

    pub async fn command_with_key(
        &self,
        board: BoardId,
        command: &Command,
        key: Option<&str>,
    ) -> MessageId {
        let id = self.fresh_id();
        let body = to_raw_value(command).expect("a command is JSON");
        let sent = SentCommand { id, board, key: key.map(str::to_owned), body };
        self.send_message(&ClientMessage::Command(sent)).await;
        id
    }

    /// Sends a command and waits for its outcome.
    pub async fn send(&mut self, board: BoardId, command: &Command) -> Outcome {
        let id = self.command(board, command).await;
        self.outcome(id).await
    }

    pub async fn outcome(&mut self, id: MessageId) -> Outcome {
        let matches =
            |it: &ServerMessage| matches!(it, ServerMessage::Outcome { id: of, .. } if *of == id);
        match self.receive_where(matches).await {
            ServerMessage::Outcome { outcome, .. } => outcome,
            other => panic!("not an outcome: {other:?}"),
        }
    }

    pub async fn query(&mut self, query: Query) -> Reply {
        let id = self.fresh_id();
        self.send_message(&ClientMessage::Query { id, query }).await;
        let matches =
            |it: &ServerMessage| matches!(it, ServerMessage::Reply { id: of, .. } if *of == id);
        match self.receive_where(matches).await {
            ServerMessage::Reply { body, .. } => body,
            other => panic!("not a reply: {other:?}"),
        }
    }

    pub async fn page(&mut self, board: BoardId, after: Option<NoteId>) -> BoardPage {
        match self.query(Query::BoardPage { board, after }).await {
            Reply::BoardPage(page) => page,
            other => panic!("not a page: {other:?}"),
        }
    }

    pub fn fresh_id(&self) -> MessageId {
        MessageId(uuid(self.next_message.fetch_add(1, Ordering::Relaxed)))
    }

    pub async fn join(&self, board: BoardId, position: Option<Position>) {
        self.send_message(&ClientMessage::Join { board, position }).await;
    }

    /// Joins a board, and reads what it is sent at once.
    pub async fn join_and_read(&mut self, board: BoardId, position: Position) -> Position {
        self.join(board, Some(position)).await;
        let matches = |it: &ServerMessage| matches!(it, ServerMessage::Joined { .. });
        let ServerMessage::Joined { head, .. } = self.receive_where(matches).await else {
            panic!("not joined")
        };
        while let Some(output) = self.session.next().now_or_never() {
            self.take(output);
        }
        head
    }

    fn take(&mut self, output: TransportOutput) {
        match output {
            TransportOutput::Messages(messages) => self.received.extend(messages),
            TransportOutput::Close(reason) => panic!("the session was closed: {reason:?}"),
        }
    }

    pub async fn leave(&self, board: BoardId) {
        self.send_message(&ClientMessage::Leave { board }).await;
    }

    /// Creates board 1 and makes the others members. Returns the head.
    pub async fn create_board_with(&mut self, others: &mut [&mut Self]) -> Position {
        const KEY: &str = "a secret link key";
        let board = board_id(1);
        let mut head = saved(&self.send(board, &create_board("Ideas")).await);
        if !others.is_empty() {
            let add = Command::AddLink { role: Role::Editor };
            let id = self.command_with_key(board, &add, Some(KEY)).await;
            head = saved(&self.outcome(id).await);
        }
        for other in others {
            let id = other.command_with_key(board, &Command::JoinBoard {}, Some(KEY)).await;
            head = saved(&other.outcome(id).await);
        }
        head
    }

    /// The next message.
    pub async fn receive(&mut self) -> ServerMessage {
        match self.skipped.pop_front() {
            Some(message) => message,
            None => self.receive_new().await,
        }
    }

    async fn receive_new(&mut self) -> ServerMessage {
        let encoded = self.receive_encoded().await;
        let json = std::str::from_utf8(&encoded).expect("it is UTF-8");
        ServerMessage::parse(json).expect("it is a message")
    }

    /// The next message as it goes over the wire.
    pub async fn receive_encoded(&mut self) -> EncodedMessage {
        loop {
            if let Some(encoded) = self.received.pop_front() {
                return encoded;
            }
            let output = timeout(DEADLINE, self.session.next()).await;
            self.take(output.expect("a message in time"));
        }
    }

    /// The next message that matches. Others are kept for later.
    pub async fn receive_where(
        &mut self,
        matches: impl Fn(&ServerMessage) -> bool,
    ) -> ServerMessage {
        if let Some(index) = self.skipped.iter().position(&matches) {
            return self.skipped.remove(index).expect("the index exists");
        }
        loop {
            let message = self.receive_new().await;
            if matches(&message) {
                return message;
            }
            self.skipped.push_back(message);
        }
    }

    pub async fn event(&mut self) -> Event {
        let message = self.receive_where(|it| event_of(it).is_some()).await;
        event_of(&message).cloned().expect("an event")
    }

    /// The events up to the one with this number.
    pub async fn events_until(&mut self, last: u64) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        while events.last().is_none_or(|it| it.seq.0 < last) {
            events.push(self.event().await);
        }
        events
    }

    /// Reads until the session is closed, and returns the reason.
    pub async fn close_reason(&self) -> CloseReason {
        let reads = async {
            loop {
                if let TransportOutput::Close(reason) = self.session.next().await {
                    return reason;
                }
            }
        };
        timeout(DEADLINE, reads).await.expect("the session is closed")
    }

    /// All unread messages, up to the reply to a ping.
    pub async fn read_rest(&mut self) -> Vec<ServerMessage> {
        self.send_message(&ClientMessage::Ping).await;
        let mut rest = Vec::new();
        loop {
            match self.receive().await {
                ServerMessage::Pong {} => return rest,
                message => rest.push(message),
            }
        }
    }
}

/// Passes a message to a session as a transport does, and waits for its reply.
pub async fn handle(session: &Session, message: &str) {
    let mut pipeline = session.pipeline();
    pipeline.receive(message).await;
    while !pipeline.is_empty() {
        pipeline.complete_next().await;
    }
}
