//! How pages send commands and queries through the gateway.

use axum::response::Response;
use serde_json::value::to_raw_value;
use sockbit_domain::wire::{BoardPage, NoteHistory, NotePage, Query, Reply, SentCommand};
use sockbit_domain::{
    BoardId, Command, MessageId, Note, NoteId, NoteState, Outcome, Position, Rejection,
    RejectionCode, Role, Seq, Title,
};
use uuid::Uuid;

use crate::app_state::AppState;
use crate::extractors::Caller;
use crate::failure::Failure;
use crate::limits::ConcurrencyPermit;

/// What a page handler returns.
pub(super) type PageResult = Result<Response, Failure>;

/// A board with all its notes.
pub(super) struct LoadedBoard {
    pub id: BoardId,
    pub title: Title,
    /// What the caller may do there.
    pub role: Role,
    /// The notes include every event up to this position.
    pub position: Position,
    /// The positions at which the notes were read, this one first.
    pub read_at: Vec<Position>,
    /// In board order, including those in the trash.
    pub notes: Vec<Note>,
}

impl LoadedBoard {
    /// The notes that are not in the trash, in order.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &Note> {
        self.notes.iter().filter(|note| note.state == NoteState::Live)
    }
}

impl AppState {
    /// Pulls a whole board. Keep the permit for as long as the board, and load one board a request:
    /// acquiring a second permit could deadlock.
    pub(super) async fn load_board(
        &self,
        me: &Caller,
        board: BoardId,
    ) -> Result<(LoadedBoard, ConcurrencyPermit), Failure> {
        let permit = self.rendering.acquire(me.address.0).await;
        let first = self.board_page(me, board, None).await?;
        let (title, role, position) = (first.title, first.role, first.position);
        let mut read_at = vec![position];
        let (mut notes, mut next) = (first.notes, first.next);
        while next.is_some() {
            let page = self.board_page(me, board, next).await?;
            notes.extend(page.notes);
            read_at.push(page.position);
            next = page.next;
        }
        notes.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        Ok((LoadedBoard { id: board, title, role, position, read_at, notes }, permit))
    }

    async fn board_page(
        &self,
        me: &Caller,
        board: BoardId,
        after: Option<NoteId>,
    ) -> Result<BoardPage, Failure> {
        match self.query(me, Query::BoardPage { board, after }).await? {
            Reply::BoardPage(page) => Ok(page),
            other => Err(unexpected(&other)),
        }
    }

    /// Whether the caller may read a board. It queries the empty page after all notes.
    pub(super) async fn is_member(&self, me: &Caller, board: BoardId) -> Result<bool, Failure> {
        let query = Query::BoardPage { board, after: Some(NoteId(Uuid::max())) };
        match self.gateway.query(me.identity.actor.id, query).await? {
            Reply::BoardPage(_) => Ok(true),
            Reply::Rejected(rejection) if rejection.code == RejectionCode::NotFound => Ok(false),
            Reply::Rejected(rejection) => Err(rejection.into()),
            other => Err(unexpected(&other)),
        }
    }

    /// One note, with the position at which its text is the base of an edit.
    pub(super) async fn note(
        &self,
        me: &Caller,
        board: BoardId,
        note: NoteId,
    ) -> Result<NotePage, Failure> {
        match self.query(me, Query::Note { board, note }).await? {
            Reply::Note(page) => Ok(page),
            other => Err(unexpected(&other)),
        }
    }

    /// One page of a note's history.
    pub(super) async fn note_history(
        &self,
        me: &Caller,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
    ) -> Result<NoteHistory, Failure> {
        match self.query(me, Query::NoteHistory { board, note, before }).await? {
            Reply::NoteHistory(history) => Ok(history),
            other => Err(unexpected(&other)),
        }
    }

    /// Sends one query and waits for its reply.
    pub(super) async fn query(&self, me: &Caller, query: Query) -> Result<Reply, Failure> {
        match self.gateway.query(me.identity.actor.id, query).await? {
            Reply::Rejected(rejection) => Err(rejection.into()),
            reply => Ok(reply),
        }
    }

    /// Sends one command and waits for its outcome.
    pub(super) async fn send(
        &self,
        me: &Caller,
        board: BoardId,
        command: &Command,
    ) -> Result<Result<(), Rejection>, Failure> {
        self.send_with_key(me, board, command, None).await
    }

    /// Like [`AppState::send`], with a link key beside the command.
    pub(super) async fn send_with_key(
        &self,
        me: &Caller,
        board: BoardId,
        command: &Command,
        key: Option<String>,
    ) -> Result<Result<(), Rejection>, Failure> {
        let body = to_raw_value(command).map_err(|error| {
            tracing::error!(%error, "a command could not be encoded");
            Failure::internal()
        })?;
        let sent = SentCommand { id: MessageId(self.ids.mint()), board, key, body };
        match self.gateway.command(&me.identity, sent).await? {
            Outcome::Saved { .. } | Outcome::Unchanged { .. } => Ok(Ok(())),
            Outcome::Rejected(rejection) => Ok(Err(rejection)),
        }
    }
}

fn unexpected(reply: &Reply) -> Failure {
    tracing::error!(reply = reply.kind(), "a query got a reply of the wrong type");
    Failure::internal()
}
