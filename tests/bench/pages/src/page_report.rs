//! The tables of the board page in Chromium.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use sockbit_bench::report::generated_section::{self, Part};
use sockbit_bench::report::{Machine, summary};

use crate::action_cost::ACTIONS;
use crate::page_load::{LOAD_COLUMNS, Network};
use crate::page_measurement::{NOTES, PageMeasurement};

const DOCUMENT: &str = "performance.md";

/// Writes the tables into a folder, and returns them.
pub fn write_pages(
    folder: &Path,
    machine: &Machine,
    runs: usize,
    measurements: &[PageMeasurement],
) -> Result<String> {
    let mut section = machine.paragraph(runs);
    let loads = NOTES.map(|notes| (notes, Network::Loopback));
    let rows = loads.into_iter().chain([(NOTES[0], Network::Slow4g)]).map(|(notes, network)| {
        let own = of(measurements, notes, network);
        row(&format!("{notes} notes, {}", network.title()), &LOAD_COLUMNS, &own)
    });
    write!(section, "\n{}{}", head("", &LOAD_COLUMNS), rows.collect::<String>())?;
    let rows = NOTES.map(|notes| {
        let own = of(measurements, notes, Network::Loopback);
        row(&format!("{notes} notes"), &ACTIONS, &own)
    });
    write!(
        section,
        "\nMilliseconds of the page's main thread for an action, until everything is saved and drawn:\n\n{}{}",
        head("", &ACTIONS),
        rows.concat()
    )?;
    generated_section::write(&folder.join(DOCUMENT), Part::Browser, "Performance", &section)?;
    Ok(section)
}

fn of(measurements: &[PageMeasurement], notes: usize, network: Network) -> Vec<&PageMeasurement> {
    measurements.iter().filter(|it| (it.notes, it.network) == (notes, network)).collect()
}

fn head(title: &str, columns: &[&str]) -> String {
    format!("| {title} | {} |\n{}|\n", columns.join(" | "), "|---".repeat(columns.len() + 1))
}

fn row(title: &str, columns: &[&str], measurements: &[&PageMeasurement]) -> String {
    let cells = columns.iter().map(|column| {
        let values: Vec<_> = measurements.iter().filter_map(|it| it.figures.get(column)).collect();
        summary(&values)
    });
    format!("| {title} | {} |\n", cells.collect::<Vec<_>>().join(" | "))
}
