//! The servers under test: SockBit in each shape, and the Socket.IO servers beside it.

mod cpu_time;
#[expect(clippy::module_inception, reason = "the file holds the type `Deployment`")]
mod deployment;
mod peers;
mod processes;
mod servers;
mod sockbit;
mod subject;

pub use cpu_time::CpuTime;
pub use deployment::{Deployment, Size};
pub use peers::Peers;
pub use servers::Servers;
pub use sockbit::{SockBitProcess, program, start_until_first_page};
pub use subject::Subject;
