//! The bugs that can be planted.

/// The bug of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlantedBug {
    /// No bug.
    None,
    /// The store loses outcomes: repeated commands take effect again.
    ForgetsOutcomes,
    /// The store renumbers events that were decided on an older head instead of refusing them.
    RenumbersStaleCommits,
    /// The store writes outcomes after the commit that they describe.
    CommitsOutcomesSeparately,
    /// The store writes all events of a change and only its first note.
    WritesOnlyFirstNote,
    /// The store reports failed commits as done.
    ReportsFailedCommitsAsDone,
    /// A loaded board has its current head and notes of an earlier load.
    LoadsOutdatedNotes,
    /// Events are announced just before their commit.
    AnnouncesBeforeCommit,
    /// A repeated command gets no outcome.
    NeverRepeatsOutcomes,
    /// An outcome goes to the sender of the command before.
    SendsOutcomesToPreviousSender,
    /// If one command of a batch fails, the whole batch is rejected.
    RejectsWholeBatches,
    /// A publish that fails is confirmed.
    ConfirmsFailedPublishes,
    /// Batches of commands overtake earlier ones on their way to the broker.
    OvertakesEarlierBatches,
    /// Deliveries are acknowledged as soon as they are taken.
    AcknowledgesOnTake,
    /// Redeliveries look like first deliveries.
    HidesRedeliveries,
    /// Late edits are transformed with the wrong priority.
    TransformsWithWrongPriority,
    /// A client may resume from any position, valid or not.
    ResumesFromAnyPosition,
    /// A page of the log lacks its first event.
    SkipsFirstEventOfPage,
    /// Heads are never compared.
    NeverComparesHeads,
    /// Events that arrive while a gap is being filled are dropped.
    DropsEventsDuringGapFill,
    /// Gateways ignore the presence updates of other gateways.
    IgnoresRemotePresence,
    /// A client removes commands from its outbox when it sends them.
    ClearsOutboxOnSend,
    /// A client stores its commands, but not text that is typed and not sent.
    NeverStoresTyping,
    /// A client sends a command again under another id.
    ResendsUnderNewIds,
    /// An edit is sent with the base of the client's previous edit and is merged over that.
    SendsPreviousBase,
    /// A client ignores which events the notes of a snapshot already contain: stale events apply
    /// twice.
    AppliesStaleEvents,
    /// Compaction drops the outcomes of the events that it squashes.
    CompactionDropsOutcomes,
    /// Compaction drops the first edit of each run.
    CompactionDropsFirstEdit,
    /// A page that is opened under another identity sends the commands of the former one.
    SendsCommandsOfFormerIdentity,
    /// A client sends commands of any age again.
    ResendsExpiredCommands,
    /// Housekeeping deletes all outcomes, also of commands that clients may still send again.
    DeletesOutcomesTooEarly,
    /// A machine does not report changes of texts to its view.
    OmitsTextChanges,
    /// A machine reports each added note twice to its view.
    RepeatsAddedNotes,
    /// The texts of a pulled board are empty.
    EmptiesPulledNotes,
    /// A client pulls only the first page of a board.
    PullsOnlyFirstPage,
    /// A page carries the position of now with the notes of an earlier page.
    RendersNotesOfEarlierPage,
    /// A client measures pauses by the wall clock, which can be set back.
    MeasuresPausesByWallClock,
    /// Workers enforce the default limits instead of the configured ones.
    IgnoresLimits,
}

impl PlantedBug {
    /// All but `None`.
    pub const ALL: [Self; 37] = [
        Self::ForgetsOutcomes,
        Self::RenumbersStaleCommits,
        Self::CommitsOutcomesSeparately,
        Self::WritesOnlyFirstNote,
        Self::ReportsFailedCommitsAsDone,
        Self::LoadsOutdatedNotes,
        Self::AnnouncesBeforeCommit,
        Self::NeverRepeatsOutcomes,
        Self::SendsOutcomesToPreviousSender,
        Self::RejectsWholeBatches,
        Self::ConfirmsFailedPublishes,
        Self::OvertakesEarlierBatches,
        Self::AcknowledgesOnTake,
        Self::HidesRedeliveries,
        Self::TransformsWithWrongPriority,
        Self::ResumesFromAnyPosition,
        Self::SkipsFirstEventOfPage,
        Self::NeverComparesHeads,
        Self::DropsEventsDuringGapFill,
        Self::IgnoresRemotePresence,
        Self::ClearsOutboxOnSend,
        Self::NeverStoresTyping,
        Self::ResendsUnderNewIds,
        Self::SendsPreviousBase,
        Self::AppliesStaleEvents,
        Self::CompactionDropsOutcomes,
        Self::CompactionDropsFirstEdit,
        Self::SendsCommandsOfFormerIdentity,
        Self::ResendsExpiredCommands,
        Self::DeletesOutcomesTooEarly,
        Self::OmitsTextChanges,
        Self::RepeatsAddedNotes,
        Self::EmptiesPulledNotes,
        Self::PullsOnlyFirstPage,
        Self::RendersNotesOfEarlierPage,
        Self::MeasuresPausesByWallClock,
        Self::IgnoresLimits,
    ];
}
