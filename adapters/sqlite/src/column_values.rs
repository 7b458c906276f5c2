//! Words and numbers between the columns and the domain.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use sockbit_domain::Seq;

/// Reads a word as it stands on the wire.
pub(crate) fn parse<'a, T: Deserialize<'a>>(word: &'a str) -> Result<T, Error> {
    let word: StrDeserializer<'a, Error> = word.into_deserializer();
    T::deserialize(word)
}

/// A number as SQLite holds it. No log and no text comes near the end of these; what a client
/// names beyond it stands for "after everything".
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that the schema keeps from being negative.
pub(crate) fn number(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or_default()
}

pub(crate) fn seq(integer: i64) -> Seq {
    Seq(number(integer))
}
