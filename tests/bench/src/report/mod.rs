//! Tables and plots of the results.

mod bar_chart;
pub mod generated_section;
mod growth_report;
mod line_chart;
mod machine;
mod numbers;
mod scenario_report;

pub use growth_report::write_growth;
pub use machine::Machine;
pub use numbers::{shown, summary};
pub use scenario_report::{Measurement, write_scenarios};
