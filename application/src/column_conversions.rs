//! Conversions between the columns of a database and the domain.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use sockbit_domain::Seq;

/// Parses the name of an enum variant, as on the wire.
pub fn parse_name<'a, T: Deserialize<'a>>(name: &'a str) -> Result<T, Error> {
    let name: StrDeserializer<'a, Error> = name.into_deserializer();
    T::deserialize(name)
}

/// A number as a signed integer. No log or text is as large as the maximum; a larger number comes
/// from a client and means "after everything".
#[must_use]
pub fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A stored integer, which the schema prevents from being negative.
#[must_use]
pub fn number(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or_default()
}

/// A stored event number.
#[must_use]
pub fn seq(integer: i64) -> Seq {
    Seq(number(integer))
}
