//! The local changes of one note's text, and how they follow the server's text.

use sockbit_domain::{Delta, DeltaError, Text};

/// The local changes of one text: *in flight*, and *pending* after it, on their base text. A note
/// without local changes has none of this.
///
/// While it is **synced**, the base text is the server's, and every event rebases both changes.
/// A snapshot, or a squashed event, may contain what is in flight. The text is then **detached**:
/// it stays as it is until the outcome of what is in flight.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoteText {
    base_text: Text,
    in_flight: Option<Delta>,
    pending: Delta,
    is_synced: bool,
}

impl NoteText {
    /// Without changes, on the server's text.
    #[must_use]
    pub fn new(base_text: Text) -> Self {
        Self { base_text, in_flight: None, pending: Delta::new(), is_synced: true }
    }

    /// From stored changes. Fails if they do not fit their base text.
    pub fn restore(
        base_text: Text,
        in_flight: Option<Delta>,
        pending: Delta,
    ) -> Result<Self, DeltaError> {
        let sent = match &in_flight {
            Some(delta) => &delta.apply(&base_text)?,
            None => &base_text,
        };
        pending.apply(sent)?;
        Ok(Self { base_text, in_flight, pending, is_synced: false })
    }

    /// The text that the user sees.
    #[must_use]
    pub fn shown(&self) -> Text {
        applied(&self.sent(), &self.pending)
    }

    /// The text that the local changes were made on.
    #[must_use]
    pub fn base_text(&self) -> &Text {
        &self.base_text
    }

    /// The change that was sent and has no outcome.
    #[must_use]
    pub fn in_flight(&self) -> Option<&Delta> {
        self.in_flight.as_ref()
    }

    /// The change since then, which is not sent.
    #[must_use]
    pub fn pending(&self) -> &Delta {
        &self.pending
    }

    /// Whether the server has all of it.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.in_flight.is_none() && self.pending.is_empty()
    }

    /// The user changed the shown text.
    pub fn edit(&mut self, delta: &Delta) -> Result<(), DeltaError> {
        delta.apply(&self.shown())?;
        self.pending = self.pending.compose(delta)?;
        Ok(())
    }

    /// Puts the pending change in flight. Nothing else may be in flight.
    pub fn freeze(&mut self) -> Delta {
        let delta = core::mem::take(&mut self.pending);
        self.in_flight = Some(delta.clone());
        delta
    }

    /// Another client changed the server's text into `server`. Returns the change of the shown text.
    pub fn remote_event(&mut self, delta: &Delta, server: &Text) -> Delta {
        if !self.is_synced {
            return Delta::new();
        }
        self.base_text = server.clone();
        let mut over = delta.clone();
        if let Some(in_flight) = &mut self.in_flight {
            transform_both(&mut over, in_flight);
        }
        transform_both(&mut over, &mut self.pending);
        over
    }

    /// The next event may contain what is in flight: the shown text stays until the outcome.
    pub fn detach(&mut self) {
        self.is_synced &= self.in_flight.is_none();
    }

    /// A snapshot has another server text. Returns the change of the shown text.
    pub fn rebase_onto(&mut self, server: &Text) -> Delta {
        if self.in_flight.is_some() {
            self.is_synced = false;
            return Delta::new();
        }
        self.rebase(&Delta::diff(&self.base_text, server), server)
    }

    /// Whether an event is what this client, too, made of the edit in flight.
    #[must_use]
    pub fn agrees(&self, delta: &Delta) -> bool {
        !self.is_synced || self.in_flight.as_ref() == Some(delta)
    }

    /// The event of the edit in flight changed the server's text into `server`.
    pub fn own_event(&mut self, delta: &Delta, server: &Text) -> Delta {
        if self.is_synced && self.agrees(delta) {
            self.in_flight = None;
            self.base_text = server.clone();
            return Delta::new();
        }
        self.acknowledged(server)
    }

    /// What was in flight is part of the server's text, however it got there.
    pub fn acknowledged(&mut self, server: &Text) -> Delta {
        let over = Delta::diff(&self.sent(), server);
        self.in_flight = None;
        self.rebase(&over, server)
    }

    /// What was in flight will never arrive: it is pending again.
    pub fn take_back_in_flight(&mut self, server: &Text) -> Delta {
        if let Some(in_flight) = self.in_flight.take() {
            self.pending = in_flight.compose(&self.pending).unwrap_or(in_flight);
        }
        self.rebase(&Delta::diff(&self.base_text, server), server)
    }

    /// Pending text keeps its place before or after a part that the server replaced: inserts are
    /// transformed first, then deletes.
    fn rebase(&mut self, change: &Delta, server: &Text) -> Delta {
        let (mut inserts, mut deletes) = change.split_inserts_and_deletes();
        transform_both(&mut inserts, &mut self.pending);
        transform_both(&mut deletes, &mut self.pending);
        self.base_text = server.clone();
        self.is_synced = true;
        inserts.compose(&deletes).unwrap_or(inserts)
    }

    fn sent(&self) -> Text {
        match &self.in_flight {
            Some(delta) => applied(&self.base_text, delta),
            None => self.base_text.clone(),
        }
    }
}

/// Rewrites two changes of one text, so that each applies after the other. Where both insert, the
/// server's text is first, as in the core: the lower seq is first.
fn transform_both(theirs: &mut Delta, mine: &mut Delta) {
    let mine_after = theirs.transform(mine, true);
    *theirs = mine.transform(theirs, false);
    *mine = mine_after;
}

/// Local changes fit their base text; if one did not, the text without it would be left.
fn applied(text: &Text, delta: &Delta) -> Text {
    delta.apply(text).unwrap_or_else(|_| text.clone())
}
