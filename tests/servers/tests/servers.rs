//! Private servers keep their data over a crash, and leave nothing behind when their owner is gone.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sockbit_servers::{Deadline, Folder, Postgres, RabbitMq, wait_until};

const GONE_WITHIN: Duration = Duration::from_secs(30);

/// The number of processes whose working folder is here or below.
fn processes_in(folder: &Path) -> usize {
    let processes = fs::read_dir("/proc").expect("the system shows its processes").flatten();
    let works_there = |it: &fs::DirEntry| {
        fs::read_link(it.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
    };
    processes.filter(works_there).count()
}

#[test]
fn postgres_keeps_its_data_over_a_restart_and_over_a_crash() {
    let mut server = Postgres::start().expect("the server starts");
    let url = server.url();
    server.psql("create table words (word text)").expect("the statement succeeds");
    server.psql("insert into words values ('stopped')").expect("the statement succeeds");

    server.restart().expect("the server restarts");
    server.psql("insert into words values ('killed')").expect("the statement succeeds");
    server.kill();
    assert_eq!(processes_in(server.folder().path()), 0, "no process outlives the crash");
    assert!(server.psql("select 1").is_err(), "the server is down");
    server.restart().expect("the server restarts");

    assert_eq!(
        server.psql("select word from words").expect("the rows are stored"),
        "stopped\nkilled\n"
    );
    assert_eq!(server.url(), url);
}

#[test]
fn postgres_allows_enough_connections_and_commits_durably() {
    let server = Postgres::start().expect("the server starts");

    let shown = |name: &str| server.psql(&format!("show {name}")).expect("the setting exists");
    let connections: usize = shown("max_connections").trim_end().parse().expect("a number");

    assert!(connections >= 100, "{connections}");
    assert_eq!((shown("fsync"), shown("synchronous_commit")), ("on\n".into(), "on\n".into()));
}

#[test]
fn rabbitmq_keeps_its_data_over_a_crash_and_loses_them_when_wiped() {
    let mut broker = RabbitMq::start().expect("the server starts");
    let url = broker.url();
    let has_vhost = |broker: &RabbitMq| {
        broker
            .ctl(&["list_vhosts", "name"])
            .expect("rabbitmqctl answers")
            .lines()
            .any(|it| it == "kept")
    };
    broker.ctl(&["add_vhost", "kept"]).expect("rabbitmqctl succeeds");

    broker.kill();
    assert!(broker.ctl(&["list_vhosts"]).is_err(), "the server is down");
    broker.restart().expect("the server restarts");
    assert!(has_vhost(&broker), "the vhost outlives the crash");

    broker.wipe().expect("the server restarts");
    assert!(!has_vhost(&broker), "the vhost is removed");
    assert_eq!(broker.url(), url);
}

#[test]
fn a_temporary_folder_and_its_processes_are_removed_with_the_server() {
    let server = Postgres::start().expect("the server starts");
    let folder = server.folder().path().to_owned();
    assert!(processes_in(&folder) > 1, "precondition: running processes are found");

    drop(server);

    assert_eq!(processes_in(&folder), 0);
    assert!(!folder.exists());
}

#[test]
fn a_kept_folder_serves_its_data_again() {
    let parent = Folder::temporary("sockbit-test").expect("a folder");
    let path = parent.path().join("kept");
    let server =
        Postgres::start_in(Folder::kept(&path).expect("a folder")).expect("the server starts");
    server.psql("create table kept ()").expect("the statement succeeds");
    drop(server);

    let server =
        Postgres::start_in(Folder::kept(&path).expect("a folder")).expect("the server starts");

    assert_eq!(server.psql("select count(*) from kept").expect("the table is stored"), "0\n");
}

/// The program that runs one server of each kind, with its temporary folders here, once both are
/// ready.
fn owner(folder: &Folder) -> Child {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_sockbit-servers"))
        .env("TMPDIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    let lines = BufReader::new(owner.stdout.take().expect("its output is piped")).lines();
    let names: Vec<String> = lines
        .map_while(Result::ok)
        .take(2)
        .filter_map(|it| Some(it.split_once('=')?.0.into()))
        .collect();
    assert_eq!(names, ["SOCKBIT_TEST_POSTGRES", "SOCKBIT_TEST_RABBITMQ"]);
    owner
}

#[test]
fn nothing_is_left_when_the_owner_is_killed() {
    let folder = Folder::temporary("sockbit-test").expect("a folder");
    let mut owner = owner(&folder);
    assert!(processes_in(folder.path()) > 5, "precondition: both servers run there");

    owner.kill().expect("it can be killed");
    owner.wait().expect("its status can be read");

    let is_empty = || fs::read_dir(folder.path()).expect("a folder").count() == 0;
    let is_gone = || processes_in(folder.path()) == 0 && is_empty();
    assert!(wait_until(Deadline::after(GONE_WITHIN), is_gone), "a process or folder is left");
}
