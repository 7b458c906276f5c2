//! Runs the fault rig: `cargo xtask faults` for all faults, `cargo xtask faults NAME` for some,
//! `--long` for long runs, `--bus NAME` and `--transport NAME` for one variant.
#![expect(clippy::print_stdout, reason = "a test without the usual harness prints its own results")]

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use futures::FutureExt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sockbit_tests::faults::{
    Bus, ClusterOptions, Disks, Environment, FAULTS, Fault, Injection, Measurements, Page,
    PageProbe, RunLength, TestCluster, Transport, TypingClients,
};
use tokio::runtime;
use tokio::time::{Instant, sleep};

/// Names a program built from an older revision.
const OLDER_PROGRAM: &str = "SOCKBIT_TEST_OLDER";
/// How long clients type before each fault.
const TYPING_BEFORE_FAULT: Duration = Duration::from_secs(1);
/// After this time clients move to new boards, since a note has at most 64 KiB.
const CLIENTS_REPLACED_AFTER: [Duration; 2] = [Duration::from_secs(160), Duration::from_mins(4)];
/// A page reports unsaved text after three seconds; a busy machine is a little later.
const SILENT_MAX: Duration = Duration::from_secs(4);

/// The arguments of the command line. Other flags of the usual test harness are ignored.
struct Arguments {
    length: RunLength,
    names: Vec<String>,
    buses: Vec<Bus>,
    transports: Vec<Transport>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (buses, transports) = (Bus::ALL.to_vec(), Transport::ALL.to_vec());
        let mut parsed = Self { length: RunLength::Short, names: Vec::new(), buses, transports };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--long" => parsed.length = RunLength::Long,
                "--bus" => parsed.buses = named(&Bus::ALL, Bus::name, words.next().as_deref())?,
                "--transport" => {
                    parsed.transports =
                        named(&Transport::ALL, Transport::name, words.next().as_deref())?;
                }
                flag if flag.starts_with('-') => {}
                _ => parsed.names.push(word),
            }
        }
        Ok(parsed)
    }

    /// All variants and environments that faults may run in.
    fn setups(&self) -> Vec<Setup> {
        let mut setups = Vec::new();
        for transport in &self.transports {
            for bus in &self.buses {
                setups.extend(Environment::ALL.map(|environment| (*transport, *bus, environment)));
            }
        }
        setups
    }

    /// The faults of one setup.
    fn faults(&self, (_, bus, environment): Setup) -> Vec<&'static Fault> {
        let applies =
            |it: &&Fault| it.environment == environment && it.rounds(bus, self.length) > 0;
        FAULTS.iter().filter(applies).filter(|it| self.selects(it.name)).collect()
    }

    fn selects(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|it| name.contains(it.as_str()))
    }
}

/// The variant of the requested name.
fn named<T: Copy>(
    all: &[T],
    name: impl Fn(T) -> &'static str,
    requested: Option<&str>,
) -> Result<Vec<T>, String> {
    let found: Vec<T> = all.iter().copied().filter(|it| Some(name(*it)) == requested).collect();
    let names: Vec<_> = all.iter().map(|it| name(*it)).collect();
    if found.is_empty() { Err(format!("{requested:?} is not one of {names:?}")) } else { Ok(found) }
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(mistake) => {
            println!("{mistake}");
            return ExitCode::FAILURE;
        }
    };
    allow_many_sockets();
    println!("\nrunning the fault rig");
    let (across, others): (Vec<Setup>, Vec<Setup>) =
        arguments.setups().into_iter().partition(|it| is_across_processes(*it));
    let counts = thread::scope(|scope| {
        let others = scope.spawn(|| run_one_by_one(&others, &arguments));
        run_one_by_one(&across, &arguments).and(others.join().expect("panics of tests are caught"))
    });
    counts.end()
}

/// Faults across processes take as long as all others together, so the two run at the same time.
fn is_across_processes((_, bus, environment): Setup) -> bool {
    bus == Bus::RabbitMq && environment == Environment::Any
}

fn run_one_by_one(setups: &[Setup], arguments: &Arguments) -> TestCounts {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut counts = TestCounts::default();
        for setup in setups {
            run_all(&arguments.faults(*setup), *setup, arguments.length, &mut counts).await;
        }
        counts
    })
}

/// Raises the limit of open sockets: the reconnect storm needs thousands.
fn allow_many_sockets() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .expect("the limit may be raised");
}

