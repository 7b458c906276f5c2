//! One client's session: its messages in, everything for it out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_domain::wire::{
    ClientMessage, Query, Refusal, RefusalCode, SentCommand, ServerMessage,
};
use sockbit_domain::{BoardId, MessageId, Position, Rejection, Seq};

use super::admittance::Place;
use super::bucket::Bucket;
use super::feed::CatchUp;
use super::outgoing::{CloseReason, Delivered, Outgoing};
use super::{AGAIN_AFTER, Gateway, Identity, again, command_sender, encode, locked};
use crate::envelope::{Address, Admission, Answer, Encoded, Question};

const RETRY_AFTER: Duration = Duration::from_millis(500);

/// A client's connection, whatever the transport. One task feeds [`Session::receive`], another one
/// writes what [`Session::next`] gives.
pub struct Session {
    gateway: Arc<Gateway>,
    number: u64,
    identity: Identity,
    outgoing: Arc<Outgoing>,
    bucket: Mutex<Bucket>,
    joined: Mutex<HashMap<BoardId, Progress>>,
    _place: Place,
}

/// How far a joined board's events have been sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Progress {
    Joining,
    CatchingUp(Seq),
    Live,
}

/// What can be done for a board whose events are not all sent.
enum Step {
    /// There is no such board.
    None,
    /// It was done.
    Taken,
    /// The events of this board after this number have to be fetched.
    Page(BoardId, Seq),
}

impl Session {
    pub(super) fn begin(
        gateway: Arc<Gateway>,
        number: u64,
        identity: Identity,
        outgoing: Arc<Outgoing>,
        place: Place,
    ) -> Self {
        let settings = &gateway.settings;
        let bucket = Bucket::new(settings.messages_per_second, settings.messages_burst);
        outgoing.push(encode(&ServerMessage::Welcome {
            actor: identity.actor.clone(),
            client: identity.client,
        }));
        Self {
            gateway,
            number,
            identity,
            outgoing,
            bucket: Mutex::new(bucket),
            joined: Mutex::default(),
            _place: place,
        }
    }

    /// Takes one message from the client. Whatever is wrong with it is answered, not raised.
    pub async fn receive(&self, json: &str) {
        match ClientMessage::parse(json) {
            Ok(message) => self.dispatch(message).await,
            Err(refusal) => {
                self.wait_for_turn().await;
                self.tell(ServerMessage::Refused(refusal)).await;
            }
        }
    }

    async fn dispatch(&self, message: ClientMessage) {
        if let Err(wait) = self.take_turn() {
            match postponed(&message, wait) {
                Some(again) => return self.tell(again).await,
                None => self.wait_for_turn().await,
            }
        }
        match message {
            ClientMessage::Command(sent) => self.command(sent).await,
            ClientMessage::Query { id, query } => self.query(id, query).await,
            ClientMessage::Join { board, position } => self.join(board, position).await,
            ClientMessage::Leave { board } => self.leave(board).await,
            ClientMessage::Ping => self.tell(ServerMessage::Pong {}).await,
        }
    }

    fn take_turn(&self) -> Result<(), Duration> {
        locked(&self.bucket).take()
    }

    /// What cannot be put off is slowed down, and whatever the client sends behind it too.
    async fn wait_for_turn(&self) {
        while let Err(wait) = self.take_turn() {
            tokio::time::sleep(wait).await;
        }
    }

    async fn command(&self, sent: SentCommand) {
        let id = sent.id;
        let address = Address { gateway: self.gateway.id, session: self.number };
        let ids = &*self.gateway.ports.ids;
        let envelope = command_sender::envelope(sent, &self.identity, address, ids);
        if self.gateway.sender.send(envelope).await.is_err() {
            self.tell(again(Some(id), None, AGAIN_AFTER)).await;
        }
    }

    async fn query(&self, id: MessageId, query: Query) {
        let message = match self.gateway.query(self.identity.actor.id, query).await {
            Ok(body) => ServerMessage::Reply { id, body },
            Err(_) => again(Some(id), None, AGAIN_AFTER),
        };
        self.tell(message).await;
    }

    /// Listens first and asks where the board stands afterwards, so that nothing falls in between.
    async fn join(&self, board: BoardId, position: Option<Position>) {
        self.forget(board);
        if locked(&self.joined).len() >= self.gateway.settings.boards_per_connection_max {
            return self.tell(too_many_boards()).await;
        }
        locked(&self.joined).insert(board, Progress::Joining);
        match self.admission(board, position).await {
            Some(Ok(admission)) => self.admitted(board, position, admission).await,
            Some(Err(rejection)) => {
                self.forget(board);
                self.tell(ServerMessage::Left { board, rejection: Some(rejection) }).await;
            }
            None => {
                self.forget(board);
                self.tell(again(None, Some(board), AGAIN_AFTER)).await;
            }
        }
    }

