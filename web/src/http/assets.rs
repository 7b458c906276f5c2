//! Styles, scripts and fonts, out of the program itself.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::pages::{Failure, Named};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// Modules import each other by plain names, so a browser asks each time whether there is a newer
/// one; a font never changes.
const ASK_AGAIN: &str = "no-cache";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// One file, or word that the browser has it already.
pub(crate) async fn asset(Named(path): Named<String>, headers: HeaderMap) -> Response {
    let Some((file, kind)) = Assets::get(&path).zip(content_type(&path)) else {
        return Failure::no_such_page().into_response();
    };
    let etag = etag(&file);
    let keep = if path.starts_with("fonts/") { FOR_EVER } else { ASK_AGAIN };
    let described = [
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::ETAG, etag.clone()),
        (header::CONTENT_TYPE, kind.to_owned()),
    ];
    if knows(&headers, &etag) {
        return (StatusCode::NOT_MODIFIED, described).into_response();
    }
    (described, file.data).into_response()
}

/// A weak one: compressed or not, it is the same file.
fn etag(file: &EmbeddedFile) -> String {
    format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash()))
}

fn knows(headers: &HeaderMap, etag: &str) -> bool {
    let tag = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|known| tag(known) == tag(etag))
}

/// What the browser is told; other files are not for it.
fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain; charset=utf-8"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}
