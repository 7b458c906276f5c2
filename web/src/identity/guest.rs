//! New guests, with a random name of two words.

use sockbit_application::gateway::Identity;
use sockbit_application::ports::Ids;
use sockbit_domain::{Actor, ActorId, ClientId, PERSON_COLOURS};
use uuid::Uuid;

const ADJECTIVES: [&str; 32] = [
    "Amber", "Brave", "Bright", "Calm", "Clever", "Cosy", "Early", "Eager", "Fair", "Fresh",
    "Gentle", "Glad", "Golden", "Happy", "Humble", "Jolly", "Kind", "Lively", "Lucky", "Mellow",
    "Merry", "Misty", "Nimble", "Patient", "Polite", "Quick", "Quiet", "Silver", "Steady", "Sunny",
    "Tidy", "Warm",
];

const ANIMALS: [&str; 32] = [
    "Badger", "Beaver", "Bison", "Crane", "Curlew", "Dolphin", "Falcon", "Finch", "Fox", "Gecko",
    "Hare", "Heron", "Ibis", "Jay", "Kestrel", "Koala", "Lark", "Lynx", "Marten", "Moose", "Newt",
    "Otter", "Owl", "Panda", "Puffin", "Quail", "Robin", "Seal", "Swift", "Tern", "Walrus", "Wren",
];

/// An identity with new ids, a random name and a random colour.
pub(crate) fn new_guest(ids: &dyn Ids) -> Identity {
    let id = ids.mint();
    let random = ids.mint();
    let [.., colour] = random.into_bytes();
    let actor =
        Actor { id: ActorId(id), name: random_name(random), colour: colour % PERSON_COLOURS };
    Identity { actor, client: ClientId(ids.mint()) }
}

/// A name that is derived from these random bits.
pub(super) fn random_name(random: Uuid) -> String {
    let [adjective, animal, ..] = random.into_bytes();
    format!("{} {}", pick(&ADJECTIVES, adjective), pick(&ANIMALS, animal))
}

fn pick(words: &[&'static str; 32], random: u8) -> &'static str {
    words.get(usize::from(random % 32)).copied().unwrap_or("Quiet")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock_and_ids::RandomIds;

    #[test]
    fn two_guests_have_different_ids() {
        let (a, b) = (new_guest(&RandomIds), new_guest(&RandomIds));
        assert_ne!(a.actor.id, b.actor.id);
        assert_ne!(a.client, b.client);
    }

    #[test]
    fn a_guest_has_a_name_of_two_words_and_a_colour() {
        let guest = new_guest(&RandomIds);
        assert_eq!(guest.actor.name.split(' ').count(), 2);
        assert!(guest.actor.colour < PERSON_COLOURS);
    }
}
