//! What people see and do, in real Chromium against the real program.

use std::time::Duration;

use serde_json::json;
use sockbit_tests::proxy::{Line, Proxy};
use sockbit_tests::system::board_page::{
    create_board, is_live, leave_note, receipt_is, share, shows, type_in_note, write_note,
};
use sockbit_tests::system::{Browser, Site, Window, eventually};
use thirtyfour::prelude::*;

/// Makes each a test of the app in one process, and of the app spread over several, where the two
/// people are at different gateways.
macro_rules! in_both_shapes {
    ($($test:ident)*) => {
        mod in_one_process {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::Site::in_one_process().await).await;
            })*
        }

        mod across_processes {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::Site::across_processes().await).await;
            })*
        }
    };
}

in_both_shapes! {
    what_one_person_writes_the_other_sees
    two_who_edit_one_note_at_once_both_keep_their_words
    ctrl_enter_saves_and_stays
    words_typed_while_offline_survive_a_reload_and_arrive
    words_that_were_not_left_survive_a_reload_too
    words_without_an_answer_are_not_saved_yet
    a_wish_without_an_answer_is_not_saved_yet_either
    words_that_are_too_long_for_this_server_become_a_draft_and_hold_nothing_up
    an_open_page_goes_on_when_the_server_restarts
    a_page_that_wakes_asks_for_what_it_missed
    caret_selection_and_scroll_stay_while_others_write_around_them
    a_second_tab_of_one_person_is_a_second_window
    a_tab_takes_over_what_a_closed_one_could_not_send
    a_trashed_note_comes_back_by_undo
    a_board_is_used_by_keys_alone
    boxes_are_ticked_without_opening_their_note
    words_that_are_too_long_for_a_note_stay_and_the_limit_is_said
    a_name_given_while_offline_stays_in_its_form
    everybody_sees_who_is_here_and_in_which_note
    three_people_as_each_other_sees_them
    everything_works_without_javascript
    the_pages_as_people_see_them
}

/// A site, and two people with a browser each who are on one board with one note.
struct Scene {
    site: Site,
    // Before the browser, so that the windows end first.
    ada: Window,
    bob: Window,
    browser: Browser,
    board: String,
}

impl Scene {
    async fn with_note(site: Site, text: &str) -> Self {
        let browser = Browser::start().await;
        let (ada, bob) = (browser.window().await, browser.window().await);
        let board = create_board(&ada, &site.url(), "Shared").await;
        is_live(&ada).await;
        write_note(&ada, text).await;
        bob.open(&site.elsewhere(&share(&ada).await)).await;
        bob.until(
            "Bob sees the note",
            "return document.querySelectorAll('#notes .note').length === 1",
        )
        .await;
        for window in [&ada, &bob] {
            is_live(window).await;
        }
        Self { site, ada, bob, browser, board }
    }
}

async fn what_one_person_writes_the_other_sees(site: Site) {
    let scene = Scene::with_note(site, "hello").await;
    type_in_note(&scene.ada, " world").await;
    let seen =
        scene.bob.script("return document.querySelector('#notes .note textarea').value").await;
    assert_eq!(seen, "hello", "nothing is sent before she leaves the note");
    leave_note(&scene.ada).await;
    shows(&scene.bob, "hello world").await;
    scene.bob.until("the view shows it", "return document.querySelector('#notes .note [data-view]').textContent.includes('hello world')").await;
    scene.ada.screenshot("two-windows-ada").await;
    scene.bob.screenshot("two-windows-bob").await;
}

async fn two_who_edit_one_note_at_once_both_keep_their_words(site: Site) {
    let scene = Scene::with_note(site, "middle").await;
    type_in_note(&scene.ada, " from Ada").await;
    type_in_note(&scene.bob, " from Bob").await;
    leave_note(&scene.ada).await;
    receipt_is(&scene.ada, "saved").await;
    leave_note(&scene.bob).await;
    let merged = "middle from Ada from Bob";
    shows(&scene.ada, merged).await;
    shows(&scene.bob, merged).await;
}

