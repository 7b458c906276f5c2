//! The bugs that can be planted.

/// What is wrong in a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trick {
    /// Nothing.
    None,
    /// The store forgets which commands it has seen: repeats happen again.
    ForgetsOutcomes,
    /// The store numbers events by itself instead of refusing what was decided on an older head.
    NumbersByItself,
    /// The store writes outcomes after the commit that they describe.
    WritesOutcomesApart,
    /// Of a board's changes the store writes the events and only the first note.
    WritesHalf,
    /// Events are announced when they are about to be committed.
    AnnouncesBeforeCommit,
    /// A command that came before is not answered again.
    AnswersOnce,
    /// An outcome goes to whoever was answered before.
    AnswersTheOneBefore,
    /// Where one command of a batch fails, the whole batch is set aside.
    SetsWholeBatchesAside,
    /// Deliveries are acknowledged when they are taken.
    AcknowledgesAtOnce,
    /// What comes again looks new.
    ForgetsRedelivered,
    /// Late edits are merged with the other one's words first.
    MergesTheOtherWayRound,
    /// Whoever has a position may resume from it, whatever it is.
    ResumesFromAnything,
    /// A page of the log lacks its first event.
    SkipsTheFirstOfAPage,
    /// Heads are never compared.
    NeverComparesHeads,
    /// Events that come while a gap is being filled are dropped.
    DropsEventsWhileFilling,
    /// Gateways do not hear what others tell of people.
    HearsOfNobody,
    /// A client forgets commands when it has sent them.
    ClearsTheOutboxOnSending,
    /// A client keeps its commands, and not what was typed and not sent.
    KeepsNoTyping,
    /// A client sends a command again as if it were another.
    ResendsUnderFreshIds,
    /// An own edit is sent on the base of the one before, and so is merged over that.
    MergesOverItsPredecessor,
    /// A client forgets what the notes of a snapshot contain already: stale events apply twice.
    AppliesStaleEvents,
    /// Compaction throws outcomes away with the events that it squashes.
    CompactsOutcomesAway,
    /// Of each run compaction leaves out what the first edit did.
    CompactsAnEditAway,
}

impl Trick {
    /// All but none.
    pub const ALL: [Self; 23] = [
        Self::ForgetsOutcomes,
        Self::NumbersByItself,
        Self::WritesOutcomesApart,
        Self::WritesHalf,
        Self::AnnouncesBeforeCommit,
        Self::AnswersOnce,
        Self::AnswersTheOneBefore,
        Self::SetsWholeBatchesAside,
        Self::AcknowledgesAtOnce,
        Self::ForgetsRedelivered,
        Self::MergesTheOtherWayRound,
        Self::ResumesFromAnything,
        Self::SkipsTheFirstOfAPage,
        Self::NeverComparesHeads,
        Self::DropsEventsWhileFilling,
        Self::HearsOfNobody,
        Self::ClearsTheOutboxOnSending,
        Self::KeepsNoTyping,
        Self::ResendsUnderFreshIds,
        Self::MergesOverItsPredecessor,
        Self::AppliesStaleEvents,
        Self::CompactsOutcomesAway,
        Self::CompactsAnEditAway,
    ];
}
