//! Compression of text responses.
//!
//! The length of a compressed response can reveal a secret to an attacker who can add text beside
//! it and request it many times (the BREACH attack). The only response with a secret is the one
//! with a new share link. It is `no-store`, never repeats, and is not compressed. The identity
//! cookie is `SameSite`, so another site cannot make the browser send such requests.

use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// Smaller responses fit into one packet uncompressed.
const COMPRESS_ABOVE_BYTES: u64 = 1024;
/// Fonts and images are already compressed.
const TEXT_TYPES: [&[u8]; 3] = [b"text/", b"application/json", b"image/svg+xml"];

/// Uses the fastest level, since each page is rendered once and sent once.
pub(crate) fn layer() -> CompressionLayer<impl Predicate + Send + Sync + 'static> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESS_ABOVE_BYTES).and(is_public_text))
}

fn is_public_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let value = |name| headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    let content_type = value(header::CONTENT_TYPE);
    TEXT_TYPES.iter().any(|it| content_type.starts_with(it))
        && value(header::CACHE_CONTROL) != b"no-store"
}
