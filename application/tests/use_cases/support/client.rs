//! Somebody with a session: says messages, and hears what comes back one by one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use serde_json::value::to_raw_value;
use sockbit_application::envelope::EncodedMessage;
use sockbit_application::gateway::{CloseReason, Session, SessionOutput};
use sockbit_domain::wire::{BoardPage, ClientMessage, Query, Reply, SentCommand, ServerMessage};
use sockbit_domain::{BoardId, Command, Event, MessageId, NoteId, Outcome, Position, Role};
use tokio::time::timeout;

use super::samples::{DEADLINE, board_id, create_board, event_of, saved, uuid};

pub struct Client {
    pub session: Arc<Session>,
    heard: VecDeque<EncodedMessage>,
    /// What was heard while something else was waited for.
    aside: VecDeque<ServerMessage>,
    messages: AtomicU64,
}

impl Client {
    pub fn new(session: Session, first_message: u64) -> Self {
        Self {
            session: Arc::new(session),
            heard: VecDeque::new(),
            aside: VecDeque::new(),
            messages: AtomicU64::new(first_message),
        }
    }

    pub async fn say(&self, message: &ClientMessage) {
        self.session.receive(&message.to_json().expect("it is JSON")).await;
    }

    /// Says a command under a fresh id.
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
        self.say(&ClientMessage::Command(sent)).await;
        id
    }

    /// Says a command and waits for its outcome.
    pub async fn send(&mut self, board: BoardId, command: &Command) -> Outcome {
        let id = self.command(board, command).await;
        self.outcome(id).await
    }

    pub async fn outcome(&mut self, id: MessageId) -> Outcome {
        let is_it =
            |it: &ServerMessage| matches!(it, ServerMessage::Outcome { id: of, .. } if *of == id);
        match self.hear_where(is_it).await {
            ServerMessage::Outcome { outcome, .. } => outcome,
            other => panic!("this is no outcome: {other:?}"),
        }
    }

    pub async fn query(&mut self, query: Query) -> Reply {
        let id = self.fresh_id();
        self.say(&ClientMessage::Query { id, query }).await;
        let is_it =
            |it: &ServerMessage| matches!(it, ServerMessage::Reply { id: of, .. } if *of == id);
        match self.hear_where(is_it).await {
            ServerMessage::Reply { body, .. } => body,
            other => panic!("this is no reply: {other:?}"),
        }
    }

    pub async fn page(&mut self, board: BoardId, after: Option<NoteId>) -> BoardPage {
        match self.query(Query::BoardPage { board, after }).await {
            Reply::BoardPage(page) => page,
            other => panic!("this is no page: {other:?}"),
        }
    }

    pub fn fresh_id(&self) -> MessageId {
        MessageId(uuid(self.messages.fetch_add(1, Ordering::Relaxed)))
    }

    pub async fn join(&self, board: BoardId, position: Option<Position>) {
        self.say(&ClientMessage::Join { board, position }).await;
    }

    /// Joins, hears that it may, and reads on as far as that goes at once.
    pub async fn joined(&mut self, board: BoardId, position: Position) -> Position {
        self.join(board, Some(position)).await;
        let is_it = |it: &ServerMessage| matches!(it, ServerMessage::Joined { .. });
        let ServerMessage::Joined { head, .. } = self.hear_where(is_it).await else {
            panic!("it may not join")
        };
        while let Some(delivered) = self.session.next().now_or_never() {
            self.take(delivered);
        }
        head
    }

    fn take(&mut self, delivered: SessionOutput) {
        match delivered {
            SessionOutput::Messages(messages) => self.heard.extend(messages),
            SessionOutput::Close(reason) => panic!("the session was closed: {reason:?}"),
        }
    }

    pub async fn leave(&self, board: BoardId) {
        self.say(&ClientMessage::Leave { board }).await;
    }

    /// Begins board 1, lets the others in, and says where it stands then.
    pub async fn begin_board(&mut self, others: &mut [&mut Self]) -> Position {
        const KEY: &str = "a key that nobody guesses";
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
    pub async fn hear(&mut self) -> ServerMessage {
        match self.aside.pop_front() {
            Some(message) => message,
            None => self.hear_fresh().await,
        }
    }

    async fn hear_fresh(&mut self) -> ServerMessage {
        let encoded = self.hear_encoded().await;
        let json = std::str::from_utf8(&encoded).expect("it is UTF-8");
        ServerMessage::parse(json).expect("it is a message")
    }

    /// The next message as it goes over the wire.
    pub async fn hear_encoded(&mut self) -> EncodedMessage {
        loop {
            if let Some(encoded) = self.heard.pop_front() {
                return encoded;
            }
            let delivered = timeout(DEADLINE, self.session.next()).await;
            self.take(delivered.expect("a message comes"));
        }
    }

    /// The next message of that kind; what else comes is kept for later.
    pub async fn hear_where(&mut self, is_it: impl Fn(&ServerMessage) -> bool) -> ServerMessage {
        if let Some(place) = self.aside.iter().position(&is_it) {
            return self.aside.remove(place).expect("it is there");
        }
        loop {
            let message = self.hear_fresh().await;
            if is_it(&message) {
                return message;
            }
            self.aside.push_back(message);
        }
    }

    pub async fn event(&mut self) -> Event {
        let message = self.hear_where(|it| event_of(it).is_some()).await;
        event_of(&message).cloned().expect("it is an event")
    }

    /// The events up to the one with this number.
    pub async fn events_until(&mut self, last: u64) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        while events.last().is_none_or(|it| it.seq.0 < last) {
            events.push(self.event().await);
        }
        events
    }

    /// Reads until the session is closed.
    pub async fn closing(&self) -> CloseReason {
        let reads = async {
            loop {
                if let SessionOutput::Close(reason) = self.session.next().await {
                    return reason;
                }
            }
        };
        timeout(DEADLINE, reads).await.expect("the session is closed")
    }

    /// Everything that came and was not yet looked at, up to the answer to a ping.
    pub async fn rest(&mut self) -> Vec<ServerMessage> {
        self.say(&ClientMessage::Ping).await;
        let mut rest = Vec::new();
        loop {
            match self.hear().await {
                ServerMessage::Pong {} => return rest,
                message => rest.push(message),
            }
        }
    }
}
