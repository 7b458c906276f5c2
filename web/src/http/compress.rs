//! Pages and scripts travel compressed.
//!
//! What is compressed tells its content by its length to whoever can put words beside a secret and
//! have both sent again and again. No page holds what lets somebody in but the answer with a new
//! link, which is never the same twice and left as it is; and our cookie is of the kind that another
//! site cannot have sent with what it loads.

use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// Less than this travels in one packet anyway.
const WORTH_IT_BYTES: u64 = 1024;
/// What is made of text. Fonts and pictures are compressed as they are.
const KINDS: [&[u8]; 3] = [b"text/", b"application/json", b"image/svg+xml"];

/// Compresses for those who ask for it, as fast as it goes: a page is made once and read once.
pub(crate) fn compressed() -> CompressionLayer<impl Predicate + Send + Sync + 'static> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(WORTH_IT_BYTES).and(is_open_text))
}

fn is_open_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let value = |name| headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    let kind = value(header::CONTENT_TYPE);
    KINDS.iter().any(|it| kind.starts_with(it)) && value(header::CACHE_CONTROL) != b"no-store"
}
