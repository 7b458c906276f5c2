//! The tables and plots of the load scenarios.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::bar_chart::{Group, bar_chart};
use super::generated_section::{self, Part};
use super::machine::Machine;
use super::numbers::{range, shown, summary};
use crate::deployment::Subject;
use crate::scenarios::{Figures, Scenario};

/// The document in the folder of the results.
const DOCUMENT: &str = "performance.md";
/// The folder of the plots in it.
const PLOTS: &str = "performance";

/// What one run of a scenario measured.
#[derive(Clone, Debug)]
pub struct Measurement {
    pub scenario: Scenario,
    pub subject: Subject,
    pub figures: Figures,
}

/// Writes tables and plots into a folder, and returns the tables.
pub fn write_scenarios(
    folder: &Path,
    machine: &Machine,
    runs: usize,
    program_mib: f64,
    measurements: &[Measurement],
) -> Result<String> {
    fs::create_dir_all(folder.join(PLOTS)).context("the folder of the plots")?;
    let mut section = machine.paragraph(runs);
    writeln!(section, "\nThe program `sockbit` has {} MiB.", shown(program_mib))?;
    for scenario in Scenario::ALL {
        let own: Vec<_> = measurements.iter().filter(|it| it.scenario == scenario).collect();
        let mut subjects: Vec<_> = own.iter().map(|it| it.subject).collect();
        subjects.sort();
        subjects.dedup();
        if subjects.is_empty() {
            continue;
        }
        write!(section, "\n## {}\n\n{}\n\n", scenario.title(), scenario.description())?;
        section += &table(scenario, &subjects, &own);
        if subjects.len() > 1 {
            let name = format!("{PLOTS}/{}.svg", file_name(scenario));
            fs::write(folder.join(&name), plot(scenario, &subjects, &own))?;
            writeln!(section, "\n![{}]({name})", scenario.title())?;
        }
    }
    generated_section::write(&folder.join(DOCUMENT), Part::Load, "Performance", &section)?;
    Ok(section)
}

fn table(scenario: Scenario, subjects: &[Subject], measured: &[&Measurement]) -> String {
    let columns = scenario.columns();
    let head = format!("| | {} |", columns.join(" | "));
    let rule = "|---".repeat(columns.len() + 1) + "|";
    let row = |subject: &Subject| {
        let figures: Vec<&Figures> = figures_of(*subject, measured).collect();
        let cells: Vec<_> = columns.iter().map(|column| cell(column, &figures)).collect();
        format!("| {} | {} |", subject.title(), cells.join(" | "))
    };
    let rows: Vec<String> = [head, rule].into_iter().chain(subjects.iter().map(row)).collect();
    rows.join("\n") + "\n"
}

/// A figure; for CPU time, also the parts of the processes.
fn cell(column: &str, figures: &[&Figures]) -> String {
    let cell = summary(&values(column, figures));
    if !column.starts_with("CPU s") {
        return cell;
    }
    let groups = figures.first().map(|it| it.cpu_of_groups().map(|(group, _)| group.to_owned()));
    let parts: Vec<_> = groups
        .into_iter()
        .flatten()
        .filter_map(|group| {
            let of_group = |it: &&Figures| {
                it.cpu_of_groups().find(|(name, _)| *name == group).map(|(_, time)| time)
            };
            let times: Vec<f64> = figures.iter().filter_map(of_group).collect();
            Some(format!("{group} {}", shown(range(&times)?.1)))
        })
        .collect();
    format!("{cell}<br>{}", parts.join(", "))
}

fn plot(scenario: Scenario, subjects: &[Subject], measured: &[&Measurement]) -> String {
    let series = scenario.plotted();
    let groups = subjects.iter().map(|subject| {
        let figures: Vec<&Figures> = figures_of(*subject, measured).collect();
        let values = series.iter().map(|column| values(column, &figures)).collect();
        Group { label: subject.title(), is_peer: subject.is_peer(), values }
    });
    bar_chart(scenario.title(), series, &groups.collect::<Vec<_>>())
}

fn figures_of<'a>(
    subject: Subject,
    measured: &'a [&Measurement],
) -> impl Iterator<Item = &'a Figures> {
    measured.iter().filter(move |it| it.subject == subject).map(|it| &it.figures)
}

fn values(column: &str, figures: &[&Figures]) -> Vec<f64> {
    figures.iter().filter_map(|it| it.get(column)).collect()
}

/// As in `latency-200`, the scenario's name on the command line.
fn file_name(scenario: Scenario) -> String {
    let value = clap::ValueEnum::to_possible_value(&scenario);
    value.map(|it| it.get_name().to_owned()).unwrap_or_default()
}