async fn ctrl_enter_saves_and_stays(site: Site) {
    let scene = Scene::with_note(site, "one").await;
    type_in_note(&scene.ada, " two").await;
    let editor = scene.ada.driver.active_element().await.expect("the editor");
    editor.send_keys(Key::Control + Key::Enter).await.expect("typed");
    shows(&scene.bob, "one two").await;
    scene
        .ada
        .until("she still writes", "return document.activeElement?.matches('.note textarea')")
        .await;
}

async fn words_typed_while_offline_survive_a_reload_and_arrive(site: Site) {
    let mut scene = Scene::with_note(site, "kept").await;
    scene.site.kill().await;
    scene
        .ada
        .until(
            "the page says so",
            "return document.querySelector('#connection').dataset.connection !== 'live'",
        )
        .await;
    type_in_note(&scene.ada, " on this device").await;
    leave_note(&scene.ada).await;
    receipt_is(&scene.ada, "offline").await;
    scene.ada.screenshot("offline").await;
    scene.ada.open("about:blank").await;
    scene.site.start_again().await;
    shows(&scene.bob, "kept").await;
    scene.ada.open(&scene.board).await;
    shows(&scene.ada, "kept on this device").await;
    shows(&scene.bob, "kept on this device").await;
}

async fn words_that_were_not_left_survive_a_reload_too(site: Site) {
    let scene = Scene::with_note(site, "half").await;
    type_in_note(&scene.ada, " a sentence").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    scene.ada.driver.refresh().await.expect("reloaded");
    shows(&scene.ada, "half a sentence").await;
}

async fn words_without_an_answer_are_not_saved_yet(site: Site) {
    let scene = Scene::with_note(site, "no").await;
    let url = scene.site.url();
    let server = url.trim_start_matches("http://").parse().expect("an address");
    let proxy = Proxy::before(server).await;
    let door = format!("http://{}", proxy.address());
    scene.ada.open(&scene.board.replace(&url, &door)).await;
    is_live(&scene.ada).await;
    proxy.set(Line::Deaf);
    type_in_note(&scene.ada, " answer").await;
    leave_note(&scene.ada).await;
    receipt_is(&scene.ada, "late").await;
    let words = scene.ada.find("#notes .note [data-receipt-text]").await.text().await;
    assert_eq!(words.expect("text"), "Not saved yet");
    scene.ada.screenshot("not-saved-yet").await;
    proxy.set(Line::Cut);
    let is_cut = "return document.querySelector('#connection').dataset.connection !== 'live'";
    scene.ada.until("the page notices", is_cut).await;
    proxy.set(Line::Whole);
    receipt_is(&scene.ada, "saved").await;
    shows(&scene.bob, "no answer").await;
}

async fn a_wish_without_an_answer_is_not_saved_yet_either(site: Site) {
    let scene = Scene::with_note(site, "thrown").await;
    let url = scene.site.url();
    let server = url.trim_start_matches("http://").parse().expect("an address");
    let proxy = Proxy::before(server).await;
    let door = format!("http://{}", proxy.address());
    scene.ada.open(&scene.board.replace(&url, &door)).await;
    is_live(&scene.ada).await;
    let is_known = "return document.querySelector('#notes [data-action=earlier]').ariaDisabled";
    scene.ada.until("the board is known", is_known).await;
    let place = "return document.querySelector('#board').getBoundingClientRect().top";
    let before = scene.ada.script(place).await;
    proxy.set(Line::Deaf);
    scene.ada.script("document.querySelector('#notes .note [data-action=trash]').click()").await;
    let says = "return document.querySelector('#connection').innerText.includes('Not saved yet')";
    let is_done = "return !document.querySelector('#notes .note')";
    scene.ada.until("it looks done", is_done).await;
    scene.ada.until("the page says that it is not", says).await;
    assert_eq!(scene.ada.script(place).await, before, "nothing moves for it");
    for (width, height) in [(390, 844), (1440, 900)] {
        for scheme in ["light", "dark"] {
            scene.ada.look(width, height, scheme).await;
            scene.ada.screenshot(&format!("wish-not-saved-yet-{width}-{scheme}")).await;
        }
    }
    let wide = "return document.documentElement.scrollWidth <= window.innerWidth";
    assert_eq!(scene.ada.script(wide).await, true, "nothing scrolls sideways");
    proxy.set(Line::Cut);
    let is_cut = "return document.querySelector('#connection').dataset.connection !== 'live'";
    scene.ada.until("the page notices", is_cut).await;
    proxy.set(Line::Whole);
    let is_quiet = "return document.querySelector('#connection').innerText.trim() === 'Live'";
    scene.ada.until("all is saved", is_quiet).await;
    scene.bob.until("the note is gone", is_done).await;
}

