//! The first visit of a board, until it is live, and a later one.

use serde_json::{Value, json};
use sockbit_bench::scenarios::Figures;
use sockbit_tests::system::Window;
use sockbit_tests::system::board_page_actions::{NETWORK_USE, wait_until_live};

/// The columns of the table of visits.
pub const LOAD_COLUMNS: [&str; 5] = [LIVE, REQUESTS, KIB, LATER_LIVE, LATER_REQUESTS];
const LIVE: &str = "live, ms";
const REQUESTS: &str = "requests";
const KIB: &str = "KiB";
const LATER_LIVE: &str = "later visit live, ms";
const LATER_REQUESTS: &str = "its requests";

/// Notes when the page is live, in milliseconds since the navigation began.
const NOTE_LIVE: &str = "
    new MutationObserver((_, watch) => {
        if (document.querySelector('#connection')?.dataset.connection !== 'live') return;
        window.liveAt = performance.now();
        watch.disconnect();
    }).observe(document, { subtree: true, attributeFilter: ['data-connection'] });";

/// The network and the processor of a visitor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Network {
    /// The loopback interface.
    Loopback,
    /// The preset "Slow 4G" of Chrome's developer tools, with a processor that is four times slower.
    Slow4g,
}

impl Network {
    /// Its name in the table.
    pub fn title(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Slow4g => "slow 4G, CPU 4 times slower",
        }
    }

    async fn emulate(self, window: &Window) {
        if self == Self::Loopback {
            return;
        }
        window.devtools("Network.enable", json!({})).await;
        // Bytes per second, and milliseconds for each request.
        let conditions = json!({
            "offline": false, "latency": 562.5,
            "downloadThroughput": 1.6e6 * 0.9 / 8.0, "uploadThroughput": 750e3 * 0.9 / 8.0,
        });
        window.devtools("Network.emulateNetworkConditions", conditions).await;
        window.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": 4 })).await;
    }
}

/// Opens the link with an empty cache, and then again.
pub async fn measure_load(window: &Window, link: &str, network: Network, figures: &mut Figures) {
    network.emulate(window).await;
    window.script_first(NOTE_LIVE).await;
    let (live, used) = open(window, link).await;
    figures.set(LIVE, live).set(REQUESTS, number(&used["requests"]));
    figures.set(KIB, number(&used["bytes"]) / 1024.0);
    let board = window.driver.current_url().await.expect("a URL");
    let (live, used) = open(window, board.as_str()).await;
    // The connection is one more.
    figures.set(LATER_LIVE, live).set(LATER_REQUESTS, number(&used["requests"]) + 1.0);
}

async fn open(window: &Window, url: &str) -> (f64, Value) {
    window.open(url).await;
    wait_until_live(window).await;
    let live = number(&window.script("return window.liveAt").await);
    (live, window.script(NETWORK_USE).await)
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}
