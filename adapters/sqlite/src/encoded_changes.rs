//! A board's changes with their JSON. The caller of a commit encodes them, so that the writer only
//! binds values.

use serde::Serialize;
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{BoardChanges, StoreError};
use sockbit_domain::{Delta, Fact};

/// One board's changes, as the writer binds them.
#[derive(Debug)]
pub(crate) struct EncodedChanges {
    pub changes: BoardChanges,
    /// The JSON of each fact.
    pub facts: Vec<FactJson>,
    /// The JSON of each outcome.
    pub outcomes: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct FactJson {
    pub change: String,
    pub inverse: Option<String>,
    /// Bytes of JSON of the whole event.
    pub event_bytes: u64,
}

impl EncodedChanges {
    pub fn encode(changes: &BoardChanges) -> Result<Self, StoreError> {
        Ok(Self {
            facts: changes.facts.iter().map(FactJson::encode).collect::<Result<_, _>>()?,
            outcomes: changes
                .outcomes
                .iter()
                .map(|it| json(&it.outcome))
                .collect::<Result<_, _>>()?,
            changes: changes.clone(),
        })
    }

    /// Bytes of the texts and the JSON that are written.
    pub fn bytes(&self) -> usize {
        let facts = self
            .facts
            .iter()
            .map(|it| it.change.len().saturating_add(it.inverse.as_ref().map_or(0, String::len)));
        let notes = self.changes.notes.iter().map(|it| it.text.as_str().len());
        facts.chain(notes).chain(self.outcomes.iter().map(String::len)).sum()
    }
}

impl FactJson {
    fn encode(fact: &Fact) -> Result<Self, StoreError> {
        Ok(Self {
            change: json(&fact.event.change)?,
            inverse: fact.inverse.as_ref().map(json::<Delta>).transpose()?,
            event_bytes: json_bytes(&fact.event) as u64,
        })
    }
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unavailable(error.to_string()))
}
