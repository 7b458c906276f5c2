//! Private servers keep their data over a crash, and nothing of them is left when their owner is gone.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sockbit_servers::{Deadline, Folder, Postgres, RabbitMq, wait_until};

const GONE_WITHIN: Duration = Duration::from_secs(30);

/// How many processes live in a folder or below it.
fn processes_in(folder: &Path) -> usize {
    let processes = fs::read_dir("/proc").expect("the system shows its processes").flatten();
    let lives_there = |it: &fs::DirEntry| {
        fs::read_link(it.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
    };
    processes.filter(lives_there).count()
}

#[test]
fn postgres_keeps_its_data_over_a_restart_and_over_a_crash() {
    let mut server = Postgres::start().expect("it starts");
    let url = server.url();
    server.psql("create table words (word text)").expect("it takes statements");
    server.psql("insert into words values ('stopped')").expect("it takes statements");

    server.restart().expect("it starts again");
    server.psql("insert into words values ('killed')").expect("it takes statements");
    server.kill();
    assert_eq!(processes_in(server.folder().path()), 0, "nothing outlives the crash");
    assert!(server.psql("select 1").is_err(), "nobody answers");
    server.restart().expect("it starts again");

    assert_eq!(server.psql("select word from words").expect("they are there"), "stopped\nkilled\n");
    assert_eq!(server.url(), url);
}

#[test]
fn postgres_serves_as_many_as_tests_need_and_loses_nothing() {
    let server = Postgres::start().expect("it starts");

    let shown = |name: &str| server.psql(&format!("show {name}")).expect("it has such a setting");
    let connections: usize = shown("max_connections").trim_end().parse().expect("a number");

    assert!(connections >= 100, "{connections}");
    assert_eq!((shown("fsync"), shown("synchronous_commit")), ("on\n".into(), "on\n".into()));
}

#[test]
fn rabbitmq_keeps_its_data_over_a_crash_and_forgets_them_when_wiped() {
    let mut broker = RabbitMq::start().expect("it starts");
    let url = broker.url();
    let knows_it = |broker: &RabbitMq| {
        broker.ctl(&["list_vhosts", "name"]).expect("it answers").lines().any(|it| it == "kept")
    };
    broker.ctl(&["add_vhost", "kept"]).expect("it takes orders");

    broker.kill();
    assert!(broker.ctl(&["list_vhosts"]).is_err(), "nobody answers");
    broker.restart().expect("it starts again");
    assert!(knows_it(&broker), "it is there after the crash");

    broker.wipe().expect("it starts again");
    assert!(!knows_it(&broker), "it is forgotten");
    assert_eq!(broker.url(), url);
}

#[test]
fn a_temporary_folder_and_whoever_lives_there_go_with_the_server() {
    let server = Postgres::start().expect("it starts");
    let folder = server.folder().path().to_owned();
    assert!(processes_in(&folder) > 1, "precondition: they are found while they run");

    drop(server);

    assert_eq!(processes_in(&folder), 0);
    assert!(!folder.exists());
}

#[test]
fn a_kept_folder_is_served_again_with_its_data() {
    let parent = Folder::temporary("sockbit-test").expect("a folder");
    let path = parent.path().join("kept");
    let server = Postgres::start_in(Folder::kept(&path).expect("a folder")).expect("it starts");
    server.psql("create table kept ()").expect("it takes statements");
    drop(server);

    let server = Postgres::start_in(Folder::kept(&path).expect("a folder")).expect("it starts");

    assert_eq!(server.psql("select count(*) from kept").expect("it is there"), "0\n");
}

/// The program that runs one of each, with its temporary folders in this one, once both serve.
fn owner(folder: &Folder) -> Child {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_sockbit-servers"))
        .env("TMPDIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be run");
    let lines = BufReader::new(owner.stdout.take().expect("its output is ours")).lines();
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
    assert!(processes_in(folder.path()) > 5, "precondition: both run there");

    owner.kill().expect("it is there to be killed");
    owner.wait().expect("it has ended");

    let is_empty = || fs::read_dir(folder.path()).expect("a folder").count() == 0;
    let is_gone = || processes_in(folder.path()) == 0 && is_empty();
    assert!(wait_until(Deadline::after(GONE_WITHIN), is_gone), "something is left");
}
