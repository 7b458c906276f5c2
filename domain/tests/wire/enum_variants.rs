//! The serialised names of an enum's variants.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

/// Parses an unknown variant, because serde's error lists the known ones.
pub fn variants<T: DeserializeOwned>(unknown: &str) -> BTreeSet<String> {
    let Err(error) = serde_json::from_str::<T>(unknown) else {
        panic!("{unknown} is an unknown variant");
    };
    let error = error.to_string();
    let (_, listed) = error.split_once("expected").expect("the error lists the variants");
    listed.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[test]
fn the_variants_of_an_enum_are_listed() {
    let names = variants::<sockbit_domain::Role>(r#""?""#);
    assert_eq!(names, ["editor", "owner"].map(ToOwned::to_owned).into());
}
