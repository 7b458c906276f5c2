//! A page in a real browser that keeps writing and must show a correct save status at any time.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::system::board_page_actions::{create_board, write_note};
use crate::system::{Browser, Endpoint, Window, eventually};

/// The pause between two written words.
const PAUSE: Duration = Duration::from_millis(500);
/// The pause between two observations of the page.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
const DEADLINE: Duration = Duration::from_mins(1);

/// Opens the editor if it is not open, as repeated clicks do.
const OPEN: &str = "
    const isOpen = () => document.activeElement?.matches('#notes .note textarea[name=text]');
    if (!isOpen()) document.querySelector('#notes .note [data-view]').click();
    return isOpen()";
const SAVE_STATUS: &str = "return document.querySelector('#notes .note').dataset.saveStatus ?? ''";
const TEXT: &str = "return document.querySelector('#notes .note textarea[name=text]').value";

/// A page that keeps writing.
pub struct PageProbe {
    writing: JoinHandle<(Page, Vec<String>)>,
    stop: watch::Sender<bool>,
    seen: watch::Receiver<ProbeState>,
}

/// The browser window, between two boards.
pub struct Page {
    // Before the browser, so that it closes first.
    window: Window,
    _browser: Browser,
}

/// What the page has shown so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProbeState {
    /// Whether it now shows that text is not saved.
    pub shows_not_saved: bool,
    /// The longest time for which text was not saved and the page did not show it.
    pub silent: Duration,
}

impl Page {
    /// Opens a browser with an empty page.
    pub async fn open() -> Self {
        let browser = Browser::start().await;
        Self { window: browser.window().await, _browser: browser }
    }
}

impl PageProbe {
    /// Creates a board with a note and starts writing in it.
    pub async fn begin(page: Page, endpoint: &Endpoint) -> Self {
        let window = &page.window;
        create_board(window, &endpoint.url, "Page probe").await;
        write_note(window, "begin").await;
        let (stop, stopped) = watch::channel(false);
        let (state, seen) = watch::channel(ProbeState::default());
        let writing = tokio::spawn(write_until_stopped(page, stopped, state));
        Self { writing, stop, seen }
    }

    /// Waits until the page shows that text is not saved.
    pub async fn wait_until_not_saved_is_shown(&self) {
        let mut seen = self.seen.clone();
        eventually("the page to show that text is not saved", async || {
            seen.wait_for(|seen| seen.shows_not_saved).await.is_ok().then_some(())
        })
        .await;
    }

    /// Stops writing and checks that the page has each word once. Returns the longest time for
    /// which it showed no warning about unsaved text.
    pub async fn end(self) -> (Page, Duration) {
        self.stop.send_replace(true);
        let (page, words) = self.writing.await.expect("the probe does not panic");
        page.window.driver.refresh().await.expect("the page loads");
        page.window.find("#notes .note textarea[name=text]").await;
        for word in words {
            let count = format!("{TEXT}.split({}).length - 1 === 1", json!(word));
            wait_for_script(&page.window, &count).await;
        }
        let silent = self.seen.borrow().silent;
        (page, silent)
    }
}

async fn write_until_stopped(
    page: Page,
    stopped: watch::Receiver<bool>,
    state: watch::Sender<ProbeState>,
) -> (Page, Vec<String>) {
    let mut words = Vec::new();
    while !*stopped.borrow() {
        let word = format!("<{}>", words.len());
        write(&page.window, &word).await;
        words.push(word);
        observe_until_saved(&page.window, &state).await;
        sleep(PAUSE).await;
    }
    (page, words)
}

async fn write(window: &Window, word: &str) {
    wait_for_script(window, OPEN).await;
    let insert = format!(
        "const editor = document.activeElement;
        editor.setSelectionRange(editor.value.length, editor.value.length);
        document.execCommand('insertText', false, {});
        editor.blur()",
        json!(word)
    );
    window.script(&insert).await;
}

/// Waits until a script returns true.
async fn wait_for_script(window: &Window, script: &str) {
    let end = Instant::now() + DEADLINE;
    while window.script(script).await != Value::Bool(true) {
        assert!(Instant::now() < end, "not in time: {script}");
        sleep(POLL_INTERVAL).await;
    }
}

/// Observes the page until the text is saved, however long that takes.
async fn observe_until_saved(window: &Window, state: &watch::Sender<ProbeState>) {
    let mut silent_since = Some(Instant::now());
    loop {
        let status = window.script(SAVE_STATUS).await;
        let status = status.as_str().unwrap_or_default();
        let shows_not_saved = matches!(status, "late" | "offline" | "rejected");
        assert_ne!(status, "rejected", "no written text is rejected");
        if shows_not_saved {
            silent_since = None;
        }
        let silent = silent_since.map_or(Duration::ZERO, |since| since.elapsed());
        state.send_modify(|seen| {
            seen.shows_not_saved = shows_not_saved;
            seen.silent = seen.silent.max(silent);
        });
        if matches!(status, "" | "saved") {
            return;
        }
        sleep(POLL_INTERVAL).await;
    }
}
