//! The text machine of one note: what was typed here, over what the server has.

use sockbit_domain::{Delta, DeltaError, Text};

/// The local changes of one note: *in flight*, and *pending* after it, on the text that they were
/// made on. A note without local changes has none of this.
///
/// **Moored**, that text is the server's, and every event moves both on. After a snapshot, with
/// something in flight of which nobody knows whether it is contained, the note is **unmoored**: it
/// keeps showing what it showed until the outcome tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoteText {
    ground: Text,
    in_flight: Option<Delta>,
    pending: Delta,
    moored: bool,
}

impl NoteText {
    /// Nothing typed yet, on the server's text.
    #[must_use]
    pub fn on(ground: Text) -> Self {
        Self { ground, in_flight: None, pending: Delta::new(), moored: true }
    }

    /// Brought back from where it was kept; fails where the changes do not fit their text.
    pub fn kept(
        ground: Text,
        in_flight: Option<Delta>,
        pending: Delta,
    ) -> Result<Self, DeltaError> {
        let sent = match &in_flight {
            Some(delta) => &delta.apply(&ground)?,
            None => &ground,
        };
        pending.apply(sent)?;
        Ok(Self { ground, in_flight, pending, moored: false })
    }

    /// What the person sees.
    #[must_use]
    pub fn shown(&self) -> Text {
        laid(&self.sent(), &self.pending)
    }

    /// What the local changes stand on.
    #[must_use]
    pub fn ground(&self) -> &Text {
        &self.ground
    }

    /// What was sent and is not known to be saved.
    #[must_use]
    pub fn in_flight(&self) -> Option<&Delta> {
        self.in_flight.as_ref()
    }

    /// What was typed since.
    #[must_use]
    pub fn pending(&self) -> &Delta {
        &self.pending
    }

    /// Whether nothing is left that the server does not have.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.in_flight.is_none() && self.pending.is_empty()
    }

    /// The person changed what they see.
    pub fn typed(&mut self, delta: &Delta) -> Result<(), DeltaError> {
        delta.apply(&self.shown())?;
        self.pending = self.pending.compose(delta)?;
        Ok(())
    }

    /// What is pending goes into flight. Only while nothing else is.
    pub fn freeze(&mut self) -> Delta {
        let delta = core::mem::take(&mut self.pending);
        self.in_flight = Some(delta.clone());
        delta
    }

    /// Somebody else changed the server's text into `server`. The change of what is seen.
    pub fn remote(&mut self, delta: &Delta, server: &Text) -> Delta {
        if !self.moored {
            return Delta::new();
        }
        self.ground = server.clone();
        let mut over = delta.clone();
        if let Some(in_flight) = &mut self.in_flight {
            cross(&mut over, in_flight);
        }
        cross(&mut over, &mut self.pending);
        over
    }

    /// What is in flight may be part of what comes next: keep showing what is shown meanwhile.
    pub fn unmoor(&mut self) {
        self.moored &= self.in_flight.is_none();
    }

    /// The server's text is known anew, from a snapshot.
    pub fn land(&mut self, server: &Text) -> Delta {
        if self.in_flight.is_some() {
            self.moored = false;
            return Delta::new();
        }
        self.moor(&Delta::diff(&self.ground, server), server)
    }

    /// Whether an event is what this client, too, made of the edit that is in flight.
    #[must_use]
    pub fn agrees(&self, delta: &Delta) -> bool {
        !self.moored || self.in_flight.as_ref() == Some(delta)
    }

    /// The event of what is in flight arrived, and made the server's text `server`.
    pub fn own(&mut self, delta: &Delta, server: &Text) -> Delta {
        if self.moored && self.agrees(delta) {
            self.in_flight = None;
            self.ground = server.clone();
            return Delta::new();
        }
        self.contained(server)
    }

    /// What was in flight is part of the server's text by now, however it got there.
    pub fn contained(&mut self, server: &Text) -> Delta {
        let over = Delta::diff(&self.sent(), server);
        self.in_flight = None;
        self.moor(&over, server)
    }

    /// What was in flight will never arrive, and is to be sent anew with what was typed since.
    pub fn give_back(&mut self, server: &Text) -> Delta {
        if let Some(in_flight) = self.in_flight.take() {
            self.pending = in_flight.compose(&self.pending).unwrap_or(in_flight);
        }
        self.moor(&Delta::diff(&self.ground, server), server)
    }

    /// What is pending stays before or behind what was replaced meanwhile, where it stood.
    fn moor(&mut self, change: &Delta, server: &Text) -> Delta {
        let (mut inserts, mut deletes) = change.in_two();
        cross(&mut inserts, &mut self.pending);
        cross(&mut deletes, &mut self.pending);
        self.ground = server.clone();
        self.moored = true;
        inserts.compose(&deletes).unwrap_or(inserts)
    }

    fn sent(&self) -> Text {
        match &self.in_flight {
            Some(delta) => laid(&self.ground, delta),
            None => self.ground.clone(),
        }
    }
}

/// Two changes of one text, rewritten so that `theirs` goes after `mine` and `mine` after `theirs`.
/// The server's stands first where both insert, as in the core: the lower seq stands first.
fn cross(theirs: &mut Delta, mine: &mut Delta) {
    let mine_after = theirs.transform(mine, true);
    *theirs = mine.transform(theirs, false);
    *mine = mine_after;
}

/// Local changes fit what they stand on; a text without them is what would be left if one did not.
fn laid(text: &Text, delta: &Delta) -> Text {
    delta.apply(text).unwrap_or_else(|_| text.clone())
}
