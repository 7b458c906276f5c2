//! The names of an enum's variants, as the code itself knows them.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

/// Asks for a variant that there is not; the refusal lists those that there are.
pub fn variants<T: DeserializeOwned>(unknown: &str) -> BTreeSet<String> {
    let Err(refusal) = serde_json::from_str::<T>(unknown) else {
        panic!("{unknown} has no known variant");
    };
    let refusal = refusal.to_string();
    let (_, listed) = refusal.split_once("expected").expect("the refusal lists the variants");
    listed.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[test]
fn the_variants_of_an_enum_are_known() {
    let names = variants::<sockbit_domain::Role>(r#""?""#);
    assert_eq!(names, ["editor", "owner"].map(ToOwned::to_owned).into());
}
