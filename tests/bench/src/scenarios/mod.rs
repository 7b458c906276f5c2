//! The load scenarios. Each measures one deployment once.

mod fan_out;
mod figures;
mod idle;
mod latency;
mod length;
mod program_size;
mod reconnect;
mod saturation;
mod scenario;
mod start;

pub use figures::Figures;
pub use latency::measure_latency;
pub use length::Length;
pub use program_size::program_mib;
pub use saturation::warm_up;
pub use scenario::Scenario;
