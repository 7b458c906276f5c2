//! The pages in real Chromium, against the real program.

/// Runs each test on the app in one process, and on the app across processes, where the two users
/// are on different gateways.
macro_rules! in_both_deployments {
    ($($test:ident)*) => {
        mod in_one_process {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::Deployment::in_one_process().await).await;
            })*
        }

        mod across_processes {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::Deployment::across_processes().await).await;
            })*
        }
    };
}

mod counted_work;
mod editing;
mod keyboard;
mod page_start;
mod pages;
mod pre_hydration;
mod presence;
mod shared_board;
mod unsent_edits;
