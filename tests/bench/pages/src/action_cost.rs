//! The work of the page's main thread for an action of the user.

use serde_json::json;
use sockbit_bench::scenarios::Figures;
use sockbit_tests::system::Window;

/// The actions, in the order in which they are measured.
pub const ACTIONS: [&str; 7] = ["hover", "open", "key", "leave", "move", "trash", "undo"];

/// Calls back once nothing is being saved and two more frames have been drawn.
const SETTLED: &str = "
    const done = arguments[0];
    const frames = () => requestAnimationFrame(() => requestAnimationFrame(() => done()));
    const wait = () => document.querySelector('[data-save-status=saving], [data-late]')
        ? setTimeout(wait, 20) : frames();
    setTimeout(wait, 100);";

/// Sets the milliseconds of each action. The page must be live.
pub async fn measure_actions(window: &Window, figures: &mut Figures) {
    window.devtools("Performance.enable", json!({})).await;
    settle(window).await;
    for action in ACTIONS {
        let before = main_thread_ms(window).await;
        window.script(script(action)).await;
        settle(window).await;
        figures.set(action, main_thread_ms(window).await - before);
    }
}

fn script(action: &str) -> &'static str {
    match action {
        "hover" => {
            "document.querySelectorAll('#notes .note')[1]
                 .dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))"
        }
        "open" => {
            "document.querySelectorAll('#notes .note')[2].querySelector('[data-action=edit]').click()"
        }
        "key" => "document.execCommand('insertText', false, 'x')",
        "leave" => "document.activeElement.blur()",
        "move" => {
            "document.querySelectorAll('#notes .note')[2].querySelector('[data-action=earlier]').click()"
        }
        "trash" => {
            "document.querySelectorAll('#notes .note')[2].querySelector('[data-action=trash]').click()"
        }
        _ => "document.querySelector('#toasts [data-action=undo]').click()",
    }
}

async fn settle(window: &Window) {
    window.driver.execute_async(SETTLED, vec![]).await.expect("everything is saved");
}

/// The time that the main thread has been busy, with layout and painting.
async fn main_thread_ms(window: &Window) -> f64 {
    let metrics = window.devtools("Performance.getMetrics", json!({})).await;
    let metrics = metrics["metrics"].as_array().expect("a list");
    let busy = metrics.iter().find(|it| it["name"] == "TaskDuration").expect("a duration");
    busy["value"].as_f64().expect("a number") * 1e3
}
