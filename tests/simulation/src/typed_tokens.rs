//! Typed tokens: characters that occur nowhere else, so that each can be found again.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_domain::{ActorId, Change, Event, NoteId, Op};

/// The first private-use character of plane 15; each takes a surrogate pair.
const FIRST: u32 = 0xf_0000;

/// All tokens of a run.
#[derive(Default)]
pub(crate) struct TypedTokens {
    typed: BTreeMap<char, TokenOrigin>,
    /// Tokens that were deleted, or lost with a page that crashed.
    deletable: BTreeSet<char>,
}

/// Where a token was typed, and by whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenOrigin {
    pub client: usize,
    pub note: NoteId,
    pub actor: ActorId,
}

impl TypedTokens {
    /// Returns a token that was never used before.
    pub fn mint(&mut self, origin: TokenOrigin) -> char {
        let number = FIRST + u32::try_from(self.typed.len()).unwrap_or(0);
        let token = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.typed.insert(token, origin);
        token
    }

    /// This text was deleted, or lost before it was stored.
    pub fn allow_missing(&mut self, text: &str) {
        self.deletable.extend(tokens(text));
    }

    pub fn may_be_missing(&self, token: char) -> bool {
        self.deletable.contains(&token)
    }

    pub fn author(&self, token: char) -> Option<ActorId> {
        self.typed.get(&token).map(|token| token.actor)
    }

    pub fn iter(&self) -> impl Iterator<Item = (char, TokenOrigin)> {
        self.typed.iter().map(|(token, origin)| (*token, *origin))
    }
}

/// The tokens in a text.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|it| u32::from(*it) >= FIRST)
}

/// The tokens that an event inserts.
pub(crate) fn inserted(event: &Event) -> Vec<char> {
    let texts: Vec<&str> = match &event.change {
        Change::NoteCreated { text, .. } => vec![text.as_str()],
        Change::NoteEdited { delta, .. } => {
            let inserted = |op: &'_ Op| matches!(op, Op::Insert(_));
            let ops = delta.ops().iter().filter(|op| inserted(op));
            ops.filter_map(|op| if let Op::Insert(text) = op { Some(&**text) } else { None })
                .collect()
        }
        _ => Vec::new(),
    };
    texts.into_iter().flat_map(tokens).collect()
}
