//! Deltas as JSON: Quill's array of ops, limited to the text subset.

use alloc::format;
use alloc::string::String;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Delta, Op};

/// More ops than a person's edit has.
const OPS_MAX: usize = 10_000;
/// Browsers and databases count lengths in 31 bits.
const UNITS_MAX: u32 = i32::MAX as u32;

impl Serialize for Op {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Retain(units) => serializer.collect_map([("retain", units)]),
            Self::Insert(text) => serializer.collect_map([("insert", text)]),
            Self::Delete(units) => serializer.collect_map([("delete", units)]),
        }
    }
}

impl Serialize for Delta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut ops = serializer.serialize_seq(Some(self.ops().len()))?;
        for op in self.ops() {
            ops.serialize_element(op)?;
        }
        ops.end()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OpKind {
    Retain,
    Insert,
    Delete,
}

impl<'de> Deserialize<'de> for Op {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OpVisitor)
    }
}

struct OpVisitor;

impl<'de> Visitor<'de> for OpVisitor {
    type Value = Op;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("an op with one of `retain`, `insert` and `delete`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Op, A::Error> {
        let op = match map.next_key()? {
            Some(OpKind::Retain) => Op::Retain(checked_units(map.next_value()?)?),
            Some(OpKind::Insert) => Op::Insert(checked_text(map.next_value()?)?),
            Some(OpKind::Delete) => Op::Delete(checked_units(map.next_value()?)?),
            None => return Err(A::Error::invalid_length(0, &self)),
        };
        match map.next_key::<IgnoredAny>()? {
            None => Ok(op),
            Some(_) => Err(A::Error::invalid_length(2, &self)),
        }
    }
}

fn checked_units<E: Error>(units: u32) -> Result<u32, E> {
    match units {
        1..=UNITS_MAX => Ok(units),
        _ => Err(E::custom(format!("a length is between 1 and {UNITS_MAX}"))),
    }
}

fn checked_text<E: Error>(text: String) -> Result<String, E> {
    if text.is_empty() { Err(E::custom("an insert is not empty")) } else { Ok(text) }
}

impl<'de> Deserialize<'de> for Delta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(DeltaVisitor)
    }
}

struct DeltaVisitor;

impl<'de> Visitor<'de> for DeltaVisitor {
    type Value = Delta;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("an array of ops")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Delta, A::Error> {
        let mut delta = Delta::new();
        for index in 0_usize.. {
            let op = seq.next_element();
            let op = op.map_err(|error| A::Error::custom(format!("op {index}: {error}")))?;
            match op {
                None => break,
                Some(_) if index >= OPS_MAX => {
                    return Err(A::Error::custom(format!("a delta has at most {OPS_MAX} ops")));
                }
                Some(Op::Retain(units)) => delta.push_retain(units),
                Some(Op::Insert(text)) => delta.push_insert(&text),
                Some(Op::Delete(units)) => delta.push_delete(units),
            }
        }
        if delta.base_len() > u64::from(UNITS_MAX) {
            return Err(A::Error::custom(format!("a delta spans at most {UNITS_MAX} units")));
        }
        Ok(delta.chopped())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_delta_is_quills_array_of_ops() {
        let delta = Delta::new().retain(3).insert("x").delete(2);
        let json = r#"[{"retain":3},{"insert":"x"},{"delete":2}]"#;
        assert_eq!(serde_json::to_string(&delta).expect("json"), json);
        assert_eq!(serde_json::from_str::<Delta>(json).expect("a delta"), delta);
    }

    #[test]
    fn a_parsed_delta_is_canonical() {
        let json = r#"[{"delete":1},{"insert":"a"},{"insert":"b"},{"retain":4},{"retain":1}]"#;
        let delta: Delta = serde_json::from_str(json).expect("a delta");
        assert_eq!(delta, Delta::new().insert("ab").delete(1));
    }

    #[test]
    fn a_parsed_delta_can_be_extended_after_its_last_op() {
        let delta: Delta =
            serde_json::from_str(r#"[{"insert":"a"},{"retain":5}]"#).expect("a delta");
        assert_eq!(delta.insert("b"), Delta::new().insert("ab"));
    }

    #[track_caller]
    fn refused(json: &str, reason: &str) {
        let error = serde_json::from_str::<Delta>(json).expect_err("not a delta");
        assert!(error.to_string().contains(reason), "{error}");
    }

    #[test]
    fn an_error_names_the_op_and_the_reason() {
        refused(r#"[{"retain":1},{"retain":0}]"#, "op 1: a length is between 1 and 2147483647");
        refused(r#"[{"delete":2147483648}]"#, "op 0: a length");
        refused(r#"[{"insert":""}]"#, "op 0: an insert is not empty");
        refused(
            r#"[{"insert":"a","delete":1}]"#,
            "op 0: invalid length 2, expected an op with one",
        );
        refused(r#"[{"retain":1,"insert":null}]"#, "op 0: invalid length 2");
        refused(r#"[{"retain":1,"attributes":{"bold":true}}]"#, "op 0: invalid length 2");
        refused(r#"[{"attributes":{"bold":true}}]"#, "op 0: unknown variant `attributes`");
        refused(r"[{}]", "op 0: invalid length 0");
        refused(r"[[1]]", "op 0: invalid type: sequence");
        refused(r#"[{"retain":-1}]"#, "op 0: invalid value");
        refused(r#"[{"retain":1.5}]"#, "op 0: invalid type");
        refused(r#"{"ops":[]}"#, "an array of ops");
        refused(r#"[{"insert":"\udc00"}]"#, "op 0");
    }

    #[test]
    fn a_delta_longer_than_any_text_is_an_error() {
        let long = r#"{"retain":2147483647},{"delete":1}"#;
        refused(&format!("[{long}]"), "spans at most 2147483647 units");
    }

    #[test]
    fn too_many_ops_are_an_error() {
        let ops = alloc::vec![r#"{"retain":1}"#; OPS_MAX + 1].join(",");
        refused(&format!("[{ops}]"), "at most 10000 ops");
    }
}