async fn words_that_are_too_long_for_this_server_become_a_draft_and_hold_nothing_up(site: Site) {
    let scene = Scene::with_note(site, "short").await;
    let small = "
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (frame) {
            if (frame.length > 4096) this.dispatchEvent(new CloseEvent('close', { code: 1009 }));
            else send.call(this, frame);
        }";
    scene.ada.script(small).await;
    type_in_note(&scene.ada, "").await;
    let paste = "document.execCommand('insertText', false, 'word '.repeat(1000))";
    scene.ada.script(paste).await;
    leave_note(&scene.ada).await;
    let reason = scene.ada.find("#notes .note [data-draft-slot] [data-reason]").await;
    let reason = reason.text().await.expect("text");
    assert_eq!(reason, "Not saved: this is more than a server takes in one message.");
    receipt_is(&scene.ada, "rejected").await;
    shows(&scene.ada, "short").await;
    scene.ada.script("document.querySelector('#notes .note [data-action=trash]').click()").await;
    scene.bob.until("the note is gone", "return !document.querySelector('#notes .note')").await;
}

async fn an_open_page_goes_on_when_the_server_restarts(site: Site) {
    let mut scene = Scene::with_note(site, "before").await;
    scene.site.kill().await;
    scene
        .ada
        .until(
            "the page says so",
            "return document.querySelector('#connection').dataset.connection === 'reconnecting'",
        )
        .await;
    type_in_note(&scene.ada, " during").await;
    leave_note(&scene.ada).await;
    scene.site.start_again().await;
    for window in [&scene.ada, &scene.bob] {
        is_live(window).await;
        shows(window, "before during").await;
    }
    type_in_note(&scene.bob, " after").await;
    leave_note(&scene.bob).await;
    shows(&scene.ada, "before during after").await;
}

async fn a_page_that_wakes_asks_for_what_it_missed(site: Site) {
    let scene = Scene::with_note(site, "asleep").await;
    let wake = "
        window.sent = [];
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (frame) {
            window.sent.push(JSON.parse(frame));
            send.call(this, frame);
        };
        document.dispatchEvent(new Event('visibilitychange'))";
    scene.ada.script(wake).await;
    let asks = "return window.sent.some(it => it.type === 'join' && it.position.seq >= 2)";
    scene.ada.until("the page asks from its position", asks).await;
    type_in_note(&scene.bob, " awake").await;
    leave_note(&scene.bob).await;
    shows(&scene.ada, "asleep awake").await;
}

async fn caret_selection_and_scroll_stay_while_others_write_around_them(site: Site) {
    let lines: Vec<String> = (1..=60).map(|n| format!("line {n}")).collect();
    let scene = Scene::with_note(site, &lines.join("\n")).await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    type_in_note(ada, "").await;
    let select = "const t = document.activeElement; const at = t.value.indexOf('line 30'); \
                  t.setSelectionRange(at, at + 7, 'backward'); t.scrollTop = 200; window.scrollTo(0, 120); \
                  return [t.scrollTop, window.scrollY]";
    let before = ada.script(select).await;
    assert_ne!(before[1], 0, "the page can be scrolled: {before}");
    for (place, words) in [
        ("line 2\\n", "ABOVE "),
        ("line 50\\n", "BELOW "),
        ("line 30\\n", "<"),
        ("\\nline 31", ">"),
    ] {
        bob.script(&format!(
            "document.querySelector('#notes .note [data-action=edit], #notes .note [data-view]').click();\
             const t = document.querySelector('#notes .note textarea'); t.focus();\
             const at = t.value.indexOf('{place}'); t.setSelectionRange(at, at);\
             document.execCommand('insertText', false, '{words}'); t.blur()"
        ))
        .await;
        let seen = format!(
            "return document.querySelector('#notes .note textarea').value.includes('{words}')"
        );
        ada.until("the words arrive", &seen).await;
    }
    let after = ada
        .script("const t = document.activeElement; return [t.value.slice(t.selectionStart, t.selectionEnd), t.selectionDirection]")
        .await;
    assert_eq!(after, json!(["line 30", "backward"]), "her selection is where it was");
    let scroll = ada.script("return [document.activeElement.scrollTop, window.scrollY]").await;
    assert_eq!(scroll[1], before[1], "the page has not scrolled under her");
}

