//! The start of the program.

use anyhow::Result;
use sockbit_servers::Folder;

use super::figures::Figures;
use super::length::Length;
use crate::deployment::start_until_first_page;

/// The median of some starts.
pub fn run(length: Length) -> Result<Figures> {
    let starts = if length == Length::Quick { 3 } else { 9 };
    let mut times = Vec::new();
    for _ in 0..starts {
        let folder = Folder::temporary("sockbit-bench-start")?;
        times.push(start_until_first_page(folder.path())?.as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let mut figures = Figures::default();
    figures.set("first page, ms", times[starts / 2]);
    Ok(figures)
}
