//! Runs the fault rig: `cargo xtask faults` for all faults, `cargo xtask faults NAME` for some, `--long` for
//! as long as a night, `--bus NAME` and `--transport NAME` for one of them alone.
#![expect(clippy::print_stdout, reason = "a test without the usual harness tells by itself")]

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use futures::FutureExt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sockbit_tests::faults::{
    Blow, Bus, Disks, FAULTS, Fault, Ground, House, Page, People, Place, Remarks, Size, Transport,
    Witness,
};
use tokio::runtime;
use tokio::time::{Instant, sleep};

/// Names a program that was built from an older revision.
const OLDER: &str = "SOCKBIT_TEST_OLDER";
/// How long people work undisturbed before each blow.
const UNDISTURBED: Duration = Duration::from_secs(1);
/// After so long people go home, and others come to fresh boards: a note takes no more than 64 KiB.
const SHIFT: [Duration; 2] = [Duration::from_secs(160), Duration::from_mins(4)];
/// A page says after three seconds that words are not saved; a busy machine is a little late.
const SILENT_MAX: Duration = Duration::from_secs(4);

/// What is asked for on the command line. What the usual harness takes besides is passed over.
struct Wish {
    size: Size,
    names: Vec<String>,
    buses: Vec<Bus>,
    transports: Vec<Transport>,
}

impl Wish {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (buses, transports) = (Bus::ALL.to_vec(), Transport::ALL.to_vec());
        let mut wish = Self { size: Size::Short, names: Vec::new(), buses, transports };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--long" => wish.size = Size::Long,
                "--bus" => wish.buses = named(&Bus::ALL, Bus::name, arguments.next().as_deref())?,
                "--transport" => {
                    wish.transports =
                        named(&Transport::ALL, Transport::name, arguments.next().as_deref())?;
                }
                flag if flag.starts_with('-') => {}
                _ => wish.names.push(argument),
            }
        }
        Ok(wish)
    }

    /// All in which something is to go wrong.
    fn wirings(&self) -> Vec<Wiring> {
        let mut wirings = Vec::new();
        for transport in &self.transports {
            for bus in &self.buses {
                wirings.extend(Place::ALL.map(|place| (*transport, *bus, place)));
            }
        }
        wirings
    }

    /// What is to go wrong in one of them.
    fn faults(&self, (_, bus, place): Wiring) -> Vec<&'static Fault> {
        let happens = |it: &&Fault| it.place == place && it.rounds(bus, self.size) > 0;
        FAULTS.iter().filter(happens).filter(|it| self.has(it.name)).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|it| name.contains(it.as_str()))
    }
}

/// The one of this name.
fn named<T: Copy>(
    all: &[T],
    name: impl Fn(T) -> &'static str,
    wanted: Option<&str>,
) -> Result<Vec<T>, String> {
    let found: Vec<T> = all.iter().copied().filter(|it| Some(name(*it)) == wanted).collect();
    let names: Vec<_> = all.iter().map(|it| name(*it)).collect();
    if found.is_empty() { Err(format!("{wanted:?} is none of {names:?}")) } else { Ok(found) }
}

fn main() -> ExitCode {
    let wish = match Wish::read(std::env::args().skip(1)) {
        Ok(wish) => wish,
        Err(mistake) => {
            println!("{mistake}");
            return ExitCode::FAILURE;
        }
    };
    allow_many_sockets();
    println!("\nrunning the fault rig");
    let (across, others): (Vec<Wiring>, Vec<Wiring>) =
        wish.wirings().into_iter().partition(|it| is_across_processes(*it));
    let tally = thread::scope(|scope| {
        let others = scope.spawn(|| run_one_by_one(&others, &wish));
        run_one_by_one(&across, &wish).and(others.join().expect("a failed test is caught"))
    });
    tally.end()
}

/// What can be done to many processes takes as long as everything else, so it is done beside it.
fn is_across_processes((_, bus, place): Wiring) -> bool {
    bus == Bus::RabbitMq && place == Place::Anywhere
}

fn run_one_by_one(wirings: &[Wiring], wish: &Wish) -> Tally {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut tally = Tally::default();
        for wiring in wirings {
            run_all(&wish.faults(*wiring), *wiring, wish.size, &mut tally).await;
        }
        tally
    })
}

/// As many as the system allows: thousands come back at once.
fn allow_many_sockets() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("it may be raised");
}

