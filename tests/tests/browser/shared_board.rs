//! Two users on one board.

use sockbit_tests::proxy::{NetworkState, Proxy};
use sockbit_tests::system::board_page_actions::{
    create_board, create_link, wait_until_live, write_note,
};
use sockbit_tests::system::{Browser, Deployment, Window};

/// A deployment, and two users with a window each on one board with one note.
pub struct SharedBoard {
    pub site: Deployment,
    // Declared before the browser, so that the windows close first.
    pub ada: Window,
    pub bob: Window,
    pub browser: Browser,
    pub url: String,
}

impl SharedBoard {
    pub async fn with_note(site: Deployment, text: &str) -> Self {
        let browser = Browser::start().await;
        let (ada, bob) = (browser.window().await, browser.window().await);
        let url = create_board(&ada, &site.url(), "Shared").await;
        wait_until_live(&ada).await;
        write_note(&ada, text).await;
        bob.open(&site.at_another_gateway(&create_link(&ada).await)).await;
        bob.wait_until(
            "Bob sees the note",
            "return document.querySelectorAll('#notes .note').length === 1",
        )
        .await;
        for window in [&ada, &bob] {
            wait_until_live(window).await;
        }
        Self { site, ada, bob, browser, url }
    }

    /// Opens Ada's page through a proxy that can break the connection.
    pub async fn open_ada_through_proxy(&self) -> Proxy {
        let origin = self.site.url();
        let server = origin.trim_start_matches("http://").parse().expect("an address");
        let proxy = Proxy::before(server).await;
        let proxy_origin = format!("http://{}", proxy.address());
        self.ada.open(&self.url.replace(&origin, &proxy_origin)).await;
        wait_until_live(&self.ada).await;
        proxy
    }
}

/// Breaks the page's connections, and lets it connect again once it has noticed.
pub async fn reconnect(proxy: &Proxy, window: &Window) {
    proxy.set(NetworkState::Down);
    wait_until_disconnected(window).await;
    proxy.set(NetworkState::Healthy);
}

/// Waits until a page has noticed that its connection is lost.
pub async fn wait_until_disconnected(window: &Window) {
    let is_noticed = "return document.querySelector('#connection').dataset.connection !== 'live'";
    window.wait_until("the page notices", is_noticed).await;
}

/// Opens the first note's own page, with its editor open.
pub async fn open_first_note(window: &Window, board: &str) {
    let id = window.script("return document.querySelector('#notes .note').dataset.note").await;
    window.open(&format!("{board}/notes/{}?edit", id.as_str().expect("an id"))).await;
}

/// Types a title, and keeps the focus in its field.
pub async fn write_title(window: &Window, title: &str) {
    window.script("document.querySelector('#board-title').select()").await;
    let input = window.find("#board-title").await;
    input.send_keys(title).await.expect("typed");
}

/// Waits until the board's page shows this title.
pub async fn wait_for_title(window: &Window, title: &str) {
    let script = format!("return document.querySelector('#board-title').value === '{title}'");
    window.wait_until(&format!("the board is called {title:?}"), &script).await;
}
