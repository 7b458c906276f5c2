//! From view structs to responses.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::errors::Failure;
use super::turns::Turn;

/// A page that is cheap to render.
pub(super) fn page(status: StatusCode, view: &impl Template) -> Response {
    match view.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page with notes on it: a full board takes long enough to be in the way of others, so it is
/// rendered aside, in the turn in which its notes were loaded.
pub(super) async fn heavy_page<T: Template>(
    turn: Turn,
    status: StatusCode,
    view: impl FnOnce() -> T + Send + 'static,
) -> Response {
    let rendering = move || {
        // Whoever asked may give up meanwhile, but the work goes on, and so the turn does.
        let _turn = turn;
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

/// To where the browser is sent after a post, so that reloading posts nothing again.
pub(super) fn see(path: &str) -> Response {
    Redirect::to(path).into_response()
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};
    use std::sync::mpsc::channel;

    use futures::FutureExt;

    use super::*;
    use crate::pages::Turns;
    use crate::pages::views::ErrorPage;

    const SOMEWHERE: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

    fn error_page() -> ErrorPage {
        ErrorPage { status: 500, title: String::new(), message: String::new(), retry: None }
    }

    #[tokio::test]
    async fn a_page_holds_its_turn_until_it_is_rendered_though_nobody_waits_for_it() {
        let turns = Turns::new(1);
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (gate, opened) = channel();
        let view = move || {
            begun.send(()).ok();
            opened.recv().ok();
            error_page()
        };
        let turn = turns.take(SOMEWHERE).await;
        let rendering = tokio::spawn(heavy_page(turn, StatusCode::OK, view));
        begins.await.expect("it begins");
        rendering.abort();
        assert!(rendering.await.is_err(), "whoever asked is gone");
        assert!(turns.take(SOMEWHERE).now_or_never().is_none(), "it is still being rendered");
        gate.send(()).expect("it waits");
        turns.take(SOMEWHERE).await;
    }
}
