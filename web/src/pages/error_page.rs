//! Middleware that renders a [`Failure`] as an error page, or as JSON for the API.

use askama::Template;
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::responses::page;
use crate::failure::Failure;

#[derive(Template)]
#[template(path = "error.html")]
pub(super) struct ErrorPage {
    pub status: u16,
    pub title: String,
    pub message: String,
    /// The path to try again, if that is safe and may help.
    pub retry: Option<String>,
}

/// Gives the response of a failed request its body.
pub(crate) async fn render_failures(request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let Some(failure) = response.extensions_mut().remove::<Failure>() else { return response };
    let is_temporary = failure.is_temporary();
    let rendered = if path.starts_with("/api/") {
        Json(json!({ "title": failure.title, "message": failure.message })).into_response()
    } else {
        let retry = (is_temporary && is_read).then_some(path);
        let Failure { status, title, message } = failure;
        let view = ErrorPage { status: status.as_u16(), title: title.to_owned(), message, retry };
        page(status, &view)
    };
    let (parts, body) = rendered.into_parts();
    // Headers of other layers stay, such as the cookie of a new guest.
    response.headers_mut().extend(parts.headers);
    if is_temporary {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    *response.body_mut() = body;
    response
}
