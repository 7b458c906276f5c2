//! The project's tasks: `cargo xtask <task>`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command line program")]

mod cargo;
mod system_packages;
mod tasks;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <task>

  lint      formatting, language, clippy and docs, with warnings as errors
  language  the language check alone: words in comments, documents and names that have a
            standard term, as listed in xtask/src/tasks/language/coined-words.txt
  test      all tests, on a private PostgreSQL and RabbitMQ, or on the servers that
            SOCKBIT_TEST_POSTGRES and SOCKBIT_TEST_RABBITMQ name; installs these and a
            browser from the system's packages if they are missing.
            --quick runs the tests without servers and browsers, with few cases;
            --long runs as many cases as in published measurements, for hours;
            filters follow `--`, and options of `cargo test` such as `-p` select tests
  cluster   two gateways and two workers on private servers, until Ctrl-C;
            --release builds them optimised, --keep FOLDER keeps their data
  faults    the fault rig, a part of the tests: clients type while processes are killed and
            connections are cut or slowed down, and everything saved is checked. Takes names
            of faults; --long runs each for measurements, --bus and --transport select a
            variant, --older REVISION runs the program of that revision beside the newest
  bench     load scenarios on every deployment shape and on Socket.IO servers beside it, written
            to docs/performance.md; --help lists scenarios and options, --growth measures how
            costs grow, and --criterion runs the microbenchmarks: `bench --criterion delta`
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
