//! Test vectors that compare `Delta` and the browser's `delta.js` with Quill's Delta and with each
//! other. `vectors/generate.mjs` explains how they are made.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sockbit_domain::{Delta, DeltaError, Text};

#[derive(Deserialize)]
struct Cases {
    apply: Vec<(Text, Delta, Value)>,
    compose: Vec<(Delta, Delta, Value)>,
    transform: Vec<(Delta, Delta, bool, Value)>,
    transform_index: Vec<(Delta, u32, bool, Value)>,
    invert: Vec<(Delta, Text, Value)>,
}

#[derive(Deserialize)]
struct Edges {
    normalise_text: Vec<(Value, Text)>,
    normalise: Vec<(Delta, Value)>,
    malformed: Vec<Value>,
    measures: Vec<(Delta, Value)>,
    apply_refused: Vec<(Text, Delta, Value)>,
    compose_refused: Vec<(Delta, Delta, Value)>,
    invert_refused: Vec<(Delta, Text, Value)>,
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("../vectors/delta.json")).expect("delta.json is well formed")
}

fn edges() -> Edges {
    serde_json::from_str(include_str!("../vectors/edges.json")).expect("edges.json is well formed")
}

fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("serialisable")
}

fn outcome<T: Serialize>(result: Result<T, DeltaError>) -> Value {
    match result {
        Ok(value) => json(value),
        Err(DeltaError::BeyondEnd) => json("beyond_end"),
        Err(DeltaError::SplitsPair) => json("splits_pair"),
        Err(DeltaError::ForbiddenCharacter) => json("forbidden_character"),
    }
}

#[test]
fn there_are_enough_cases() {
    let cases = cases();
    let all = [
        cases.apply.len(),
        cases.compose.len(),
        cases.transform.len(),
        cases.transform_index.len(),
        cases.invert.len(),
    ];
    assert!(all.iter().all(|count| *count >= 600), "{all:?}");
}

#[test]
fn apply_agrees_with_quill() {
    for (text, delta, expected) in cases().apply {
        assert_eq!(outcome(delta.apply(&text)), expected, "{text:?} {delta:?}");
    }
}

#[test]
fn compose_agrees_with_quill() {
    for (first, second, expected) in cases().compose {
        assert_eq!(outcome(first.compose(&second)), expected, "{first:?} {second:?}");
    }
}

#[test]
fn transform_agrees_with_quill() {
    for (first, second, priority, expected) in cases().transform {
        let transformed = json(first.transform(&second, priority));
        assert_eq!(transformed, expected, "{first:?} {second:?} {priority}");
    }
}

#[test]
fn transform_index_agrees_with_quill() {
    for (delta, index, stays, expected) in cases().transform_index {
        assert_eq!(
            json(delta.transform_index(index, stays)),
            expected,
            "{delta:?} {index} {stays}"
        );
    }
}

#[test]
fn invert_agrees_with_quill() {
    for (delta, base, expected) in cases().invert {
        assert_eq!(outcome(delta.invert(&base)), expected, "{delta:?} {base:?}");
    }
}

#[test]
fn diffs_match_those_of_the_browser() {
    let diffs: Vec<(Text, Text, Value)> =
        serde_json::from_str(include_str!("../vectors/diff.json"))
            .expect("diff.json is well formed");
    assert!(diffs.len() >= 500);
    for (old, new, expected) in diffs {
        assert_eq!(json(Delta::diff(&old, &new)), expected, "{old:?} {new:?}");
    }
}

#[test]
fn texts_and_deltas_are_parsed_as_in_the_browser() {
    let edges = edges();
    for (sent, expected) in edges.normalise_text {
        let sent = sent.as_str().expect("a text");
        assert_eq!(Text::normalise(sent), expected, "{sent:?}");
    }
    for (delta, expected) in edges.normalise {
        assert_eq!(json(delta), expected);
    }
    for (delta, expected) in edges.measures {
        assert_eq!(json((delta.is_empty(), delta.base_len(), delta.len_change())), expected);
    }
}

#[test]
fn a_delta_that_the_browser_rejects_as_malformed_is_rejected() {
    for ops in edges().malformed {
        assert!(serde_json::from_value::<Delta>(ops.clone()).is_err(), "{ops}");
        assert!(serde_json::from_str::<Delta>(&ops.to_string()).is_err(), "{ops}");
    }
}

#[test]
fn a_delta_that_the_browser_refuses_is_refused_for_the_same_reason() {
    let edges = edges();
    for (text, delta, expected) in edges.apply_refused {
        assert_eq!(outcome(delta.apply(&text)), expected, "{text:?} {delta:?}");
    }
    for (first, second, expected) in edges.compose_refused {
        assert_eq!(outcome(first.compose(&second)), expected, "{first:?} {second:?}");
    }
    for (delta, base, expected) in edges.invert_refused {
        assert_eq!(outcome(delta.invert(&base)), expected, "{delta:?} {base:?}");
    }
}
