//! Static files: styles, scripts and fonts, embedded in the binary.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::extractors::PathParams;
use crate::failure::Failure;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// Scripts import each other by names without a hash, so browsers must revalidate them each time.
const REVALIDATE: &str = "no-cache";
/// Fonts never change under the same name.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Sends a file, or 304 if the browser has the same version.
pub(crate) async fn asset(PathParams(path): PathParams<String>, headers: HeaderMap) -> Response {
    let Some((file, content_type)) = Assets::get(&path).zip(content_type(&path)) else {
        return Failure::no_such_page().into_response();
    };
    let etag = etag(&file);
    let caching = if path.starts_with("fonts/") { IMMUTABLE } else { REVALIDATE };
    let headers_of_file = [
        (header::CACHE_CONTROL, caching.to_owned()),
        (header::ETAG, etag.clone()),
        (header::CONTENT_TYPE, content_type.to_owned()),
    ];
    if matches_etag(&headers, &etag) {
        return (StatusCode::NOT_MODIFIED, headers_of_file).into_response();
    }
    (headers_of_file, file.data).into_response()
}

/// Weak, since the compressed and the plain response share it.
fn etag(file: &EmbeddedFile) -> String {
    format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash()))
}

fn matches_etag(headers: &HeaderMap, etag: &str) -> bool {
    let tag = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|known| tag(known) == tag(etag))
}

/// `None` for files that are not served.
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