async fn a_second_tab_of_one_person_is_a_second_window(site: Site) {
    let scene = Scene::with_note(site, "tabs").await;
    let first = scene.ada.driver.window().await.expect("the first tab");
    let second = scene.ada.driver.new_tab().await.expect("a second tab");
    scene.ada.driver.switch_to_window(second).await.expect("switched");
    scene.ada.open(&scene.board).await;
    is_live(&scene.ada).await;
    type_in_note(&scene.ada, " two").await;
    leave_note(&scene.ada).await;
    shows(&scene.bob, "tabs two").await;
    scene.ada.driver.close_window().await.expect("closed");
    scene.ada.driver.switch_to_window(first).await.expect("switched");
    shows(&scene.ada, "tabs two").await;
    type_in_note(&scene.ada, " one").await;
    leave_note(&scene.ada).await;
    shows(&scene.bob, "tabs two one").await;
}

async fn a_tab_takes_over_what_a_closed_one_could_not_send(site: Site) {
    let mut scene = Scene::with_note(site, "over").await;
    let first = scene.ada.driver.window().await.expect("the first tab");
    scene.site.kill().await;
    scene
        .ada
        .until(
            "offline",
            "return document.querySelector('#connection').dataset.connection !== 'live'",
        )
        .await;
    type_in_note(&scene.ada, "taken").await;
    leave_note(&scene.ada).await;
    receipt_is(&scene.ada, "offline").await;
    let second = scene.ada.driver.new_tab().await.expect("a second tab");
    scene.ada.driver.switch_to_window(first).await.expect("switched");
    scene.ada.driver.close_window().await.expect("closed");
    scene.ada.driver.switch_to_window(second).await.expect("switched");
    scene.site.start_again().await;
    scene.ada.open(&scene.board).await;
    shows(&scene.bob, "overtaken").await;
}

async fn a_trashed_note_comes_back_by_undo(site: Site) {
    let scene = Scene::with_note(site, "not this one").await;
    scene.ada.script("document.querySelector('#notes .note [data-action=trash]').click()").await;
    for window in [&scene.ada, &scene.bob] {
        window.until("the note is gone", "return !document.querySelector('#notes .note')").await;
    }
    scene.ada.find("#toasts [data-action=undo]").await.click().await.expect("clicked");
    for window in [&scene.ada, &scene.bob] {
        shows(window, "not this one").await;
    }
}

/// Types into whatever has the focus.
async fn press(window: &Window, keys: impl Into<TypingData>) {
    let focused = window.driver.active_element().await.expect("there is always one");
    focused.send_keys(keys).await.expect("typed");
}

async fn has_focus(window: &Window, selector: &str) {
    let script = format!("return document.activeElement.matches({})", json!(selector));
    window.until(&format!("{selector} has the focus"), &script).await;
}

