//! A user as pages show them.

use sockbit_domain::{Actor, PERSON_COLOURS};

#[derive(Clone, Debug)]
pub(crate) struct PersonView {
    pub name: String,
    pub initials: String,
    pub colour: u8,
}

impl PersonView {
    pub fn new(actor: &Actor) -> Self {
        Self {
            name: actor.name.clone(),
            initials: initials(&actor.name),
            colour: actor.colour % PERSON_COLOURS,
        }
    }

    /// For the markup that the script copies and fills in.
    pub fn blank() -> Self {
        Self { name: String::new(), initials: String::new(), colour: 0 }
    }
}

/// The first letters of the first two words.
fn initials(name: &str) -> String {
    let letters =
        name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let initials: String = letters.take(2).flat_map(char::to_uppercase).collect();
    if initials.is_empty() { name.chars().take(1).collect() } else { initials }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_the_first_two_words_of_a_name() {
        for (name, expected) in [
            ("Quiet Otter", "QO"),
            ("ada", "A"),
            ("Ana María del Mar", "AM"),
            ("(😀) ß", "SS"),
            ("😀", "😀"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
