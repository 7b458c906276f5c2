//! What went wrong, said like a colleague would.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;
use sockbit_application::ports::Unavailable;
use sockbit_domain::{Limits, Rejection, RejectionCode};

use super::render::page;
use super::views::ErrorPage;

/// Why there is no page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    title: &'static str,
    message: String,
}

impl Failure {
    fn new(status: StatusCode, title: &'static str, message: impl Into<String>) -> Self {
        Self { status, title, message: message.into() }
    }

    pub fn no_such_page() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is no such page",
            "The address may have a slip in it, or what was here is gone.",
        )
    }

    pub fn no_such_board() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "We can't find that board",
            "It may not exist, or you were not let in yet. Whoever shares it can send you a link \
             that opens it.",
        )
    }

    fn no_such_note() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "We can't find that note",
            "Somebody may have deleted it for good.",
        )
    }

    pub fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "That cannot be done here",
            "This address answers to something else. Go back and try it from the page.",
        )
    }

    /// What was sent is no form of ours.
    pub fn unreadable(status: StatusCode, detail: &str) -> Self {
        let message = format!("What was sent could not be read: {detail}.");
        Self::new(status, "We could not read that", message)
    }

    pub fn too_large(bytes_max: usize) -> Self {
        let message = format!(
            "At most {bytes_max} bytes can be sent at once. Your browser still has what you \
             wrote: go back, and save it in parts."
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "That is too much at once", message)
    }

    pub fn cross_site() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "That came from another site",
            "Only SockBit's own pages may change something in your name. Open the page here and \
             try again.",
        )
    }

    pub fn too_many() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "That was a little fast",
            "A lot was asked for from your address in a short time. Wait a moment and try again.",
        )
    }

    /// Nobody knows whether what was asked for was done.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "We can't do that right now",
            "The server did not answer in time, so it may not have happened. Your browser still \
             has what you wrote: go back, look, and try again in a moment.",
        )
    }

    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something broke on our side",
            "It was written down for us to look at. Your browser still has what you wrote: go \
             back and try again.",
        )
    }
}

impl From<Unavailable> for Failure {
    fn from(error: Unavailable) -> Self {
        tracing::warn!(%error, "a page has to do without an answer");
        Self::unavailable()
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        match rejection.code {
            RejectionCode::NotFound => Self::no_such_board(),
            RejectionCode::NoteNotFound | RejectionCode::NoteGone => Self::no_such_note(),
            RejectionCode::Internal => Self::internal(),
            code => Self::new(status(code), "That was not done", sentence(&rejection.detail)),
        }
    }
}

/// The HTTP status of a rejection.
pub(super) fn status(code: RejectionCode) -> StatusCode {
    match code {
        RejectionCode::NotFound | RejectionCode::NoteNotFound => StatusCode::NOT_FOUND,
        RejectionCode::NoteGone => StatusCode::GONE,
        RejectionCode::Forbidden => StatusCode::FORBIDDEN,
        RejectionCode::BoardExists
        | RejectionCode::NoteExists
        | RejectionCode::NoteNotTrashed
        | RejectionCode::BoardFull
        | RejectionCode::BoardTextFull
        | RejectionCode::TooManyLinks
        | RejectionCode::BaseGone
        | RejectionCode::MessageIdReused => StatusCode::CONFLICT,
        RejectionCode::TitleEmpty
        | RejectionCode::TitleTooLong
        | RejectionCode::TextTooLong
        | RejectionCode::BadDelta
        | RejectionCode::Malformed => StatusCode::UNPROCESSABLE_ENTITY,
        RejectionCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Why not, in a sentence. Lengths are told as people count them.
pub(super) fn told(rejection: &Rejection, limits: &Limits) -> String {
    match rejection.code {
        RejectionCode::TitleTooLong => format!(
            "That name is too long: {} plain letters fit, and fewer with accents or emoji.",
            limits.title_bytes_max
        ),
        RejectionCode::TextTooLong => {
            let most = size(limits.note_bytes_max);
            format!("A note holds up to {most} of text, and this is more.")
        }
        RejectionCode::BoardTextFull => "The board holds no more text.".to_owned(),
        _ => sentence(&rejection.detail),
    }
}

fn size(bytes: usize) -> String {
    if bytes < 1024 { format!("{bytes} bytes") } else { format!("{} KB", bytes / 1024) }
}

/// A detail as a sentence of its own.
fn sentence(detail: &str) -> String {
    let mut chars = detail.chars();
    let first = chars.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    let end = if detail.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

/// Only [`explain`] knows what was asked for, so that is where the page is made.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Extension(self)).into_response()
    }
}

/// Makes a page of a failure; programs get the same as JSON.
pub(crate) async fn explain(request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let Some(failure) = response.extensions_mut().remove::<Failure>() else { return response };
    let is_passing = failure.is_passing();
    let explained = if path.starts_with("/api/") {
        let said = json!({ "title": failure.title, "message": failure.message });
        Json(said).into_response()
    } else {
        let retry = (is_passing && is_read).then_some(path);
        page(failure.status, &failure.page(retry))
    };
    let (parts, body) = explained.into_parts();
    // What others said in headers, such as who somebody is from now on, stays true.
    response.headers_mut().extend(parts.headers);
    if is_passing {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    *response.body_mut() = body;
    response
}

impl Failure {
    /// Whether trying again soon may help.
    fn is_passing(&self) -> bool {
        matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
    }

    fn page(self, retry: Option<String>) -> ErrorPage {
        let Self { status, title, message } = self;
        ErrorPage { status: status.as_u16(), title: title.to_owned(), message, retry }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_becomes_a_sentence() {
        assert_eq!(sentence("the text is too long"), "The text is too long.");
        assert_eq!(sentence(""), ".");
        assert_eq!(sentence("Done!"), "Done!");
    }

    #[test]
    fn lengths_are_told_as_people_count_them() {
        for code in [RejectionCode::TitleTooLong, RejectionCode::TextTooLong] {
            let said = told(&Rejection::new(code, "it has 70000 bytes"), &Limits::default());
            assert!(!said.contains("bytes") && said.contains(char::is_numeric), "{said}");
        }
    }

    #[test]
    fn a_stranger_is_told_the_same_as_of_a_board_that_is_not_there() {
        let rejection = Rejection::new(RejectionCode::NotFound, "whatever");
        assert_eq!(Failure::from(rejection), Failure::no_such_board());
    }
}