async fn a_board_is_used_by_keys_alone(site: Site) {
    let browser = Browser::start().await;
    let ada = browser.window().await;
    create_board(&ada, &site.url(), "Keys").await;
    is_live(&ada).await;
    for text in ["one", "two"] {
        press(&ada, "n").await;
        press(&ada, text).await;
        press(&ada, Key::Escape).await;
        has_focus(&ada, &format!(".note[aria-label={text}]")).await;
    }
    press(&ada, "c").await;
    has_focus(&ada, "#palette button").await;
    let beside = "const rect = (it) => document.querySelector(it).getBoundingClientRect();
         const [palette, note] = [rect('#palette'), rect('.note[aria-label=two]')];
         const above = palette.height + 16;
         return palette.left < note.right && note.left < palette.right
           && palette.top < note.bottom && note.top < palette.bottom + above";
    ada.until("the palette is at its note", beside).await;
    press(&ada, Key::Escape).await;
    has_focus(&ada, ".note[aria-label=two]").await;
    press(&ada, "#").await;
    has_focus(&ada, ".note[aria-label=one]").await;
    ada.script("document.querySelector('#toasts [data-action=undo]').focus()").await;
    press(&ada, Key::Enter).await;
    has_focus(&ada, ".note[aria-label=two]").await;
    ada.script("document.activeElement.setAttribute('data-tools', '')").await;
    ada.script("document.activeElement.querySelector('[data-action=later]').focus()").await;
    press(&ada, Key::Enter).await;
    ada.until(
        "it is the last",
        "return document.querySelector('#notes').lastElementChild.matches('[aria-label=two]')",
    )
    .await;
    has_focus(&ada, ".note[aria-label=two] [data-action=later]").await;
    press(&ada, "#").await;
    has_focus(&ada, ".note[aria-label=one]").await;
    ada.script("document.querySelector('#trash').open = true").await;
    ada.script("document.querySelector('#trash [data-action=restore]').focus()").await;
    press(&ada, Key::Enter).await;
    has_focus(&ada, "#trash > summary").await;
}

async fn boxes_are_ticked_without_opening_their_note(site: Site) {
    let list = "- [ ] bread\n- [x] salt\n    - [ ] fine\n\n> 1. [ ] \\[ ] quoted";
    let scene = Scene::with_note(site, "boxes").await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    type_in_note(ada, "").await;
    ada.script(&format!(
        "document.activeElement.select(); document.execCommand('insertText', false, {})",
        json!(list)
    ))
    .await;
    leave_note(ada).await;
    let tick = |box_: usize| {
        format!("document.querySelectorAll('#notes .note [data-view] input')[{box_}].click()")
    };
    let ticked = [
        (ada, 0, "- [x] bread\n- [x] salt\n    - [ ] fine\n\n> 1. [ ] \\[ ] quoted"),
        (bob, 3, "- [x] bread\n- [x] salt\n    - [ ] fine\n\n> 1. [x] \\[ ] quoted"),
        (bob, 2, "- [x] bread\n- [x] salt\n    - [x] fine\n\n> 1. [x] \\[ ] quoted"),
        (ada, 1, "- [x] bread\n- [ ] salt\n    - [x] fine\n\n> 1. [x] \\[ ] quoted"),
    ];
    for window in [ada, bob] {
        shows(window, list).await;
    }
    for (who, box_, text) in ticked {
        who.script(&tick(box_)).await;
        for window in [ada, bob] {
            shows(window, text).await;
        }
    }
    assert_eq!(ada.script("return document.querySelector('[data-editing]')").await, json!(null));
}

async fn words_that_are_too_long_for_a_note_stay_and_the_limit_is_said(site: Site) {
    let browser = Browser::start().await;
    let ada = browser.window().await;
    create_board(&ada, &site.url(), "Long").await;
    is_live(&ada).await;
    ada.script(
        "const t = document.querySelector('#composer textarea'); t.value = 'word '.repeat(15000);\
         document.querySelector('#composer').requestSubmit()",
    )
    .await;
    let reason = ada.find("#drafts [data-reason]").await.text().await.expect("text");
    assert!(reason.contains("up to 64 KB") && reason.contains("73.3 KB"), "{reason}");
    let buttons =
        "return [...document.querySelectorAll('#drafts button')].map(it => it.dataset.action)";
    assert_eq!(ada.script(buttons).await, json!(["draft-copy", "draft-discard"]));
    let kept = "return document.querySelector('#drafts [data-text]').textContent.length";
    assert_eq!(ada.script(kept).await, 75_000);
}

