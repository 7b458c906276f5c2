//! Responses of page handlers: rendered templates and redirects.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::failure::Failure;
use crate::limits::ConcurrencyPermit;

/// Renders a page that takes little time.
pub(super) fn page(status: StatusCode, view: &impl Template) -> Response {
    match view.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Renders a page with notes on a blocking thread: a full board takes too long for the runtime's
/// own threads. The permit is the one under which the notes were loaded.
pub(super) async fn heavy_page<T: Template>(
    permit: ConcurrencyPermit,
    status: StatusCode,
    view: impl FnOnce() -> T + Send + 'static,
) -> Response {
    let rendering = move || {
        // Rendering goes on when the client disconnects, so the closure keeps the permit.
        let _permit = permit;
        page(status, &view())
    };
    match tokio::task::spawn_blocking(rendering).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            Failure::internal().into_response()
        }
    }
}

/// Redirects after a post (303), so that a reload does not post again.
pub(super) fn see_other(path: &str) -> Response {
    Redirect::to(path).into_response()
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};
    use std::sync::mpsc::channel;

    use futures::FutureExt;

    use super::*;
    use crate::limits::FairConcurrencyLimiter;

    const CLIENT: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

    #[derive(Template)]
    #[template(source = "", ext = "html")]
    struct EmptyPage;

    #[tokio::test]
    async fn a_page_keeps_its_permit_until_it_is_rendered_even_if_the_client_disconnects() {
        let limiter = FairConcurrencyLimiter::new(1);
        let (started, starts) = tokio::sync::oneshot::channel();
        let (release, released) = channel();
        let view = move || {
            started.send(()).ok();
            released.recv().ok();
            EmptyPage
        };
        let permit = limiter.acquire(CLIENT).await;
        let request = tokio::spawn(heavy_page(permit, StatusCode::OK, view));
        starts.await.expect("rendering starts");
        request.abort();
        assert!(request.await.is_err(), "the client has disconnected");
        assert!(limiter.acquire(CLIENT).now_or_never().is_none(), "it is still being rendered");
        release.send(()).expect("rendering waits");
        limiter.acquire(CLIENT).await;
    }
}
