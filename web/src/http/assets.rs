//! Sends the static files.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::assets::{Asset, folder};
use crate::extractors::PathParams;
use crate::failure::Failure;

/// The address contains a hash of the content.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// The address is of another version, or contains no hash.
const REVALIDATE: &str = "no-cache";

/// Sends a file, or 304 if the browser has the same version.
///
/// While the program is updated, a page of one version may request its files from a process of
/// another version. It gets the file of the same name, which it must not keep.
pub(crate) async fn asset(PathParams(path): PathParams<String>, headers: HeaderMap) -> Response {
    let folder = folder();
    let (hash, name) = path.split_once('/').unwrap_or_default();
    let (file, caching) = if hash == folder.hash {
        (folder.file(name), IMMUTABLE)
    } else {
        (folder.file(&path).or_else(|| folder.file(name)), REVALIDATE)
    };
    let Some(file) = file else {
        return Failure::no_such_page().into_response();
    };
    let etag = format!("W/\"{}\"", folder.hash);
    let common = [
        (header::CACHE_CONTROL, caching),
        (header::ETAG, etag.as_str()),
        (header::CONTENT_TYPE, file.content_type),
    ];
    let common = common.map(|(name, value)| (name, value.to_owned()));
    if lists(&headers, &header::IF_NONE_MATCH, |known| known.ends_with(&etag["W/".len()..])) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let accepts_gzip = lists(&headers, &header::ACCEPT_ENCODING, is_gzip);
    (common, body(file, accepts_gzip).await).into_response()
}

/// The compression layer compresses a file that is not compressed here, if the client accepts it.
async fn body(file: &'static Asset, accepts_gzip: bool) -> Response {
    if !accepts_gzip || !file.is_compressible() {
        return file.content.clone().into_response();
    }
    match tokio::task::spawn_blocking(|| file.gzip()).await {
        Ok(gzip) => {
            let compressed = [
                (header::CONTENT_ENCODING, HeaderValue::from_static("gzip")),
                (header::VARY, HeaderValue::from_static("accept-encoding")),
            ];
            (compressed, gzip).into_response()
        }
        Err(_) => file.content.clone().into_response(),
    }
}

/// Whether a header with a list of values has one like this.
fn lists(headers: &HeaderMap, name: &header::HeaderName, is_wanted: impl Fn(&str) -> bool) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|it| it.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|value| is_wanted(value.trim()))
}

/// Whether an accepted encoding is gzip, unless its weight is zero.
fn is_gzip(encoding: &str) -> bool {
    let mut parts = encoding.split(';').map(str::trim);
    let weight = |part: &str| part.strip_prefix("q=").and_then(|it| it.parse::<f32>().ok());
    parts.next() == Some("gzip") && parts.find_map(weight).is_none_or(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::is_gzip;

    #[test]
    fn an_encoding_with_weight_zero_is_not_accepted() {
        for (encoding, expected) in
            [("gzip", true), ("gzip;q=0.5", true), ("gzip; q=0", false), ("br", false)]
        {
            assert_eq!(is_gzip(encoding), expected, "{encoding}");
        }
    }
}