    async fn admission(
        &self,
        board: BoardId,
        position: Option<Position>,
    ) -> Option<Result<Admission, Rejection>> {
        let hub = &self.gateway.hub;
        hub.open(board, self.number, Arc::clone(&self.outgoing)).await.ok()?;
        let actor = self.identity.actor.id;
        let question = Question::Admission { actor, board, position };
        match self.gateway.ports.queries.ask(question).await {
            Ok(Answer::Admission(admission)) => Some(admission),
            _ => None,
        }
    }

    async fn admitted(&self, board: BoardId, position: Option<Position>, admission: Admission) {
        let Admission { role, head, resumable } = admission;
        let Some(position) = position.filter(|_| resumable) else {
            self.forget(board);
            return self.tell(ServerMessage::BaseGone { board, role, head }).await;
        };
        self.gateway.hub.learn(board, head.seq);
        self.tell(ServerMessage::Joined { board, role, head }).await;
        locked(&self.joined).insert(board, Progress::CatchingUp(position.seq));
        self.outgoing.nudge();
    }

    async fn leave(&self, board: BoardId) {
        self.forget(board);
        self.tell(ServerMessage::Left { board, rejection: None }).await;
    }

    fn forget(&self, board: BoardId) {
        locked(&self.joined).remove(&board);
        self.gateway.hub.leave(board, self.number);
    }

    /// Answers to what the client asked wait for room, so that whoever asks much waits, and is not
    /// cut.
    async fn tell(&self, message: ServerMessage) {
        self.outgoing.push_when_room(encode(&message)).await;
    }

    /// Waits for what is to be written next. One caller at a time.
    pub async fn next(&self) -> Delivered {
        loop {
            if let Some(delivered) = self.outgoing.take() {
                return delivered;
            }
            match self.catch_up() {
                Step::None => self.outgoing.changed().await,
                Step::Taken => {}
                Step::Page(board, seen) => {
                    if let Some(delivered) = self.page(board, seen).await {
                        return delivered;
                    }
                }
            }
        }
    }

    /// One step for one board: from what the gateway keeps, or else a page from the log is due.
    fn catch_up(&self) -> Step {
        // Held throughout, so that nobody joins anew between the question and what follows from it.
        let mut joined = locked(&self.joined);
        let behind = joined.iter_mut().find_map(|(board, progress)| match *progress {
            Progress::CatchingUp(seen) => Some((*board, progress, seen)),
            Progress::Joining | Progress::Live => None,
        });
        let Some((board, progress, seen)) = behind else { return Step::None };
        match self.gateway.hub.catch_up(board, self.number, seen) {
            CatchUp::Live => *progress = Progress::Live,
            CatchUp::Gone => self.outgoing.close(CloseReason::HistoryChanged),
            CatchUp::Missing => return Step::Page(board, seen),
        }
        Step::Taken
    }

    async fn page(&self, board: BoardId, seen: Seq) -> Option<Delivered> {
        let Ok(page) = self.gateway.hub.page(board, seen).await else {
            tokio::select! {
                () = tokio::time::sleep(RETRY_AFTER) => {}
                () = self.outgoing.changed() => {}
            }
            return None;
        };
        // Whoever left, or joined anew from elsewhere, no longer wants this page.
        let mut joined = locked(&self.joined);
        let progress = joined.get_mut(&board).filter(|it| **it == Progress::CatchingUp(seen))?;
        // The feed knows of events after `seen`: a log without them is another one.
        let Some((last, _)) = page.last() else {
            self.outgoing.close(CloseReason::HistoryChanged);
            return None;
        };
        *progress = Progress::CatchingUp(*last);
        Some(self.after_what_waits(&page))
    }

    /// Whoever joined anew meanwhile, from the same position, hears so before the events.
    fn after_what_waits(&self, page: &[(Seq, Encoded)]) -> Delivered {
        let mut messages = match self.outgoing.take() {
            Some(Delivered::Messages(waiting)) => waiting,
            Some(close) => return close,
            None => Vec::new(),
        };
        messages.extend(page.iter().map(|(_, encoded)| encoded.clone()));
        Delivered::Messages(messages)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for board in locked(&self.joined).keys() {
            self.gateway.hub.leave(*board, self.number);
        }
        self.gateway.recipients().remove(&self.number);
    }
}

/// `None` for what nobody would send again.
fn postponed(message: &ClientMessage, wait: Duration) -> Option<ServerMessage> {
    match message {
        ClientMessage::Command(sent) => Some(again(Some(sent.id), None, wait)),
        ClientMessage::Query { id, .. } => Some(again(Some(*id), None, wait)),
        ClientMessage::Join { board, .. } => Some(again(None, Some(*board), wait)),
        ClientMessage::Leave { .. } | ClientMessage::Ping => None,
    }
}

fn too_many_boards() -> ServerMessage {
    ServerMessage::Refused(Refusal {
        id: None,
        code: RefusalCode::TooManyBoards,
        detail: "this connection has joined as many boards as it may; leave one first".to_owned(),
    })
}
