//! What all pages share: the user, the page's own path and a notice.

use sockbit_application::gateway::Identity;

use super::person::PersonView;

/// On every page except the error page.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The id of the user. Drafts that the page stores belong to it.
    pub actor: String,
    pub me: PersonView,
    /// The path of this page, to return to.
    pub here: String,
    pub notice: Option<NoticeView>,
}

#[derive(Clone, Debug)]
pub(crate) struct NoticeView {
    pub text: String,
    /// Where to post to undo what the notice reports.
    pub undo: Option<String>,
}

impl Frame {
    pub fn new(me: &Identity, here: String) -> Self {
        Self { actor: me.actor.id.to_string(), me: PersonView::new(&me.actor), here, notice: None }
    }
}

impl NoticeView {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), undo: None }
    }
}
