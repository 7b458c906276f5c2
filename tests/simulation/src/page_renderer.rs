//! The snapshots that pages carry, so that a client needs no query before it shows its board.

use std::sync::Arc;

use sockbit_application::bus_messages::{CoreQuery, CoreReply};
use sockbit_domain::wire::{BoardPage, Query, Reply};
use sockbit_domain::{ActorId, BoardId};

use crate::core_without_bus::core_without_bus;
use crate::database::{Database, now_or_panic};
use crate::planted_bugs;
use crate::run_context::RunContext;

/// Renders pages from the database.
pub(crate) struct PageRenderer {
    context: Arc<RunContext>,
    database: Arc<Database>,
}

impl PageRenderer {
    pub fn new(context: &Arc<RunContext>, database: &Arc<Database>) -> Self {
        Self { context: Arc::clone(context), database: Arc::clone(database) }
    }

    /// The whole board; `None` if the actor is not a member or the database cannot be reached.
    pub fn render(&self, board: BoardId, actor: ActorId) -> Option<BoardPage> {
        if self.database.is_offline() {
            return None;
        }
        let core = core_without_bus(&self.context, self.database.store());
        let mut whole: Option<BoardPage> = None;
        let mut after = None;
        loop {
            let query = Query::BoardPage { board, after };
            let reply = now_or_panic(core.query(CoreQuery::Client { actor, query }));
            let CoreReply::Client(Reply::BoardPage(page)) = reply else { return None };
            after = page.next;
            match &mut whole {
                Some(whole) => whole.notes.extend(page.notes),
                None => whole = Some(BoardPage { next: None, ..page }),
            }
            if after.is_none() {
                return whole.map(|page| planted_bugs::page(&self.context, page));
            }
        }
    }
}
