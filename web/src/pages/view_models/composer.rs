//! The form for a new note.

use sockbit_domain::Colour;

/// The form for a new note, with a rejected text if there is one.
#[derive(Clone, Debug)]
pub(crate) struct ComposerView {
    pub text: String,
    pub colour: String,
    pub problem: Option<String>,
}

impl Default for ComposerView {
    fn default() -> Self {
        Self { text: String::new(), colour: Colour::default().as_str().to_owned(), problem: None }
    }
}
