//! Measures boards of several sizes in new browser profiles.

use anyhow::Result;
use sockbit_bench::deployment::SockBitProcess;
use sockbit_bench::scenarios::Figures;
use sockbit_servers::Folder;
use sockbit_tests::system::board_page_actions::{create_board_with_notes, request_link};
use sockbit_tests::system::{Browser, Window};

use crate::action_cost::measure_actions;
use crate::page_load::{LOAD_COLUMNS, Network, measure_load};

/// Notes on the measured boards.
pub const NOTES: [usize; 3] = [5, 200, 1_000];
const VIEWPORT: (u32, u32) = (1440, 900);

/// One visit of a board.
#[derive(Clone, Debug)]
pub struct PageMeasurement {
    pub notes: usize,
    pub network: Network,
    pub figures: Figures,
}

/// Measures each board as often as there are runs. One process with SQLite serves it.
pub async fn measure_pages(runs: usize) -> Result<Vec<PageMeasurement>> {
    let folder = Folder::temporary("sockbit-bench-browser")?;
    let store = format!("sqlite:{}", folder.path().join("sockbit.db").display());
    let mut server =
        SockBitProcess::start("serve", "sockbit", &folder, &[("SOCKBIT_STORE", &store)])?;
    server.wait_until_ready(&folder)?;
    let url = format!("http://127.0.0.1:{}", server.port);
    let browser = Browser::start().await;
    let mut measurements = Vec::new();
    for notes in NOTES {
        let owner = new_window(&browser).await;
        let board = create_board_with_notes(&owner, &url, notes).await;
        let link = request_link(&owner, &board).await;
        owner.close().await;
        for _ in 0..runs {
            measurements.push(visit(&browser, &link, notes, Network::Loopback).await);
        }
        // The target of slow networks is a board with few notes.
        for _ in 0..if notes == NOTES[0] { runs } else { 0 } {
            measurements.push(visit(&browser, &link, notes, Network::Slow4g).await);
        }
    }
    Ok(measurements)
}

/// Visits a board as a new user, whose browser has cached nothing.
async fn visit(browser: &Browser, link: &str, notes: usize, network: Network) -> PageMeasurement {
    let window = new_window(browser).await;
    let mut figures = Figures::default();
    measure_load(&window, link, network, &mut figures).await;
    if network == Network::Loopback {
        measure_actions(&window, &mut figures).await;
    }
    window.close().await;
    println!("{notes} notes, {}: {}", network.title(), figures.line(&LOAD_COLUMNS));
    PageMeasurement { notes, network, figures }
}

async fn new_window(browser: &Browser) -> Window {
    let window = browser.window().await;
    window.set_viewport(VIEWPORT.0, VIEWPORT.1, "light").await;
    window
}
