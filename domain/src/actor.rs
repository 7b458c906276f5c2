//! Actors: the users that send commands.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::ActorId;
use crate::single_line::single_line;

/// The number of colours of actors; [`Actor::colour`] is below this.
pub const PERSON_COLOURS: u8 = 12;

const NAME_CHARS_MAX: usize = 40;

/// The sender of a command, as other users see it. An event keeps the name and colour of its time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Actor {
    /// Identifies the actor; name and colour may change.
    pub id: ActorId,
    /// The displayed name.
    pub name: String,
    /// One of [`PERSON_COLOURS`] hues.
    pub colour: u8,
}

/// Normalises a typed name to one line of at most 40 visible characters. `None` if nothing is left.
#[must_use]
pub fn person_name(name: &str) -> Option<String> {
    Some(single_line(name, NAME_CHARS_MAX)).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_trimmed_line() {
        assert_eq!(person_name("  Ada\nLovelace "), Some("Ada Lovelace".into()));
    }

    #[test]
    fn a_name_without_a_visible_character_is_none() {
        assert_eq!(person_name(" \u{0} \t"), None);
        assert_eq!(person_name("\u{200b}\u{3164}\u{202e}"), None);
    }

    #[test]
    fn a_long_name_is_cut_at_forty_characters() {
        assert_eq!(person_name(&"é".repeat(60)).map(|name| name.chars().count()), Some(40));
    }
}
