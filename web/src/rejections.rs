//! How a rejection of a command or query is shown: its HTTP status and a sentence for the user.

use axum::http::StatusCode;
use sockbit_domain::{Limits, Rejection, RejectionCode};

/// The HTTP status of a rejection.
pub(crate) fn status(code: RejectionCode) -> StatusCode {
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

/// The reason as a sentence for the user, with lengths in letters and KB.
pub(crate) fn reason(rejection: &Rejection, limits: &Limits) -> String {
    match rejection.code {
        RejectionCode::TitleTooLong => format!(
            "That name is too long: up to {} letters fit, fewer with accents or emoji.",
            limits.title_bytes_max
        ),
        RejectionCode::TextTooLong => {
            let most = size(limits.note_bytes_max);
            format!("A note can hold up to {most} of text, and this is more.")
        }
        RejectionCode::BoardTextFull => "This board has no room for more text.".to_owned(),
        _ => sentence(&rejection.detail),
    }
}

/// A size in bytes as users read it.
pub(crate) fn size(bytes: usize) -> String {
    if bytes < 1024 { format!("{bytes} bytes") } else { format!("{} KB", bytes / 1024) }
}

/// Starts with a capital letter and ends with a full stop.
pub(crate) fn sentence(detail: &str) -> String {
    let mut chars = detail.chars();
    let first = chars.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    let end = if detail.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
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
    fn length_limits_are_given_in_letters_and_kb() {
        for code in [RejectionCode::TitleTooLong, RejectionCode::TextTooLong] {
            let reason = reason(&Rejection::new(code, "it has 70000 bytes"), &Limits::default());
            assert!(!reason.contains("bytes") && reason.contains(char::is_numeric), "{reason}");
        }
    }
}
