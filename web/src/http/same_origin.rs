//! Middleware against cross-site requests: only our own pages may post or open a WebSocket.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app_state::AppState;
use crate::config::{PublicUrl, normalised_authority};
use crate::failure::Failure;

/// Answers 403 to a request that another site made the browser send.
pub(crate) async fn require_same_origin(
    State(app): State<Arc<AppState>>,
    request: Request,
    next: Next,
) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        && !request.headers().contains_key(header::UPGRADE);
    if is_safe || is_own(request.headers(), app.public_url.as_ref()) {
        next.run(request).await
    } else {
        Failure::cross_site().into_response()
    }
}

/// Browsers send the origin of the page. A program that sends none is allowed: it has only its own
/// cookies.
fn is_own(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    let fetch_site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_same_site = fetch_site.map(|site| matches!(site, b"same-origin" | b"none"));
    match headers.get(header::ORIGIN).map(|it| it.to_str().unwrap_or_default()) {
        None => is_same_site.unwrap_or(true),
        // Privacy settings may hide the origin. Then `Sec-Fetch-Site` decides.
        Some("null") => is_same_site.unwrap_or(false),
        Some(origin) => is_same_site.unwrap_or(true) && is_our_origin(origin, headers, public_url),
    }
}

fn is_our_origin(origin: &str, headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let is_https = scheme == "https";
    let authority = normalised_authority(is_https, authority);
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    host.is_some_and(|host| normalised_authority(is_https, host) == authority)
        || public_url.is_some_and(|url| url.is_https == is_https && url.authority == authority)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn is_own_request(pairs: &[(&'static str, &'static str)]) -> bool {
        let url: PublicUrl = "https://notes.example.org".parse().expect("a url");
        is_own(&headers(pairs), Some(&url))
    }

    #[test]
    fn a_request_from_our_page_is_allowed() {
        assert!(is_own_request(&[("host", "localhost:3000"), ("origin", "http://localhost:3000")]));
        assert!(is_own_request(&[("host", "LOCALHOST"), ("origin", "http://localhost:80")]));
    }

    #[test]
    fn behind_a_proxy_the_origin_is_the_public_url() {
        assert!(is_own_request(&[
            ("host", "10.0.0.5:3000"),
            ("origin", "https://notes.example.org")
        ]));
        assert!(!is_own_request(&[
            ("host", "10.0.0.5:3000"),
            ("origin", "http://notes.example.org")
        ]));
    }

    #[test]
    fn a_request_from_another_site_is_refused() {
        for origin in ["https://evil.example", "http://localhost:3001", "null", "localhost", ""] {
            let origin = HeaderValue::from_static(origin);
            let mut headers = headers(&[("host", "localhost:3000")]);
            headers.insert(header::ORIGIN, origin.clone());
            assert!(!is_own(&headers, None), "{origin:?}");
        }
    }

    #[test]
    fn a_request_without_an_origin_is_allowed() {
        assert!(is_own_request(&[("host", "localhost:3000")]));
    }

    #[test]
    fn a_request_that_the_browser_marks_as_cross_site_is_refused() {
        assert!(!is_own_request(&[("host", "localhost"), ("sec-fetch-site", "cross-site")]));
        assert!(!is_own_request(&[("host", "localhost"), ("sec-fetch-site", "same-site")]));
        assert!(!is_own_request(&[
            ("host", "localhost"),
            ("origin", "http://localhost"),
            ("sec-fetch-site", "cross-site")
        ]));
    }

    #[test]
    fn a_hidden_origin_is_allowed_only_if_the_browser_marks_it_as_same_origin() {
        let hidden = ("origin", "null");
        assert!(is_own_request(&[
            ("host", "localhost"),
            hidden,
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(!is_own_request(&[("host", "localhost"), hidden]));
    }
}
