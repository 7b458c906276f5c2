//! HTML pages and forms. They work without scripts: a form posts, and the response is a page.

mod board_page;
mod commands_and_queries;
mod error_page;
mod example_notes_form;
mod home_page;
mod join_page;
pub mod markdown;
mod note_forms;
mod note_page;
mod profile_form;
mod rank_after_move;
mod rename_form;
mod responses;
mod share_link_form;
mod snapshot;
mod view_models;

use std::sync::Arc;

use axum::Router;

use crate::app_state::AppState;

pub(crate) use error_page::render_failures;

/// All pages and the forms on them.
pub(crate) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .merge(home_page::routes())
        .merge(profile_form::routes())
        .merge(join_page::routes())
        .merge(board_page::routes())
        .merge(rename_form::routes())
        .merge(share_link_form::routes())
        .merge(example_notes_form::routes())
        .merge(note_page::routes())
        .merge(note_forms::routes())
}
