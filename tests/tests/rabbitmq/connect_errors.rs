//! A bus that cannot be used says why, in one line, without the password.

use sockbit_rabbitmq::{ConnectProblem, Settings, connect_gateway};
use sockbit_tests::rabbitmq_namespace::Namespace;
use tokio::net::TcpListener;

async fn problem(settings: Settings) -> ConnectProblem {
    let error = connect_gateway(settings).await.map(drop).expect_err("it cannot be used");
    let said = error.to_string();
    assert!(said.starts_with("--bus: ") && said.contains("user \""), "{said}");
    assert!(!said.contains("hunter2") && !said.contains('\n'), "{said}");
    error.problem
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there() {
    let bus = Namespace::fresh();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let said = problem(bus.settings_with_url(&format!("amqp://me:hunter2@{address}/%2f"))).await;
    assert!(matches!(said, ConnectProblem::Unreachable(_)), "{said:?}");
    let said = problem(bus.settings_with_url("amqp://me:hunter2@no.such.host.invalid/%2f")).await;
    assert!(matches!(said, ConnectProblem::Unreachable(_)), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password() {
    let bus = Namespace::fresh();
    let url = format!("amqp://guest:hunter2@{}/%2f", bus.broker());
    let said = problem(bus.settings_with_url(&url)).await;
    assert_eq!(said, ConnectProblem::Login);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_such_virtual_host() {
    let bus = Namespace::fresh();
    let url = format!("amqp://guest:guest@{}/no-such-place", bus.broker());
    let said = problem(bus.settings_with_url(&url)).await;
    let ConnectProblem::VirtualHost(reason) = said else { panic!("{said:?}") };
    assert!(reason.contains("no-such-place"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_was_declared_otherwise() {
    let bus = Namespace::fresh();
    let _gateway = bus.gateway().await;
    let said = problem(bus.settings().work_messages_max(7)).await;
    let ConnectProblem::Incompatible(reason) = said else { panic!("{said:?}") };
    assert!(reason.contains("x-max-length"), "{reason}");
}
