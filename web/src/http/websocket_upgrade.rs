//! The route for live connections over WebSocket.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sockbit_application::gateway::{ConnectionRefused, Identity};
use sockbit_websocket::{UpgradeRejection, WebSocketUpgrade};

use crate::app_state::AppState;
use crate::client_address::ClientAddress;
use crate::failure::Failure;
use crate::limits::ConnectionPermit;

/// Opens a session and upgrades the connection, which keeps its permit.
pub(crate) async fn connect(
    State(app): State<Arc<AppState>>,
    Extension(identity): Extension<Identity>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    permit: Option<Extension<ConnectionPermit>>,
    upgrade: Result<WebSocketUpgrade, UpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            return Failure::unreadable(rejection.status(), &rejection.reason()).into_response();
        }
    };
    match app.gateway.open(identity, address) {
        Ok(session) => {
            sockbit_websocket::upgrade(upgrade, session, Arc::clone(&app.websocket), permit)
        }
        Err(error) => (status(error), error.to_string()).into_response(),
    }
}

fn status(error: ConnectionRefused) -> StatusCode {
    match error {
        ConnectionRefused::Address | ConnectionRefused::Actor => StatusCode::TOO_MANY_REQUESTS,
        ConnectionRefused::Draining => StatusCode::SERVICE_UNAVAILABLE,
    }
}
