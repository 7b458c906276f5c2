//! One client's session: its messages in, everything for it out.

mod catch_up;
mod request_pipeline;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use sockbit_domain::wire::{
    ClientMessage, Query, Refusal, RefusalCode, SentCommand, ServerMessage,
};
use sockbit_domain::{BoardId, MessageId, NoteId, Position, Rejection};

use super::connection_limiter::Place;
use super::outgoing_queue::OutgoingQueue;
use super::token_bucket::TokenBucket;
use super::{AGAIN_AFTER, Gateway, Identity, again, command_sender, encode, locked};
use crate::envelope::{Address, Admission, CoreQuery, CoreReply};
use catch_up::{Behind, Fetch, Progress};

pub use request_pipeline::RequestPipeline;

/// A client's connection, whatever the transport. One task reads it as a [`RequestPipeline`], another one writes what
/// [`Session::next`] gives.
pub struct Session {
    gateway: Arc<Gateway>,
    number: u64,
    identity: Identity,
    outgoing: Arc<OutgoingQueue>,
    /// What the client may send.
    messages: Mutex<TokenBucket>,
    /// What it may send beyond that, to be told to send it again.
    postponed: Mutex<TokenBucket>,
    joined: Mutex<BTreeMap<BoardId, Progress>>,
    fetching: Mutex<Option<Fetch>>,
    _place: Place,
}

impl Session {
    pub(super) fn begin(
        gateway: Arc<Gateway>,
        number: u64,
        identity: Identity,
        outgoing: Arc<OutgoingQueue>,
        place: Place,
    ) -> Self {
        let settings = &gateway.settings;
        let bucket = || TokenBucket::new(settings.messages_per_second, settings.messages_burst);
        let (messages, postponed) = (Mutex::new(bucket()), Mutex::new(bucket()));
        outgoing.push(encode(&ServerMessage::Welcome {
            actor: identity.actor.clone(),
            client: identity.client,
        }));
        Self {
            gateway,
            number,
            identity,
            outgoing,
            messages,
            postponed,
            joined: Mutex::default(),
            fetching: Mutex::default(),
            _place: place,
        }
    }

    /// Takes one message from the client. Whatever is wrong with it is answered, not raised.
    ///
    /// Whoever goes on sending too fast is not read meanwhile, so that reading costs no more than
    /// a client's rate and as much again.
    pub async fn receive(&self, json: &str) {
        if let Some(asked) = self.take(json).await {
            asked.await;
        }
    }

    /// Reads the client, message by message.
    pub fn pipeline(&self) -> RequestPipeline<'_> {
        RequestPipeline::new(self)
    }

    /// Takes one message. What has to be asked of the core is given back, to be waited for, and so is what must not
    /// overtake that.
    async fn take(&self, json: &str) -> Option<BoxFuture<'_, ()>> {
        let turn = self.turn().await;
        let message = match ClientMessage::parse(json) {
            Ok(message) => message,
            Err(refusal) => {
                self.wait_unless(turn).await;
                self.tell(ServerMessage::Refused(refusal)).await;
                return None;
            }
        };
        if let Some(again) = turn.err().and_then(|wait| postponed(&message, wait)) {
            self.tell(again).await;
            return None;
        }
        self.wait_unless(turn).await;
        match message {
            ClientMessage::Command(sent) => self.command(sent).await,
            ClientMessage::Ping => self.tell(ServerMessage::Pong {}).await,
            ClientMessage::Query { id, query } => return Some(self.query(id, query).boxed()),
            ClientMessage::Join { board, position } => {
                return Some(self.join(board, position).boxed());
            }
            ClientMessage::Leave { board } => return Some(self.leave(board).boxed()),
            ClientMessage::Presence { board, note } => {
                return Some(async move { self.be_here(board, note) }.boxed());
            }
        }
        None
    }

    /// A turn, or else after what time there is one. Waits where the client was told so too often.
    async fn turn(&self) -> Result<(), Duration> {
        loop {
            let Err(wait) = locked(&self.messages).take() else { return Ok(()) };
            let Err(longer) = locked(&self.postponed).take() else { return Err(wait) };
            tokio::time::sleep(wait.min(longer)).await;
        }
    }

    /// What cannot be put off is slowed down, and whatever the client sends behind it too.
    async fn wait_unless(&self, turn: Result<(), Duration>) {
        let mut turn = turn;
        while let Err(wait) = turn {
            tokio::time::sleep(wait).await;
            turn = locked(&self.messages).take();
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
        let query = CoreQuery::Admission { actor, board, position };
        match self.gateway.ports.queries.query(query).await {
            Ok(CoreReply::Admission(admission)) => Some(admission),
            _ => None,
        }
    }

    async fn admitted(&self, board: BoardId, position: Option<Position>, admission: Admission) {
        let Admission { role, head, resumable } = admission;
        let Some(position) = position.filter(|_| resumable) else {
            self.forget(board);
            return self.tell(ServerMessage::BaseGone { board, role, head }).await;
        };
        self.gateway.hub.learn(board, head);
        self.tell(ServerMessage::Joined { board, role, head }).await;
        locked(&self.joined).insert(board, Progress::CatchingUp(Behind::at(position)));
        self.gateway.presence.joined(board, self.number, Arc::clone(&self.outgoing));
        self.outgoing.nudge();
    }

    async fn leave(&self, board: BoardId) {
        self.forget(board);
        self.tell(ServerMessage::Left { board, rejection: None }).await;
    }

    /// Of boards that the client has not joined nothing is known, also not that it is there.
    fn be_here(&self, board: BoardId, note: Option<NoteId>) {
        self.gateway.presence.says(board, self.number, &self.identity.actor, note);
    }

    fn forget(&self, board: BoardId) {
        locked(&self.joined).remove(&board);
        self.gateway.hub.leave(board, self.number);
        self.gateway.presence.left(board, self.number);
        self.outgoing.hide(board);
    }

    /// Answers to what the client asked wait for room, so that whoever asks much waits, and is not
    /// cut.
    async fn tell(&self, message: ServerMessage) {
        self.outgoing.push_when_room(encode(&message)).await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for board in locked(&self.joined).keys() {
            self.gateway.hub.leave(*board, self.number);
            self.gateway.presence.left(*board, self.number);
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
        ClientMessage::Leave { .. } | ClientMessage::Presence { .. } | ClientMessage::Ping => None,
    }
}

fn too_many_boards() -> ServerMessage {
    ServerMessage::Refused(Refusal {
        id: None,
        code: RefusalCode::TooManyBoards,
        detail: "this connection has joined as many boards as it may; leave one first".to_owned(),
    })
}
