//! The tables and plots of growth.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::generated_section::{self, Part};
use super::line_chart::{Line, line_chart};
use super::machine::Machine;
use super::numbers::shown;
use crate::deployment::Subject;
use crate::growth::{Axis, COLUMNS, GrowthPoint};

const DOCUMENT: &str = "growth.md";
const PLOTS: &str = "performance";
/// The columns that are plotted.
const PANELS: [&str; 4] = ["p50 ms", "CPU ms/edit", "join ms", "load ms"];

/// Writes tables and plots into a folder, and returns the tables.
pub fn write_growth(folder: &Path, machine: &Machine, points: &[GrowthPoint]) -> Result<String> {
    fs::create_dir_all(folder.join(PLOTS)).context("the folder of the plots")?;
    let mut section = machine.paragraph(1);
    for axis in Axis::ALL {
        let own: Vec<_> = points.iter().filter(|it| it.axis == axis).collect();
        let mut subjects: Vec<_> = own.iter().map(|it| it.subject).collect();
        subjects.sort();
        subjects.dedup();
        if own.is_empty() {
            continue;
        }
        write!(section, "\n## Growth of {}\n\n{}\n", axis.title(), table(axis, &own))?;
        let lines = subjects.iter().map(|subject| Line {
            label: subject.title(),
            values: PANELS.map(|panel| values(axis, *subject, panel, &own)).to_vec(),
        });
        let lines: Vec<_> = lines.collect();
        let name = format!("{PLOTS}/growth-of-{}.svg", file_name(axis));
        fs::write(folder.join(&name), line_chart(axis.title(), axis.values(), &PANELS, &lines))?;
        writeln!(section, "![Growth of {}]({name})", axis.title())?;
    }
    generated_section::write(&folder.join(DOCUMENT), Part::Load, "Growth", &section)?;
    Ok(section)
}

fn table(axis: Axis, points: &[&GrowthPoint]) -> String {
    let head = format!("| {} | | {} |", axis.title(), COLUMNS.join(" | "));
    let rule = "|---".repeat(COLUMNS.len() + 2) + "|";
    let row = |point: &&GrowthPoint| {
        let cells = COLUMNS.iter().map(|it| point.figures.get(it).map_or_else(String::new, shown));
        let (value, subject) = (shown(point.value as f64), point.subject.title());
        format!("| {value} | {subject} | {} |", cells.collect::<Vec<_>>().join(" | "))
    };
    let rows: Vec<String> = [head, rule].into_iter().chain(points.iter().map(row)).collect();
    rows.join("\n") + "\n"
}

fn values(axis: Axis, subject: Subject, panel: &str, points: &[&GrowthPoint]) -> Vec<Option<f64>> {
    let at = |value: &usize| {
        let point = points.iter().find(|it| it.subject == subject && it.value == *value)?;
        point.figures.get(panel)
    };
    axis.values().iter().map(at).collect()
}

fn file_name(axis: Axis) -> String {
    let value = clap::ValueEnum::to_possible_value(&axis);
    value.map(|it| it.get_name().to_owned()).unwrap_or_default()
}
