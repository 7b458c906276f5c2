//! Only our own pages may post or open a socket in somebody's name.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::config::{PublicUrl, plain_authority};
use crate::pages::Failure;

/// Turns away what another site made a browser send.
pub(crate) async fn same_origin(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let is_harmless = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        && !request.headers().contains_key(header::UPGRADE);
    if is_harmless || is_own(request.headers(), app.public_url.as_ref()) {
        next.run(request).await
    } else {
        Failure::cross_site().into_response()
    }
}

/// A browser names the page's origin; a program that is no browser names none and is let through,
/// since it has no cookies but its own.
fn is_own(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    let fetch_site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_same_site = fetch_site.map(|site| matches!(site, b"same-origin" | b"none"));
    match headers.get(header::ORIGIN).map(|it| it.to_str().unwrap_or_default()) {
        None => is_same_site.unwrap_or(true),
        // Privacy settings may hide the origin; then only the browser's own word counts.
        Some("null") => is_same_site.unwrap_or(false),
        Some(origin) => is_same_site.unwrap_or(true) && names_us(origin, headers, public_url),
    }
}

fn names_us(origin: &str, headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let is_https = scheme == "https";
    let authority = plain_authority(is_https, authority);
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    host.is_some_and(|host| plain_authority(is_https, host) == authority)
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

    fn is_own_of(pairs: &[(&'static str, &'static str)]) -> bool {
        let url: PublicUrl = "https://notes.example.org".parse().expect("a url");
        is_own(&headers(pairs), Some(&url))
    }

    #[test]
    fn a_page_of_ours_is_let_through() {
        assert!(is_own_of(&[("host", "localhost:3000"), ("origin", "http://localhost:3000")]));
        assert!(is_own_of(&[("host", "LOCALHOST"), ("origin", "http://localhost:80")]));
    }

    #[test]
    fn behind_a_proxy_the_public_url_counts() {
        assert!(is_own_of(&[("host", "10.0.0.5:3000"), ("origin", "https://notes.example.org")]));
        assert!(!is_own_of(&[("host", "10.0.0.5:3000"), ("origin", "http://notes.example.org")]));
    }

    #[test]
    fn another_site_is_turned_away() {
        for origin in ["https://evil.example", "http://localhost:3001", "null", "localhost", ""] {
            let origin = HeaderValue::from_static(origin);
            let mut headers = headers(&[("host", "localhost:3000")]);
            headers.insert(header::ORIGIN, origin.clone());
            assert!(!is_own(&headers, None), "{origin:?}");
        }
    }

    #[test]
    fn a_program_is_let_through() {
        assert!(is_own_of(&[("host", "localhost:3000")]));
    }

    #[test]
    fn what_the_browser_calls_foreign_is_turned_away() {
        assert!(!is_own_of(&[("host", "localhost"), ("sec-fetch-site", "cross-site")]));
        assert!(!is_own_of(&[("host", "localhost"), ("sec-fetch-site", "same-site")]));
        assert!(!is_own_of(&[
            ("host", "localhost"),
            ("origin", "http://localhost"),
            ("sec-fetch-site", "cross-site")
        ]));
    }

    #[test]
    fn a_hidden_origin_is_let_through_only_on_the_browsers_word() {
        let hidden = ("origin", "null");
        assert!(is_own_of(&[("host", "localhost"), hidden, ("sec-fetch-site", "same-origin")]));
        assert!(!is_own_of(&[("host", "localhost"), hidden]));
    }
}