async fn a_name_given_while_offline_stays_in_its_form(mut site: Site) {
    let browser = Browser::start().await;
    let ada = browser.window().await;
    create_board(&ada, &site.url(), "Nameless").await;
    is_live(&ada).await;
    site.kill().await;
    ada.find(".me").await.click().await.expect("clicked");
    let name = ada.find("#me input[name=name]").await;
    name.clear().await.expect("cleared");
    name.send_keys("Ada").await.expect("typed");
    ada.find("#me .button").await.click().await.expect("clicked");
    ada.until(
        "the form says that it was not saved",
        "return document.querySelector('#me [data-problem]').textContent.startsWith('Not saved')",
    )
    .await;
    assert_eq!(
        ada.script("return document.querySelector('#me input[name=name]').value").await,
        "Ada"
    );
    ada.screenshot("name-not-saved").await;
    site.start_again().await;
    ada.find("#me .button").await.click().await.expect("clicked");
    ada.until("she has the name", "return document.querySelector('.me').title.startsWith('Ada:')")
        .await;
}

/// Has somebody be called so.
async fn is_called(window: &Window, name: &str, colour: u8) {
    let fields =
        format!("new URLSearchParams({{name: {}, colour: {colour}, back: '/'}})", json!(name));
    window.script(&format!("return fetch('/me', {{method: 'POST', body: {fields}}})")).await;
    window.driver.refresh().await.expect("reloaded");
    is_live(window).await;
}

/// Waits until a list of people shows exactly these.
async fn people_are(window: &Window, list: &str, names: &[&str]) {
    let (list, wanted) = (json!(list), json!(names));
    let script = format!(
        "const shown = [...document.querySelectorAll({list} + ' .person:not([data-leaving]) [data-name]')];
         return JSON.stringify(shown.map(it => it.textContent).sort()) === JSON.stringify({wanted})"
    );
    window.until(&format!("{names:?} are in {list}"), &script).await;
}

async fn everybody_sees_who_is_here_and_in_which_note(site: Site) {
    let scene = Scene::with_note(site, "here").await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    is_called(ada, "Ada", 3).await;
    is_called(bob, "Bob", 8).await;
    people_are(ada, "#people", &["Bob"]).await;
    people_are(bob, "#people", &["Ada"]).await;

    let place =
        "return document.querySelector('#notes .note [data-view]').getBoundingClientRect().top";
    let before = bob.script(place).await;
    type_in_note(ada, "").await;
    people_are(bob, "#notes .note", &["Ada"]).await;
    people_are(ada, "#notes .note", &[]).await;
    assert_eq!(bob.script(place).await, before, "the words stay where they are");

    leave_note(ada).await;
    people_are(bob, "#notes .note", &[]).await;
    people_are(bob, "#people", &["Ada"]).await;
    ada.open("about:blank").await;
    people_are(bob, "#people", &[]).await;
    ada.open(&scene.board).await;
    people_are(bob, "#people", &["Ada"]).await;
}

async fn three_people_as_each_other_sees_them(site: Site) {
    let scene = Scene::with_note(site, "# Shopping\n- [x] salt\n- [ ] bread").await;
    let (ada, bob, cem) = (&scene.ada, &scene.bob, scene.browser.window().await);
    write_note(ada, "Train at **9:12**, platform 4.\nWho brings the tent?").await;
    cem.open(&scene.site.elsewhere(&share(ada).await)).await;
    for (window, name, colour) in
        [(ada, "Ada", 3), (bob, "Bob", 8), (&cem, "Cem Yıldız-Oppenheimer", 11)]
    {
        is_called(window, name, colour).await;
    }
    type_in_note(bob, "").await;
    type_in_note(&cem, "").await;
    people_are(ada, "#people", &["Bob", "Cem Yıldız-Oppenheimer"]).await;
    people_are(ada, "#notes .note", &["Bob", "Cem Yıldız-Oppenheimer"]).await;
    for (width, height) in [(390, 844), (1440, 900)] {
        for scheme in ["light", "dark"] {
            ada.look(width, height, scheme).await;
            ada.screenshot(&format!("presence-{width}-{scheme}")).await;
        }
    }
    bob.screenshot("presence-writing").await;
    let wide = ada.script("return document.documentElement.scrollWidth <= window.innerWidth").await;
    assert_eq!(wide, true, "nothing scrolls sideways");
    cem.close().await;
    people_are(ada, "#people", &["Bob"]).await;
}

