//! The HTTP API for commands, for programs and for pages that are being closed.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::rejection::StringRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sockbit_application::gateway::{AGAIN_AFTER_MS, Identity};
use sockbit_domain::wire::{ClientMessage, Refusal, RefusalCode, SentCommand, ServerMessage};

use crate::app_state::AppState;
use crate::failure::Failure;

/// Accepts the same message as a WebSocket and responds with the outcome.
///
/// Any content type is accepted: a page that is being closed cannot send `application/json`, which
/// would need a preflight request. The same-origin check has already run.
pub(crate) async fn command(
    State(app): State<Arc<AppState>>,
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
            detail: "this address accepts only commands".to_owned(),
        }),
        Err(refusal) => refused(refusal),
    }
}

async fn outcome(app: &AppState, identity: &Identity, sent: SentCommand) -> Response {
    let (id, board) = (sent.id, sent.board);
    match app.gateway.command(identity, sent).await {
        Ok(outcome) => respond(StatusCode::OK, &ServerMessage::Outcome { id, board, outcome }),
        Err(_) => respond(
            StatusCode::SERVICE_UNAVAILABLE,
            &ServerMessage::Again { id: Some(id), board: None, after_ms: AGAIN_AFTER_MS },
        ),
    }
}

fn malformed(detail: String) -> Refusal {
    Refusal { id: None, code: RefusalCode::Malformed, detail }
}

fn refused(refusal: Refusal) -> Response {
    respond(StatusCode::BAD_REQUEST, &ServerMessage::Refused(refusal))
}

fn respond(status: StatusCode, message: &ServerMessage) -> Response {
    match message.to_json() {
        Ok(json) => (status, [(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => {
            tracing::error!(%error, "a response could not be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
