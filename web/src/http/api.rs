//! Commands over plain HTTP: for programs, and for browsers that are being closed.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::rejection::StringRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sockbit_application::gateway::{AGAIN_AFTER_MS, Identity};
use sockbit_domain::wire::{ClientMessage, Refusal, RefusalCode, SentCommand, ServerMessage};

use crate::app::App;
use crate::pages::Failure;

/// Takes the same message as a socket does and answers with the same: the outcome.
///
/// Its type may be anything, since a page that is being closed cannot say `application/json`
/// without asking first; whose pages may post is checked before.
pub(crate) async fn command(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    body: Result<String, StringRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return Failure::too_large(app.body_bytes_max).into_response();
        }
        Err(rejection) => return refused(malformed(rejection.body_text())),
    };
    match ClientMessage::parse(&body) {
        Ok(ClientMessage::Command(sent)) => outcome(&app, &identity, sent).await,
        Ok(_) => refused(Refusal {
            id: None,
            code: RefusalCode::UnknownType,
            detail: "only commands are taken here".to_owned(),
        }),
        Err(refusal) => refused(refusal),
    }
}

async fn outcome(app: &App, identity: &Identity, sent: SentCommand) -> Response {
    let (id, board) = (sent.id, sent.board);
    match app.gateway.command(identity, sent).await {
        Ok(outcome) => answer(StatusCode::OK, &ServerMessage::Outcome { id, board, outcome }),
        Err(_) => answer(
            StatusCode::SERVICE_UNAVAILABLE,
            &ServerMessage::Again { id: Some(id), board: None, after_ms: AGAIN_AFTER_MS },
        ),
    }
}

fn malformed(detail: String) -> Refusal {
    Refusal { id: None, code: RefusalCode::Malformed, detail }
}

fn refused(refusal: Refusal) -> Response {
    answer(StatusCode::BAD_REQUEST, &ServerMessage::Refused(refusal))
}

fn answer(status: StatusCode, message: &ServerMessage) -> Response {
    match message.to_json() {
        Ok(json) => (status, [(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer could not be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
