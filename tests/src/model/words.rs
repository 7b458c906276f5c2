//! Who wrote what: characters that occur nowhere else, so that each can be found again.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_domain::{ActorId, NoteId};

/// The first of the private characters of plane 15; each takes a surrogate pair.
const FIRST: u32 = 0xf_0000;

/// All tokens of a schedule and what may have become of them.
#[derive(Default)]
pub(super) struct Words {
    typed: BTreeMap<char, Token>,
    /// Those that somebody deleted, or saw deleted: they may be gone.
    covered: BTreeSet<char>,
}

/// Where a token was typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub seat: usize,
    pub note: NoteId,
    pub actor: ActorId,
}

impl Words {
    /// A token that was never used before.
    pub fn mint(&mut self, seat: usize, note: NoteId, actor: ActorId) -> char {
        let number = FIRST + u32::try_from(self.typed.len()).unwrap_or(0);
        let token = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.typed.insert(token, Token { seat, note, actor });
        token
    }

    /// Somebody deleted this text, or lost it with their unkept changes.
    pub fn cover(&mut self, text: &str) {
        self.covered.extend(text.chars().filter(|it| is_token(*it)));
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

pub(super) fn is_token(c: char) -> bool {
    u32::from(c) >= FIRST
}
