//! The work of the browser and the network for a board, counted and not timed, so that the load of
//! the machine does not matter.

use serde_json::{Value, json};
use sockbit_tests::system::board_page_actions::{
    NETWORK_USE, create_board_with_notes, request_link, wait_until_live,
};
use sockbit_tests::system::{Browser, Deployment, Window};

const FEW_NOTES: usize = 20;
const MANY_NOTES: [usize; 2] = [200, 1_000];
/// With few notes, a part of the cards near the viewport is missing.
const GROWTH_MAX: u64 = 4;
const FIRST_VISIT_REQUESTS_MAX: u64 = 40;
const FIRST_VISIT_BYTES_MAX: u64 = 120 * 1024;
const LATER_VISIT_REQUESTS_MAX: u64 = 5;
/// Of a card that is not in use, with its four elements of text.
const CARD_ELEMENTS_MAX: u64 = 22;
/// With the short text that the test writes.
const CARD_HTML_BYTES_MAX: u64 = 2_600;

/// Counts changed nodes and measured elements in `window.work`.
const COUNT_WORK: &str = "
    window.work = { changed: 0, measured: 0 };
    const watch = new MutationObserver((changes) => {
        for (const { addedNodes, removedNodes } of changes)
            work.changed += 1 + addedNodes.length + removedNodes.length;
    });
    watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    const measure = Element.prototype.getBoundingClientRect;
    Element.prototype.getBoundingClientRect = function () {
        work.measured += 1;
        return measure.call(this);
    };";
/// Two frames later, everything that an action causes has been laid out.
const TWO_FRAMES: &str =
    "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))";

#[tokio::test(flavor = "multi_thread")]
async fn a_board_needs_few_requests_and_a_later_visit_hardly_any() {
    let site = Deployment::in_one_process().await;
    let browser = Browser::start().await;
    let window = browser.window().await;
    let board = create_board_with_notes(&window, &site.url(), 5).await;
    let other = browser.window().await;
    other.open(&request_link(&window, &board).await).await;
    wait_until_live(&other).await;
    let first = other.script(NETWORK_USE).await;
    assert!(number(&first["requests"]) <= FIRST_VISIT_REQUESTS_MAX, "{first}");
    assert!(number(&first["bytes"]) <= FIRST_VISIT_BYTES_MAX, "{first}");
    other.open(&board).await;
    wait_until_live(&other).await;
    let later = other.script(NETWORK_USE).await;
    // The connection is one more.
    assert!(number(&later["requests"]) < LATER_VISIT_REQUESTS_MAX, "{later}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_not_in_use_has_few_elements() {
    let site = without_request_limit().await;
    let browser = Browser::start().await;
    let window = browser.window().await;
    let mut bytes = Vec::new();
    for notes in [FEW_NOTES, MANY_NOTES[0]] {
        create_board_with_notes(&window, &site.url(), notes).await;
        let html = "return performance.getEntriesByType('navigation')[0].decodedBodySize";
        bytes.push(number(&window.script(html).await));
    }
    let most_elements = "
        const cards = [...document.querySelectorAll('#notes .note')];
        return Math.max(...cards.map((card) => 1 + card.querySelectorAll('*').length))";
    let elements = number(&window.script(most_elements).await);
    assert!(elements <= CARD_ELEMENTS_MAX, "{elements} elements");
    let for_each_note = (bytes[1] - bytes[0]) / (MANY_NOTES[0] - FEW_NOTES) as u64;
    assert!(for_each_note <= CARD_HTML_BYTES_MAX, "{for_each_note} bytes of HTML for each note");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_costs_the_same_work_however_many_notes_the_board_has() {
    let site = without_request_limit().await;
    let browser = Browser::start().await;
    let window = browser.window().await;
    window.set_viewport(1440, 900, "light").await;
    window.script_first(COUNT_WORK).await;
    window.devtools("Performance.enable", json!({})).await;
    let few = work_of_actions(&window, &site, FEW_NOTES).await;
    for notes in MANY_NOTES {
        let many = work_of_actions(&window, &site, notes).await;
        for ((action, few), (_, many)) in few.iter().zip(&many) {
            for (kind, few, many) in [
                ("changed nodes", few.changed, many.changed),
                ("measured elements", few.measured, many.measured),
                ("layouts", few.layouts, many.layouts),
                ("style recalculations", few.styles, many.styles),
            ] {
                let most = few.max(1) * GROWTH_MAX;
                assert!(many <= most, "{action}: {many} {kind} with {notes} notes, {few} with few");
            }
        }
    }
}

async fn without_request_limit() -> Deployment {
    let flags = ["--requests-per-second", "100000", "--requests-burst", "100000"];
    Deployment::in_one_process_with(&flags).await
}

/// Counted work of one action.
struct Work {
    changed: u64,
    measured: u64,
    layouts: u64,
    styles: u64,
}

async fn work_of_actions(window: &Window, site: &Deployment, notes: usize) -> Vec<(String, Work)> {
    create_board_with_notes(window, &site.url(), notes).await;
    let press = |action: &str| {
        format!(
            "document.querySelectorAll('#notes .note')[2].querySelector('[data-action={action}]').click()"
        )
    };
    let actions = [
        ("hover", "document.querySelectorAll('#notes .note')[1].dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))".to_owned()),
        ("open", press("edit")),
        ("type", "document.execCommand('insertText', false, 'x')".to_owned()),
        ("leave", "document.activeElement.blur()".to_owned()),
        ("move", press("earlier")),
        ("trash", press("trash")),
        ("undo", "document.querySelector('#toasts [data-action=undo]').click()".to_owned()),
    ];
    let mut counted = Vec::new();
    for (name, script) in actions {
        counted.push((name.to_owned(), work_of(window, &script).await));
    }
    counted
}

async fn work_of(window: &Window, action: &str) -> Work {
    let idle =
        "return document.querySelectorAll('[data-save-status=saving], [data-late]').length === 0";
    window.wait_until("nothing is being saved", idle).await;
    window.script("work.changed = work.measured = 0").await;
    let (layouts, styles) = frame_counts(window).await;
    window.script(action).await;
    window.driver.execute_async(TWO_FRAMES, vec![]).await.expect("frames are drawn");
    let work = window.script("return work").await;
    let (layouts_after, styles_after) = frame_counts(window).await;
    Work {
        changed: number(&work["changed"]),
        measured: number(&work["measured"]),
        layouts: layouts_after - layouts,
        styles: styles_after - styles,
    }
}

/// How often the page has been laid out, and how often its styles were recalculated.
async fn frame_counts(window: &Window) -> (u64, u64) {
    let metrics = window.devtools("Performance.getMetrics", json!({})).await;
    let metrics = metrics["metrics"].as_array().expect("a list");
    let count = |name: &str| {
        let metric = metrics.iter().find(|metric| metric["name"] == name).expect("a count");
        number(&metric["value"])
    };
    (count("LayoutCount"), count("RecalcStyleCount"))
}

fn number(value: &Value) -> u64 {
    // The browser sends all numbers as floating-point numbers.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a count")]
    value.as_f64().map(|it| it as u64).expect("a number")
}
