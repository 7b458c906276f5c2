//! What planted bugs remember during a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use serde_json::value::RawValue;
use sockbit_domain::wire::BoardPage;
use sockbit_domain::{BoardId, MessageId, Note, NoteId};

#[derive(Default)]
pub(crate) struct BugState {
    pub outcomes_sent: Mutex<BTreeSet<MessageId>>,
    pub rewritten: Mutex<BTreeMap<MessageId, Box<RawValue>>>,
    pub event_pages_in_flight: AtomicUsize,
    pub compacted_away: Mutex<BTreeSet<MessageId>>,
    pub loaded_notes: Mutex<BTreeMap<(BoardId, NoteId), Note>>,
    pub first_pages: Mutex<BTreeMap<BoardId, BoardPage>>,
}