async fn everything_works_without_javascript(site: Site) {
    let browser = Browser::start().await;
    let ada = browser.window().await;
    ada.allow_scripts(false).await;
    create_board(&ada, &site.url(), "Plain").await;
    ada.find("#composer textarea[name=text]")
        .await
        .send_keys("by forms alone")
        .await
        .expect("typed");
    ada.find("#composer .button").await.click().await.expect("clicked");
    let note = ada.find("#notes .note [data-view]").await;
    assert_eq!(note.text().await.expect("text"), "by forms alone");
    ada.find("#notes .note [data-action=edit]").await.click().await.expect("clicked");
    let editor = ada.find("#notes .note textarea[name=text]").await;
    editor.send_keys(", and well").await.expect("typed");
    ada.find("#notes .note [data-action=save]").await.click().await.expect("clicked");
    let note = ada.find("#notes .note:not([data-editing]) [data-view]").await;
    assert_eq!(note.text().await.expect("text"), "by forms alone, and well");
    ada.screenshot("without-javascript").await;
    let board = ada.driver.current_url().await.expect("an address");
    ada.script("document.querySelector('#share-form button').click()").await;
    let link = ada.find("#new-link").await.value().await.expect("a field").expect("an address");
    let bob = browser.window().await;
    bob.allow_scripts(false).await;
    bob.open(&link).await;
    bob.screenshot("asked-to-join").await;
    bob.find("#join .button").await.click().await.expect("clicked");
    let note = bob.find("#notes .note [data-view]").await;
    assert_eq!(note.text().await.expect("text"), "by forms alone, and well");
    ada.open(board.as_str()).await;
    ada.find("#notes .note [data-action=trash]").await.click().await.expect("clicked");
    eventually("the note is in the trash", || async {
        ada.driver.find(By::Css("#trash-list [data-note]")).await.ok()
    })
    .await;
    assert!(ada.driver.find(By::Css("#notes .note")).await.is_err(), "and no longer on the board");
}

async fn the_pages_as_people_see_them(site: Site) {
    let browser = Browser::start().await;
    let ada = browser.window().await;
    ada.open(&site.url()).await;
    ada.screenshot("first-visit").await;
    create_board(&ada, &site.url(), "Summer house").await;
    ada.screenshot("board-empty").await;
    for (colour, text) in [
        (
            "paper",
            "## Who comes\nAda, Bob, the twins (Saturday only), and Grandma if the weather holds.",
        ),
        ("teal", "The key is **under the third pot**.\n\nGate code: `4711`"),
        ("purple", "> A house is a machine for living in.\n\nBob, sweeping"),
        ("orange", "### Menu\n1. Soup, cold\n2. Perch\n3. Whatever the garden gives"),
        ("blue", "Train at **9:12**, platform 4.\nWho brings the tent?"),
        (
            "yellow",
            "# Shopping\n- [x] salt\n- [x] charcoal\n- [ ] bread\n- [ ] something for the wasps",
        ),
    ] {
        let swatch = format!("#composer .swatch[data-colour={colour}] input");
        ada.script(&format!("document.querySelector('{swatch}').click()")).await;
        write_note(&ada, text).await;
    }
    leave_note(&ada).await;
    ada.until("the receipts have gone", "return document.querySelectorAll('[data-receipt]').length === 0 || [...document.querySelectorAll('.receipt')].every(it => getComputedStyle(it).opacity === '0')").await;
    for (width, height) in [(390, 844), (820, 1180), (1440, 900)] {
        for scheme in ["light", "dark"] {
            ada.look(width, height, scheme).await;
            ada.screenshot(&format!("board-{width}-{scheme}")).await;
        }
    }
    let wide = ada.script("return document.documentElement.scrollWidth <= window.innerWidth").await;
    assert_eq!(wide, true, "nothing scrolls sideways");
    ada.script("location.assign(document.querySelector('#notes .note [data-action=open]').href)")
        .await;
    ada.find("main#note-page").await;
    ada.look(1440, 900, "light").await;
    ada.screenshot("note").await;
}