/// Counts of tests, printed as the usual harness does.
#[derive(Clone, Copy, Default)]
struct TestCounts {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl TestCounts {
    fn count(&mut self, name: &str, results: Option<String>) {
        if let Some(results) = results {
            self.passed += 1;
            println!("test {name} ... ok ({results})");
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

    fn ignore(&mut self, name: &str, reason: &str) {
        self.ignored += 1;
        println!("test {name} ... ignored, {reason}");
    }

    fn end(self) -> ExitCode {
        let Self { passed, failed, ignored } = self;
        let result = if failed == 0 { "ok" } else { "FAILED" };
        println!("\ntest result: {result}. {passed} passed; {failed} failed; {ignored} ignored\n");
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The test's summary; `None` if it panics, which prints the reason.
async fn caught(test: impl Future<Output = String>) -> Option<String> {
    AssertUnwindSafe(test).catch_unwind().await.ok()
}

type Setup = (Transport, Bus, Environment);

async fn run_all(faults: &[&Fault], setup: Setup, length: RunLength, counts: &mut TestCounts) {
    let (transport, bus, environment) = setup;
    let mut cluster = None;
    for fault in faults {
        let name = format!("{}::{}::{}", bus.name(), transport.name(), fault.name);
        if cluster.is_none() {
            cluster = match cluster_options(environment) {
                Ok(options) => Some(TestCluster::start(bus, options).await),
                Err(reason) => {
                    counts.ignore(&name, &reason);
                    continue;
                }
            };
        }
        let Some(running) = &mut cluster else { continue };
        let summary = caught(run(fault, running, setup, length)).await;
        if summary.is_none()
            && let Some(mut cluster) = cluster.take()
        {
            println!("{}", cluster.recent_output());
        }
        counts.count(&name, summary);
    }
}

/// The options of a cluster, or the reason why it cannot run here.
#[expect(clippy::disallowed_methods, reason = "the older program is configuration")]
fn cluster_options(environment: Environment) -> Result<ClusterOptions, String> {
    match environment {
        Environment::Any => Ok(ClusterOptions::default()),
        Environment::SmallDisks => match Disks::mount() {
            Ok(disks) => Ok(ClusterOptions { disks: Some(disks), program: None }),
            Err(reason) => Err(format!("small disks cannot be mounted: {reason}")),
        },
        Environment::OlderProgram => match std::env::var_os(OLDER_PROGRAM) {
            Some(older) => Ok(ClusterOptions { disks: None, program: Some(older.into()) }),
            None => Err("no older program was named: --older REVISION builds one".to_owned()),
        },
    }
}

async fn run(
    fault: &Fault,
    cluster: &mut TestCluster,
    (transport, bus, _): Setup,
    length: RunLength,
) -> String {
    let mut results = Results::default();
    let mut page = Page::open().await;
    let typing = if fault.measures_rate { RunLength::Short } else { length };
    let mut rounds = (0..fault.rounds(bus, length)).peekable();
    while rounds.peek().is_some() {
        let clients = TypingClients::begin(&cluster.endpoints(), transport, typing).await;
        let probe = PageProbe::begin(page, &cluster.endpoints()[0]).await;
        let started = Instant::now();
        while started.elapsed() < CLIENTS_REPLACED_AFTER[typing as usize]
            && let Some(round) = rounds.next()
        {
            sleep(TYPING_BEFORE_FAULT).await;
            let (clients, probe, measurements) = (&clients, &probe, &results.measurements);
            let injection = Injection { round, length, clients, probe, measurements };
            fault.inject(cluster, injection).await;
            results.recoveries.push(clients.wait_until_all_are_served().await);
        }
        let typed = clients.end().await;
        let (same_page, silent) = probe.end().await;
        page = same_page;
        cluster.wait_until_ready().await;
        cluster.check_processes();
        cluster.check_store(&typed).await;
        results.saved += typed.saved();
        results.silent = results.silent.max(silent);
    }
    results.summary(fault.recovered_within, length)
}

/// Measurements of one fault.
#[derive(Default)]
struct Results {
    recoveries: Vec<Duration>,
    saved: usize,
    silent: Duration,
    measurements: Measurements,
}

impl Results {
    /// Times are checked in long runs only: short runs on busy machines vary too much.
    fn summary(mut self, recovered_within: u64, length: RunLength) -> String {
        self.recoveries.sort_unstable();
        let (rounds, saved, silent) = (self.recoveries.len(), self.saved, self.silent);
        let (median, longest) = (self.recoveries[rounds / 2], self.recoveries[rounds - 1]);
        if length == RunLength::Long {
            let limit = Duration::from_secs(recovered_within);
            assert!(longest <= limit, "all clients are served within {limit:?}, not {longest:?}");
            assert!(silent <= SILENT_MAX, "a page showed no warning for {silent:?}");
        }
        let summary = format!(
            "{rounds} times, {saved} edits saved, served again after {median:.1?}, {longest:.1?} at \
             most, a page without a warning for {silent:.1?} at most"
        );
        [vec![summary], self.measurements.all()].concat().join("; ")
    }
}
