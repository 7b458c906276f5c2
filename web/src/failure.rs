//! A request that failed: status, title and message for the user. The middleware
//! `pages::error_page` renders it.

use axum::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sockbit_application::ports::Unavailable;
use sockbit_domain::{Rejection, RejectionCode};

use crate::rejections::{sentence, size, status};

/// Why a request failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    pub status: StatusCode,
    pub title: &'static str,
    pub message: String,
}

impl Failure {
    fn new(status: StatusCode, title: &'static str, message: impl Into<String>) -> Self {
        Self { status, title, message: message.into() }
    }

    pub fn no_such_page() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Page not found",
            "There may be a typo in the address, or the page is gone.",
        )
    }

    pub fn no_such_board() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "We can't find that board",
            "It may not exist, or you don't have access yet. Ask someone who uses it to share a \
             link with you.",
        )
    }

    fn no_such_note() -> Self {
        Self::new(StatusCode::NOT_FOUND, "We can't find that note", "It may have been deleted.")
    }

    pub fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "That doesn't work here",
            "Go back to the page and try again from there.",
        )
    }

    /// The request cannot be parsed.
    pub fn unreadable(status: StatusCode, detail: &str) -> Self {
        let message = format!("Something in your request was wrong: {detail}.");
        Self::new(status, "We could not read that", message)
    }

    pub fn too_large(bytes_max: usize) -> Self {
        let message = format!(
            "You can send up to {} at once. Your browser still has what you wrote: go back and \
             save it in smaller parts.",
            size(bytes_max)
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "That is too large", message)
    }

    pub fn cross_site() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "That came from another site",
            "Only SockBit's own pages can make changes in your name. Open the page here and try \
             again.",
        )
    }

    pub fn too_many_requests() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "That was a little fast",
            "We got a lot of requests from your address. Wait a moment and try again.",
        )
    }

    /// No reply in time: the request may or may not have taken effect.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "We can't do that right now",
            "The server did not answer in time, so your change may not be saved. Your browser \
             still has what you wrote: go back, check, and try again in a moment.",
        )
    }

    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something broke on our side",
            "We have logged the problem. Your browser still has what you wrote: go back and try \
             again.",
        )
    }

    /// Whether the same request may succeed a little later.
    pub fn is_temporary(&self) -> bool {
        matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
    }
}

impl From<Unavailable> for Failure {
    fn from(error: Unavailable) -> Self {
        tracing::warn!(%error, "a page got no reply from the workers");
        Self::unavailable()
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        match rejection.code {
            RejectionCode::NotFound => Self::no_such_board(),
            RejectionCode::NoteNotFound | RejectionCode::NoteGone => Self::no_such_note(),
            RejectionCode::Internal => Self::internal(),
            code => Self::new(status(code), "That did not work", sentence(&rejection.detail)),
        }
    }
}

/// The response carries the failure as an extension. It has no body until the middleware, which
/// knows the request, renders it.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Extension(self)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_without_access_looks_like_one_that_does_not_exist() {
        let rejection = Rejection::new(RejectionCode::NotFound, "any detail");
        assert_eq!(Failure::from(rejection), Failure::no_such_board());
    }
}
