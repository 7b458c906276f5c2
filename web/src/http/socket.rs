//! The door for live connections.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sockbit_application::gateway::{ConnectionRefused, Identity};

use super::address::ClientAddress;
use crate::app::App;
use crate::pages::Failure;
use crate::server::Place;

/// Opens a session and serves it over a WebSocket.
pub(crate) async fn socket(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    place: Option<Extension<Place>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            return Failure::unreadable(rejection.status(), &rejection.body_text()).into_response();
        }
    };
    match app.gateway.open(identity, address) {
        Ok(session) => sockbit_websocket::upgrade(upgrade, session, app.websocket, place),
        Err(full) => (status(full), full.to_string()).into_response(),
    }
}

fn status(full: ConnectionRefused) -> StatusCode {
    match full {
        ConnectionRefused::Address | ConnectionRefused::Actor => StatusCode::TOO_MANY_REQUESTS,
        ConnectionRefused::Draining => StatusCode::SERVICE_UNAVAILABLE,
    }
}
