//! The style sheets cost work in proportion to what changes on a page.

use std::fs;
use std::path::Path;

/// With `:has()`, a change of one element can restyle all elements around it. State is in attributes
/// instead, which scripts set where the state changes.
const EXPENSIVE: &str = ":has(";

#[test]
fn no_style_sheet_selects_elements_by_their_descendants() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/assets/css");
    let mut sheets = 0;
    for entry in fs::read_dir(folder).expect("a folder of style sheets") {
        let path = entry.expect("an entry").path();
        let sheet = fs::read_to_string(&path).expect("a style sheet can be read");
        let name = path.display();
        assert_eq!(uses(&sheet), Vec::<usize>::new(), "lines of {name} with {EXPENSIVE}");
        sheets += 1;
    }
    assert!(sheets > 5, "the style sheets are found: {sheets}");
}

#[test]
fn a_planted_use_is_found() {
    assert_eq!(uses("a { b: c; }\np:has(> q) { r: s; }\n"), [2]);
}

/// The numbers of the lines with an expensive selector.
fn uses(sheet: &str) -> Vec<usize> {
    let numbered = (1..).zip(sheet.lines());
    numbered.filter(|(_, line)| line.contains(EXPENSIVE)).map(|(number, _)| number).collect()
}
