//! Handles the messages of a client.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use sockbit_domain::wire::{
    ClientMessage, Query, Refusal, RefusalCode, SentCommand, ServerMessage,
};
use sockbit_domain::{BoardId, MessageId, NoteId, Position, Rejection};

use super::board_progress::{BoardProgress, CatchUpState};
use super::session::Session;
use crate::bus_messages::{Admission, AdmissionQuery};
use crate::gateway::command_batcher::envelope;
use crate::gateway::server_message_encoding::{AGAIN_AFTER, again, encode};
use crate::mutex::locked;

impl Session {
    /// Handles one message. A request that waits for the core is returned as a future, and so is
    /// every message that must not overtake such a request.
    pub(super) async fn handle(&self, json: &str) -> Option<BoxFuture<'_, ()>> {
        let token = self.acquire_token().await;
        let message = match ClientMessage::parse(json) {
            Ok(message) => message,
            Err(refusal) => {
                self.wait_for_token(token).await;
                self.reply(ServerMessage::Refused(refusal)).await;
                return None;
            }
        };
        if let Some(again) = token.err().and_then(|wait| again_for(&message, wait)) {
            self.reply(again).await;
            return None;
        }
        self.wait_for_token(token).await;
        match message {
            ClientMessage::Command(sent) => self.send_command(sent).await,
            ClientMessage::Ping => self.reply(ServerMessage::Pong {}).await,
            ClientMessage::Query { id, query } => return Some(self.query(id, query).boxed()),
            ClientMessage::Join { board, position } => {
                return Some(self.join(board, position).boxed());
            }
            ClientMessage::Leave { board } => return Some(self.leave(board).boxed()),
            ClientMessage::Presence { board, note } => {
                return Some(async move { self.set_location(board, note) }.boxed());
            }
        }
        None
    }

    /// Takes a token for a message. If there is none, returns the time until there is one, for an
    /// `again` reply; once the budget for these is used up, waits instead.
    async fn acquire_token(&self) -> Result<(), Duration> {
        loop {
            let Err(wait) = locked(&self.rate).take() else { return Ok(()) };
            let Err(longer) = locked(&self.again_budget).take() else { return Err(wait) };
            tokio::time::sleep(wait.min(longer)).await;
        }
    }

    /// Waits until a token was acquired: for messages that have no `again` reply.
    async fn wait_for_token(&self, acquired: Result<(), Duration>) {
        let mut acquired = acquired;
        while let Err(wait) = acquired {
            tokio::time::sleep(wait).await;
            acquired = locked(&self.rate).take();
        }
    }

    async fn send_command(&self, sent: SentCommand) {
        let id = sent.id;
        let address = self.gateway.recipients.address(self.number);
        let envelope = envelope(sent, &self.identity, address, &*self.gateway.ports.ids);
        if self.gateway.command_batcher.send(envelope).await.is_err() {
            self.reply(again(Some(id), None, AGAIN_AFTER)).await;
        }
    }

    async fn query(&self, id: MessageId, query: Query) {
        let message = match self.gateway.query(self.identity.actor.id, query).await {
            Ok(body) => ServerMessage::Reply { id, body },
            Err(_) => again(Some(id), None, AGAIN_AFTER),
        };
        self.reply(message).await;
    }

    /// Subscribes before it requests the admission, so that no event is missed in between.
    async fn join(&self, board: BoardId, position: Option<Position>) {
        self.leave_board(board);
        if locked(&self.joined).len() >= self.gateway.settings.boards_per_connection_max {
            return self.reply(too_many_boards()).await;
        }
        locked(&self.joined).insert(board, BoardProgress::Joining);
        match self.request_admission(board, position).await {
            Some(Ok(admission)) => self.complete_join(board, position, admission).await,
            Some(Err(rejection)) => {
                self.leave_board(board);
                self.reply(ServerMessage::Left { board, rejection: Some(rejection) }).await;
            }
            None => {
                self.leave_board(board);
                self.reply(again(None, Some(board), AGAIN_AFTER)).await;
            }
        }
    }

    async fn request_admission(
        &self,
        board: BoardId,
        position: Option<Position>,
    ) -> Option<Result<Admission, Rejection>> {
        let hub = &self.gateway.hub;
        hub.join(board, self.number, Arc::clone(&self.outgoing)).await.ok()?;
        let actor = self.identity.actor.id;
        self.gateway.admissions.query(AdmissionQuery { actor, board, position }).await.ok()
    }

    async fn complete_join(
        &self,
        board: BoardId,
        position: Option<Position>,
        admission: Admission,
    ) {
        let Admission { role, head, resumable } = admission;
        let Some(position) = position.filter(|_| resumable) else {
            self.leave_board(board);
            return self.reply(ServerMessage::BaseGone { board, role, head }).await;
        };
        self.gateway.hub.set_head(board, head);
        self.reply(ServerMessage::Joined { board, role, head }).await;
        let catching_up = BoardProgress::catching_up(CatchUpState::after(position));
        locked(&self.joined).insert(board, catching_up);
        self.gateway.presence.join(board, self.number, Arc::clone(&self.outgoing));
        self.outgoing.wake();
    }

    async fn leave(&self, board: BoardId) {
        self.leave_board(board);
        self.reply(ServerMessage::Left { board, rejection: None }).await;
    }

    /// Has no effect for boards that the client has not joined.
    fn set_location(&self, board: BoardId, note: Option<NoteId>) {
        self.gateway.presence.set_location(board, self.number, &self.identity.actor, note);
    }

    fn leave_board(&self, board: BoardId) {
        locked(&self.joined).remove(&board);
        self.gateway.hub.leave(board, self.number);
        self.gateway.presence.leave(board, self.number);
        self.outgoing.discard_presence(board);
    }

    /// Queues a reply once the queue has drained: a client that sends many requests waits, and is
    /// not closed as too slow.
    async fn reply(&self, message: ServerMessage) {
        self.outgoing.push_when_drained(encode(&message)).await;
    }
}

/// The `again` reply to a message over the rate; `None` for messages that clients never repeat.
fn again_for(message: &ClientMessage, wait: Duration) -> Option<ServerMessage> {
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
