//! A cluster of SockBit processes on this machine, to try it out.

mod cluster_process;
mod monitor;
mod options;
mod servers;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use cluster_process::{ClusterProcess, Role};
use options::Options;
use servers::Servers;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use sockbit_servers::{Deadline, Folder};

use crate::cargo::{cargo, target};
use crate::system_packages::{POSTGRES, RABBITMQ, install_missing};

const EACH: usize = 2;
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Builds the program, starts two workers and two gateways on private servers, and stops all
/// of them at Ctrl-C.
pub fn cluster(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    install_missing(&[POSTGRES, RABBITMQ])?;
    let folder = match &options.keep {
        Some(path) => Folder::kept(path)?,
        None => Folder::temporary("sockbit-cluster")?,
    };
    let (servers, program) = thread::scope(|scope| {
        let servers = scope.spawn(|| Servers::start(&folder));
        let program = build(options.is_release);
        let servers = servers.join().unwrap_or_else(|it| std::panic::resume_unwind(it));
        Ok::<_, anyhow::Error>((servers?, program?))
    })?;
    run(&folder, servers, &program)
}

fn build(is_release: bool) -> Result<PathBuf> {
    let mut arguments = vec!["build", "--locked", "--package", "sockbit-web"];
    arguments.extend(is_release.then_some("--release"));
    cargo(&arguments)?;
    let profile = if is_release { "release" } else { "debug" };
    Ok(target().join(profile).join("sockbit"))
}

fn run(folder: &Folder, mut servers: Servers, program: &Path) -> Result<()> {
    println!("starting {EACH} workers and {EACH} gateways");
    let mut processes = start(folder, &servers, program)?;
    let deadline = Deadline::after(READY_WITHIN);
    for process in &mut processes {
        process.wait_until_ready(folder, deadline)?;
    }
    // Until here a signal ends this process at once, and the process supervisors clean up.
    let is_stopped = ends_at_signals()?;
    print!("{}", addresses(folder, &servers, &processes)?);
    monitor::run_until(&is_stopped, folder, &mut servers, &mut processes);
    println!("\nstopping");
    stop(processes);
    servers.stop();
    if folder.is_kept() {
        println!("the data are kept in {}", folder.path().display());
    }
    Ok(())
}

fn start(folder: &Folder, servers: &Servers, program: &Path) -> Result<Vec<ClusterProcess>> {
    let roles = [Role::Worker, Role::Gateway];
    let all = roles.into_iter().flat_map(|role| (1..=EACH).map(move |number| (role, number)));
    all.map(|(role, number)| ClusterProcess::start(role, number, program, folder, servers))
        .collect()
}

/// Becomes true at the first signal; a second one ends this process at once.
fn ends_at_signals() -> Result<Arc<AtomicBool>> {
    const INTERRUPTED: i32 = 130;
    let is_stopped = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED, is_stopped.clone())
            .and_then(|_| signal_hook::flag::register(signal, is_stopped.clone()))
            .context("signals cannot be handled")?;
    }
    Ok(is_stopped)
}

/// Gateways first, as they need the workers to finish.
fn stop(processes: Vec<ClusterProcess>) {
    let (gateways, workers): (Vec<_>, Vec<_>) =
        processes.into_iter().partition(|it| it.role == Role::Gateway);
    for group in [gateways, workers] {
        thread::scope(|scope| {
            for process in group {
                scope.spawn(|| process.stop());
            }
        });
    }
}

fn addresses(folder: &Folder, servers: &Servers, processes: &[ClusterProcess]) -> Result<String> {
    let row =
        |what: &str, which: &str, address: &str| format!("  {what:<8} {which:<11} {address}\n");
    let with_id = |process: &ClusterProcess, path: &str| -> Result<String> {
        Ok(format!("{:<36} process {}", process.url() + path, process.id(folder)?))
    };
    let of_role = |role: Role| processes.iter().filter(move |it| it.role == role);
    let mut text = String::from("\n");
    for gateway in of_role(Role::Gateway) {
        text += &row("open", &gateway.name, &with_id(gateway, "")?);
    }
    for worker in of_role(Role::Worker) {
        text += &row("health", &worker.name, &with_id(worker, "/readyz")?);
    }
    text += &row("bus", "RabbitMQ", &servers.bus());
    text += &row("store", "PostgreSQL", &servers.store());
    text += &row("logs", "", &folder.path().display().to_string());
    text += "\nEdits in one gateway appear in the other. To see a failover, end a process:\nkill -9 ID. Ctrl-C stops everything.\n\n";
    Ok(text)
}
