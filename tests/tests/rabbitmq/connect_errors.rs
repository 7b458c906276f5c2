//! Errors of the first connection: one line that names the problem, without the password.

use sockbit_rabbitmq::{ConnectProblem, Settings, connect_gateway};
use sockbit_tests::rabbitmq_namespace::Namespace;
use tokio::net::TcpListener;

async fn problem(settings: Settings) -> ConnectProblem {
    let error = connect_gateway(settings).await.map(drop).expect_err("an error");
    let message = error.to_string();
    assert!(message.starts_with("--bus: ") && message.contains("user \""), "{message}");
    assert!(!message.contains("hunter2") && !message.contains('\n'), "{message}");
    error.problem
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_running_is_unreachable() {
    let bus = Namespace::fresh();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let error = problem(bus.settings_with_url(&format!("amqp://me:hunter2@{address}/%2f"))).await;
    assert!(matches!(error, ConnectProblem::Unreachable(_)), "{error:?}");
    let error = problem(bus.settings_with_url("amqp://me:hunter2@no.such.host.invalid/%2f")).await;
    assert!(matches!(error, ConnectProblem::Unreachable(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_reported() {
    let bus = Namespace::fresh();
    let url = format!("amqp://guest:hunter2@{}/%2f", bus.broker());
    let error = problem(bus.settings_with_url(&url)).await;
    assert_eq!(error, ConnectProblem::Login);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_virtual_host_is_reported() {
    let bus = Namespace::fresh();
    let url = format!("amqp://guest:guest@{}/no-such-place", bus.broker());
    let error = problem(bus.settings_with_url(&url)).await;
    let ConnectProblem::VirtualHost(reason) = error else { panic!("{error:?}") };
    assert!(reason.contains("no-such-place"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_with_other_arguments_is_reported() {
    let bus = Namespace::fresh();
    let _gateway = bus.gateway().await;
    let error = problem(bus.settings().work_messages_max(7)).await;
    let ConnectProblem::Incompatible(reason) = error else { panic!("{error:?}") };
    assert!(reason.contains("x-max-length"), "{reason}");
}
