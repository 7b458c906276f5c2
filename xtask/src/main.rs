//! The project's tasks: `cargo xtask <task>`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task prints for its user")]

mod cargo;
mod system_packages;
mod tasks;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <task>

  lint      formatting, clippy and docs, with warnings as errors
  language  coined words in comments, documents and names: the list is
            xtask/src/tasks/language/coined-words.txt
  test      all tests, on a PostgreSQL and a RabbitMQ of their own, or on those that
            SOCKBIT_TEST_POSTGRES and SOCKBIT_TEST_RABBITMQ name; installs these and a
            browser from the system's packages where they are missing
  cluster   two gateways and two workers on servers of their own, until Ctrl-C;
            --release builds them optimised, --keep FOLDER keeps what they have there
  faults    people who type while everything is killed, cut and slowed down, and the proof that
            nothing is lost: a part of the tests, which takes names of faults; --long runs
            each as often as in a night, --bus and --transport run one of them alone,
            --older REVISION has the program of that revision run beside the newest
  bench     the benchmarks; takes a filter, as in `cargo xtask bench delta`
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let done = match task.as_deref() {
        Some("lint") => tasks::lint(),
        Some("language") => tasks::check_language(),
        Some("test") => tasks::test(&rest),
        Some("cluster") => tasks::cluster(&rest),
        Some("faults") => tasks::faults(&rest),
        Some("bench") => tasks::bench(&rest),
        None | Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(other) => Err(anyhow::anyhow!("there is no task {other:?}\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
