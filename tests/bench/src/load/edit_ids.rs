//! Message ids that carry the number of an edit, so that an event is recognised without being parsed.

use memchr::memmem::Finder;
use sockbit_domain::MessageId;

/// As in `"message":"0a1b2c3d-0000-4000-8000-00000000002a"`.
const KEY: &str = r#""message":""#;
const NUMBER_DIGITS: usize = 12;

/// The ids of one load; those of another load have another prefix.
#[derive(Clone)]
pub struct EditIds {
    prefix: String,
    finder: Finder<'static>,
}

impl EditIds {
    /// Ids that start with this number.
    pub fn new(load: u32) -> Self {
        let prefix = format!("{load:08x}-0000-4000-8000-");
        let finder = Finder::new(format!("{KEY}{prefix}").as_bytes()).into_owned();
        Self { prefix, finder }
    }

    /// The id of an edit.
    pub fn id(&self, number: usize) -> String {
        format!("{}{number:012x}", self.prefix)
    }

    /// The number of the edit that a message is about, if it is one of these.
    pub fn number_in(&self, message: &[u8]) -> Option<usize> {
        let start = self.finder.find(message)? + KEY.len() + self.prefix.len();
        parse_number(message.get(start..start + NUMBER_DIGITS)?)
    }

    /// The number of the edit with this id, if it is one of these.
    pub fn number(&self, id: MessageId) -> Option<usize> {
        parse_number(id.0.to_string().strip_prefix(&self.prefix)?.as_bytes())
    }
}

fn parse_number(digits: &[u8]) -> Option<usize> {
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_recognised_by_its_message_id() {
        let ids = EditIds::new(7);
        let event =
            format!(r#"{{"type":"event","event":{{"seq":9,"message":"{}"}}}}"#, ids.id(300));
        assert_eq!(ids.number_in(event.as_bytes()), Some(300));
        assert_eq!(EditIds::new(8).number_in(event.as_bytes()), None);
    }

    #[test]
    fn an_outcome_is_recognised_by_its_id() {
        let ids = EditIds::new(u32::MAX);
        let id = MessageId(ids.id(42).parse().expect("a UUID"));
        assert_eq!(ids.number(id), Some(42));
    }
}
