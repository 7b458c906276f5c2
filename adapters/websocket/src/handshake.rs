//! The opening handshake (RFC 6455, section 4.2), over HTTP/1.1.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The version of the protocol.
const VERSION: &str = "13";

/// A request to open a WebSocket.
pub struct WebSocketUpgrade {
    on_upgrade: OnUpgrade,
    accept: HeaderValue,
}

/// Why a request does not open a WebSocket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UpgradeRejection {
    /// The method is not GET.
    Method,
    /// A header that requests the upgrade is missing or has another value.
    Header(&'static str),
    /// The connection cannot be upgraded.
    NotUpgradable,
}

impl UpgradeRejection {
    /// The status of the response.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Header(_) => StatusCode::BAD_REQUEST,
            Self::NotUpgradable => StatusCode::UPGRADE_REQUIRED,
        }
    }

    /// The reason as text.
    #[must_use]
    pub fn reason(self) -> String {
        match self {
            Self::Method => "the request method must be GET".to_owned(),
            Self::Header(name) => format!("the header {name} does not ask for a WebSocket"),
            Self::NotUpgradable => "the connection cannot be upgraded to a WebSocket".to_owned(),
        }
    }
}

impl IntoResponse for UpgradeRejection {
    fn into_response(self) -> Response {
        (self.status(), self.reason()).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = UpgradeRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, UpgradeRejection> {
        if parts.method != Method::GET {
            return Err(UpgradeRejection::Method);
        }
        let headers = &parts.headers;
        if !has_token(headers, CONNECTION, "upgrade") {
            return Err(UpgradeRejection::Header("Connection"));
        }
        if !has_token(headers, UPGRADE, "websocket") {
            return Err(UpgradeRejection::Header("Upgrade"));
        }
        if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
            return Err(UpgradeRejection::Header("Sec-WebSocket-Version"));
        }
        let key = headers.get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
        let accept =
            key.and_then(|accept| HeaderValue::from_maybe_shared(accept.into_bytes()).ok());
        let accept = accept.ok_or(UpgradeRejection::Header("Sec-WebSocket-Key"))?;
        let on_upgrade = parts.extensions.remove::<OnUpgrade>();
        let on_upgrade = on_upgrade.ok_or(UpgradeRejection::NotUpgradable)?;
        Ok(Self { on_upgrade, accept })
    }
}

impl WebSocketUpgrade {
    /// The response that accepts the request, and the connection once it has been sent.
    pub(crate) fn accept(self) -> (Response, OnUpgrade) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().extend([
            (CONNECTION, HeaderValue::from_static("upgrade")),
            (UPGRADE, HeaderValue::from_static("websocket")),
            (SEC_WEBSOCKET_ACCEPT, self.accept),
        ]);
        (response, self.on_upgrade)
    }
}

/// Whether a header with a list of tokens has this token, in any case.
fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|it| it.trim().eq_ignore_ascii_case(token))
}
