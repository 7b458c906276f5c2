//! The pages, which do everything without script too: a form posts, and the page comes back.

mod board;
mod board_forms;
mod boards;
mod caller;
mod errors;
mod fields;
mod history;
mod home;
mod join;
mod markdown;
mod me;
mod moves;
mod note;
mod note_forms;
mod render;
mod time;
mod turns;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub(crate) use errors::{Failure, explain};
pub(crate) use fields::Named;
pub(crate) use turns::Turns;

/// All pages and the forms on them.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(home::show))
        .route("/me", post(me::change))
        .route("/boards", post(home::create))
        .route("/boards/{board}", get(board::show))
        .route("/boards/{board}/join/{key}", get(join::ask).post(join::join))
        .route("/boards/{board}/rename", post(board_forms::rename))
        .route("/boards/{board}/links", post(board_forms::link))
        .route("/boards/{board}/notes", post(note_forms::create))
        .route("/boards/{board}/notes/examples", post(board_forms::examples))
        .route("/boards/{board}/notes/{note}", get(note::show))
        .route("/boards/{board}/notes/{note}/edit", post(note_forms::edit))
        .route("/boards/{board}/notes/{note}/recolour", post(note_forms::recolour))
        .route("/boards/{board}/notes/{note}/move", post(note_forms::relocate))
        .route("/boards/{board}/notes/{note}/trash", post(note_forms::trash))
        .route("/boards/{board}/notes/{note}/restore", post(note_forms::restore))
        .route("/boards/{board}/notes/{note}/delete", post(note_forms::delete))
}
