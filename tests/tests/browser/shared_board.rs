//! Two people on one board.

use sockbit_tests::proxy::{NetworkState, Proxy};
use sockbit_tests::system::board_page_actions::{
    create_board, create_link, wait_until_live, write_note,
};
use sockbit_tests::system::{Browser, Deployment, Window};

/// A site, and two people with a browser each who are on one board with one note.
pub struct SharedBoard {
    pub site: Deployment,
    // Before the browser, so that the windows end first.
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
    /// Has Ada's page come anew over a line that can be cut.
    pub async fn put_ada_behind_a_line(&self) -> Proxy {
        let origin = self.site.url();
        let server = origin.trim_start_matches("http://").parse().expect("an address");
        let line = Proxy::before(server).await;
        let proxy_origin = format!("http://{}", line.address());
        self.ada.open(&self.url.replace(&origin, &proxy_origin)).await;
        wait_until_live(&self.ada).await;
        line
    }
}

/// Ends the connections of a page, and lets it make others once it has noticed.
pub async fn mend(line: &Proxy, window: &Window) {
    line.set(NetworkState::Down);
    notices_the_loss(window).await;
    line.set(NetworkState::Healthy);
}

/// Waits until a page knows that its connection is gone.
pub async fn notices_the_loss(window: &Window) {
    let is_noticed = "return document.querySelector('#connection').dataset.connection !== 'live'";
    window.wait_until("the page notices", is_noticed).await;
}