/// How it went so far, told in the words of the usual harness.
#[derive(Clone, Copy, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    ignored: usize,
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

    fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }

    fn ignore(&mut self, name: &str, why: &str) {
        self.ignored += 1;
        println!("test {name} ... ignored, {why}");
    }

    fn end(self) -> ExitCode {
        let Self { passed, failed, ignored } = self;
        let result = if failed == 0 { "ok" } else { "FAILED" };
        println!("\ntest result: {result}. {passed} passed; {failed} failed; {ignored} ignored\n");
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// What it tells; nothing where it panics, which has said why.
async fn caught(test: impl Future<Output = String>) -> Option<String> {
    AssertUnwindSafe(test).catch_unwind().await.ok()
}

type Wiring = (Transport, Bus, Place);

async fn run_all(faults: &[&Fault], wiring: Wiring, size: Size, tally: &mut Tally) {
    let (transport, bus, place) = wiring;
    let mut house = None;
    for fault in faults {
        let name = format!("{}::{}::{}", bus.name(), transport.name(), fault.name);
        if house.is_none() {
            house = match ground(place) {
                Ok(ground) => Some(House::start(bus, ground).await),
                Err(why) => {
                    tally.ignore(&name, &why);
                    continue;
                }
            };
        }
        let Some(running) = &mut house else { continue };
        let told = caught(run(fault, running, wiring, size)).await;
        if told.is_none()
            && let Some(mut house) = house.take()
        {
            println!("{}", house.recent_output());
        }
        tally.count(&name, told);
    }
}

/// What the house stands on, or why it cannot.
#[expect(clippy::disallowed_methods, reason = "which older program there is, is configuration")]
fn ground(place: Place) -> Result<Ground, String> {
    match place {
        Place::Anywhere => Ok(Ground::default()),
        Place::SmallDisks => match Disks::mount() {
            Ok(disks) => Ok(Ground { disks: Some(disks), program: None }),
            Err(why) => Err(format!("as no small disk can be mounted here: {why}")),
        },
        Place::Older => match std::env::var_os(OLDER) {
            Some(older) => Ok(Ground { disks: None, program: Some(older.into()) }),
            None => Err("as no older program was named: --older REVISION builds one".to_owned()),
        },
    }
}

async fn run(fault: &Fault, house: &mut House, (transport, bus, _): Wiring, size: Size) -> String {
    let mut figures = Figures::default();
    let mut page = Page::open().await;
    let typing = if fault.is_about_pace { Size::Short } else { size };
    let mut rounds = (0..fault.rounds(bus, size)).peekable();
    while rounds.peek().is_some() {
        let people = People::begin(&house.endpoints(), transport, typing).await;
        let witness = Witness::begin(page, &house.endpoints()[0]).await;
        let begun = Instant::now();
        while begun.elapsed() < SHIFT[typing as usize]
            && let Some(round) = rounds.next()
        {
            sleep(UNDISTURBED).await;
            let (people, witness, remarks) = (&people, &witness, &figures.remarks);
            let blow = Blow { round, size, people, witness, remarks };
            fault.strike(house, blow).await;
            figures.healed.push(people.until_each_is_served().await);
        }
        let typed = people.end().await;
        let (same_page, silent) = witness.end().await;
        page = same_page;
        house.is_ready().await;
        house.is_sound();
        house.has(&typed).await;
        figures.saved += typed.saved();
        figures.silent = figures.silent.max(silent);
    }
    figures.tell(fault.healed_within, size)
}

/// What was measured.
#[derive(Default)]
struct Figures {
    healed: Vec<Duration>,
    saved: usize,
    silent: Duration,
    remarks: Remarks,
}

impl Figures {
    /// A night is measured; in short runs on busy machines time says nothing.
    fn tell(mut self, healed_within: u64, size: Size) -> String {
        self.healed.sort_unstable();
        let (rounds, saved, silent) = (self.healed.len(), self.saved, self.silent);
        let (median, longest) = (self.healed[rounds / 2], self.healed[rounds - 1]);
        if size == Size::Long {
            let limit = Duration::from_secs(healed_within);
            assert!(longest <= limit, "everybody is served within {limit:?}, not {longest:?}");
            assert!(silent <= SILENT_MAX, "a page said nothing for {silent:?}");
        }
        let told = format!(
            "{rounds} times, {saved} edits saved, served again in {median:.1?}, {longest:.1?} at \
             most, a page silent for {silent:.1?} at most"
        );
        [vec![told], self.remarks.all()].concat().join("; ")
    }
}
