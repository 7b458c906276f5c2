//! Who wrote what: characters that occur nowhere else, so that each can be found again.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_domain::{ActorId, Change, Event, NoteId, Op};

/// The first of the private characters of plane 15; each takes a surrogate pair.
const FIRST: u32 = 0xf_0000;

/// All tokens of a run and what may have become of them.
#[derive(Default)]
pub(crate) struct Words {
    typed: BTreeMap<char, Token>,
    /// Those that somebody deleted, or lost with a page that crashed: they may be gone.
    covered: BTreeSet<char>,
}

/// Where a token was typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub seat: usize,
    pub note: NoteId,
    pub actor: ActorId,
}

impl Words {
    /// A token that was never used before.
    pub fn mint(&mut self, place: Token) -> char {
        let number = FIRST + u32::try_from(self.typed.len()).unwrap_or(0);
        let token = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.typed.insert(token, place);
        token
    }

    /// Somebody deleted this text, or lost it before it was kept.
    pub fn cover(&mut self, text: &str) {
        self.covered.extend(tokens(text));
    }

    pub fn is_covered(&self, token: char) -> bool {
        self.covered.contains(&token)
    }

    pub fn typist(&self, token: char) -> Option<ActorId> {
        self.typed.get(&token).map(|token| token.actor)
    }

    pub fn iter(&self) -> impl Iterator<Item = (char, Token)> {
        self.typed.iter().map(|(token, place)| (*token, *place))
    }
}

/// The tokens in a text.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|it| u32::from(*it) >= FIRST)
}

/// The tokens that an event puts on its board.
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
