//! Runs the fault rig: `cargo xtask faults` for all faults, `cargo xtask faults NAME` for some,
//! `cargo xtask faults --long` for as long as a night.
#![expect(clippy::print_stdout, reason = "a test without the usual harness tells by itself")]

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;

use futures::FutureExt;
use sockbit_sqlite::SqliteStore;
use sockbit_tests::faults::{Blow, FAULTS, Fault, House, People, Size};
use sockbit_tests::system::{App, Process};
use tokio::time::sleep;

/// How long people work undisturbed before each blow.
const UNDISTURBED: Duration = Duration::from_secs(1);
/// After so many blows people go home, and others come: texts have an end.
const BLOWS_MAX: usize = 25;

const EMBEDDED: &str = "the_process_of_the_default_shape_is_killed";

/// What is asked for on the command line. What the usual harness takes besides is passed over.
struct Wish {
    size: Size,
    names: Vec<String>,
}

impl Wish {
    fn read(arguments: impl Iterator<Item = String>) -> Self {
        let (flags, names): (Vec<_>, Vec<_>) = arguments.partition(|it| it.starts_with('-'));
        let size = if flags.iter().any(|it| it == "--long") { Size::Long } else { Size::Short };
        Self { size, names }
    }

    fn has(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|it| name.contains(it.as_str()))
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() -> ExitCode {
    let wish = Wish::read(std::env::args().skip(1));
    let mut tally = Tally::default();
    println!("\nrunning the fault rig");
    if wish.has(EMBEDDED) {
        let rounds = if wish.size == Size::Long { 50 } else { 3 };
        tally.count(EMBEDDED, caught(kill_the_default_shape(rounds)).await);
    }
    let mut house = None;
    for fault in FAULTS.iter().filter(|fault| wish.has(fault.name)) {
        let told = caught(run(fault, &mut house, wish.size)).await;
        if told.is_none()
            && let Some(mut house) = house.take()
        {
            house.processes().for_each(|process| println!("{}", process.last_words()));
        }
        tally.count(fault.name, told);
    }
    tally.end()
}

/// How it went so far, told in the words of the usual harness.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn count(&mut self, name: &str, figures: Option<String>) {
        if let Some(figures) = figures {
            self.passed += 1;
            println!("test {name} ... ok ({figures})");
        } else {
            self.failed += 1;
            println!("test {name} ... FAILED");
        }
    }

    fn end(self) -> ExitCode {
        let Self { passed, failed } = self;
        let result = if failed == 0 { "ok" } else { "FAILED" };
        println!("\ntest result: {result}. {passed} passed; {failed} failed; 0 ignored\n");
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// What it tells; nothing where it panics, which has said why.
async fn caught(test: impl Future<Output = String>) -> Option<String> {
    AssertUnwindSafe(test).catch_unwind().await.ok()
}

async fn run(fault: &Fault, house: &mut Option<House>, size: Size) -> String {
    if house.is_none() {
        *house = Some(House::start().await);
    }
    let Some(house) = house else { unreachable!("it was just started") };
    let mut healed = Vec::new();
    let mut saved = 0;
    let rounds: Vec<usize> = (0..fault.rounds(size)).collect();
    for rounds in rounds.chunks(BLOWS_MAX) {
        let people = People::begin(&house.fronts()).await;
        for round in rounds {
            sleep(UNDISTURBED).await;
            let blow = Blow { round: *round, size, people: &people };
            fault.strike(house, blow).await;
            healed.push(people.until_each_is_served().await);
        }
        let typed = people.end().await;
        house.is_ready().await;
        assert!(house.processes().all(Process::is_running), "nobody else ended");
        typed.is_all_there_once(&house.store().await).await;
        saved += typed.saved();
    }
    figures(&mut healed, saved, fault.healed_within, size)
}

async fn kill_the_default_shape(rounds: usize) -> String {
    let mut app = App::start().await;
    let mut healed = Vec::new();
    let people = People::begin(&[app.front()]).await;
    for _ in 0..rounds {
        sleep(UNDISTURBED).await;
        app.kill().await;
        app.start_again().await;
        healed.push(people.until_each_is_served().await);
    }
    let typed = people.end().await;
    assert!(app.stop().await, "the app ends well when it is asked to");
    let store = SqliteStore::open(&app.database()).await.expect("the database is whole");
    typed.is_all_there_once(&store).await;
    figures(&mut healed, typed.saved(), 20, Size::Short)
}

/// A night is measured; in short runs on busy machines time says nothing.
fn figures(healed: &mut [Duration], saved: usize, healed_within: u64, size: Size) -> String {
    healed.sort_unstable();
    let (median, longest) = (healed[healed.len() / 2], healed[healed.len() - 1]);
    if size == Size::Long {
        let limit = Duration::from_secs(healed_within);
        assert!(longest <= limit, "everybody is served within {limit:?}, not {longest:?}");
    }
    let rounds = healed.len();
    format!(
        "{rounds} times, {saved} edits saved, served again in {median:.1?}, {longest:.1?} at most"
    )
}
