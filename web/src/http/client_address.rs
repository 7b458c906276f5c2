//! Middleware that attaches the client's address to each request.

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::app_state::AppState;
use crate::client_address::{ClientAddress, PeerAddress};

/// Adds a [`ClientAddress`] to the request's extensions.
pub(crate) async fn add_client_address(
    State(app): State<Arc<AppState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let unknown = PeerAddress(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)));
    let peer = request.extensions().get::<PeerAddress>().copied().unwrap_or(unknown);
    let address = ClientAddress::resolve(peer, request.headers(), app.trusted_proxies);
    request.extensions_mut().insert(address);
    next.run(request).await
}
