//! A whole board as a page needs it, and commands that are sent from forms.

use axum::response::Response;
use serde_json::value::to_raw_value;
use sockbit_domain::wire::{NoteHistory, NotePage, Query, Reply, SentCommand};
use sockbit_domain::{
    BoardId, Command, MessageId, Note, NoteId, Outcome, Position, Rejection, RejectionCode, Seq,
    Title,
};
use uuid::Uuid;

use super::caller::Caller;
use super::errors::Failure;
use super::turns::Turn;
use super::views::is_live;
use crate::app::App;

/// A board with all its notes.
pub(super) struct Board {
    pub id: BoardId,
    pub title: Title,
    /// Everything up to here is in the notes.
    pub position: Position,
    /// In the board's order, those in the trash too.
    pub notes: Vec<Note>,
}

impl Board {
    /// The notes that stand on it, in order.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &Note> {
        self.notes.iter().filter(|note| is_live(note))
    }
}

impl App {
    /// Pulls a board page by page, once it is the caller's turn, which is to be held for as long
    /// as the board is. One at a time for each request.
    pub(super) async fn board(
        &self,
        me: &Caller,
        board: BoardId,
    ) -> Result<(Board, Turn), Failure> {
        let turn = self.rendering.take(me.address.0).await;
        let first = self.board_page(me, board, None).await?;
        let (title, position) = (first.title, first.position);
        let (mut notes, mut next) = (first.notes, first.next);
        while next.is_some() {
            let page = self.board_page(me, board, next).await?;
            notes.extend(page.notes);
            next = page.next;
        }
        notes.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        Ok((Board { id: board, title, position, notes }, turn))
    }

    async fn board_page(
        &self,
        me: &Caller,
        board: BoardId,
        after: Option<NoteId>,
    ) -> Result<sockbit_domain::wire::BoardPage, Failure> {
        match self.query(me, Query::BoardPage { board, after }).await? {
            Reply::BoardPage(page) => Ok(page),
            other => Err(unfit(&other)),
        }
    }

    /// Whether the caller may read a board, asked by its page after all notes, which is empty.
    pub(super) async fn is_member(&self, me: &Caller, board: BoardId) -> Result<bool, Failure> {
        let query = Query::BoardPage { board, after: Some(NoteId(Uuid::max())) };
        match self.gateway.query(me.identity.actor.id, query).await? {
            Reply::BoardPage(_) => Ok(true),
            Reply::Rejected(rejection) if rejection.code == RejectionCode::NotFound => Ok(false),
            Reply::Rejected(rejection) => Err(rejection.into()),
            other => Err(unfit(&other)),
        }
    }

    /// One note, with the position that its text is the base at.
    pub(super) async fn note(
        &self,
        me: &Caller,
        board: BoardId,
        note: NoteId,
    ) -> Result<NotePage, Failure> {
        match self.query(me, Query::Note { board, note }).await? {
            Reply::Note(page) => Ok(page),
            other => Err(unfit(&other)),
        }
    }

    /// A page of what happened to a note.
    pub(super) async fn note_history(
        &self,
        me: &Caller,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
    ) -> Result<NoteHistory, Failure> {
        match self.query(me, Query::NoteHistory { board, note, before }).await? {
            Reply::NoteHistory(history) => Ok(history),
            other => Err(unfit(&other)),
        }
    }

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

    /// The same, with a link key beside the command.
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

fn unfit(reply: &Reply) -> Failure {
    tracing::error!(reply = reply.kind(), "a query was answered with another one's reply");
    Failure::internal()
}

/// What a handler comes to.
pub(super) type Answer = Result<Response, Failure>;
