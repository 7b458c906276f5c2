//! The bugs that can be planted.

/// What is wrong in a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlantedBug {
    /// Nothing.
    None,
    /// The store forgets which commands it has seen: repeats happen again.
    ForgetsOutcomes,
    /// The store numbers events by itself instead of refusing what was decided on an older head.
    RenumbersStaleCommits,
    /// The store writes outcomes after the commit that they describe.
    CommitsOutcomesSeparately,
    /// Of a board's changes the store writes the events and only the first note.
    WritesOnlyFirstNote,
    /// Events are announced when they are about to be committed.
    AnnouncesBeforeCommit,
    /// A command that came before is not answered again.
    NeverRepeatsOutcomes,
    /// An outcome goes to whoever was answered before.
    SendsOutcomesToPreviousSender,
    /// Where one command of a batch fails, the whole batch is set aside.
    RejectsWholeBatches,
    /// Deliveries are acknowledged when they are taken.
    AcknowledgesOnTake,
    /// What comes again looks new.
    HidesRedeliveries,
    /// Late edits are merged with the other one's words first.
    TransformsWithWrongPriority,
    /// Whoever has a position may resume from it, whatever it is.
    ResumesFromAnyPosition,
    /// A page of the log lacks its first event.
    SkipsFirstEventOfPage,
    /// Heads are never compared.
    NeverComparesHeads,
    /// Events that come while a gap is being filled are dropped.
    DropsEventsDuringGapFill,
    /// Gateways do not hear what others tell of people.
    IgnoresRemotePresence,
    /// A client forgets commands when it has sent them.
    ClearsOutboxOnSend,
    /// A client keeps its commands, and not what was typed and not sent.
    NeverStoresTyping,
    /// A client sends a command again as if it were another.
    ResendsUnderNewIds,
    /// An own edit is sent on the base of the one before, and so is merged over that.
    SendsPreviousBase,
    /// A client forgets what the notes of a snapshot contain already: stale events apply twice.
    AppliesStaleEvents,
    /// Compaction throws outcomes away with the events that it squashes.
    CompactionDropsOutcomes,
    /// Of each run compaction leaves out what the first edit did.
    CompactionDropsFirstEdit,
}

impl PlantedBug {
    /// All but none.
    pub const ALL: [Self; 23] = [
        Self::ForgetsOutcomes,
        Self::RenumbersStaleCommits,
        Self::CommitsOutcomesSeparately,
        Self::WritesOnlyFirstNote,
        Self::AnnouncesBeforeCommit,
        Self::NeverRepeatsOutcomes,
        Self::SendsOutcomesToPreviousSender,
        Self::RejectsWholeBatches,
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
    ];
}
