//! Logs on standard error, and measurements for whoever asks for them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

const KEEP_UP_EVERY: Duration = Duration::from_secs(5);
/// What goes wrong with a driver is told by whoever uses it, once. Who names it hears it all the same.
const SILENT: &str = "lapin=off";
/// Bounds of histograms, in seconds and in commands: what is fast is told apart finely.
const SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
const COMMANDS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Why nothing can be logged or measured.
#[derive(Debug, thiserror::Error)]
#[error("logging or measuring cannot begin: {0}")]
pub struct TelemetryError(String);

/// Begins to log. Once a process.
pub fn log(config: &Config) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(format!("{SILENT},{}", config.log)).map_err(said)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Where a line cannot be written, as on a full disk, neither can word of that; trying to
        // would panic in whoever logs.
        .log_internal_errors(false);
    match config.log_format {
        LogFormat::Human => lines.try_init().map_err(said),
        LogFormat::Json => lines.json().flatten_event(true).try_init().map_err(said),
    }
}

/// The measurements of this process, of which there is one set however many sites run in it.
pub(crate) fn metrics() -> Result<PrometheusHandle, TelemetryError> {
    static HANDLE: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut handle = HANDLE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*handle {
        return Ok(handle.clone());
    }
    let installed = install()?;
    *handle = Some(installed.clone());
    Ok(installed)
}

fn install() -> Result<PrometheusHandle, TelemetryError> {
    use metrics_exporter_prometheus::Matcher;
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|it| {
            it.set_buckets_for_metric(Matcher::Suffix("_commands".to_owned()), &COMMANDS)
        })
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(said)
}

/// Folds measurements together now and then, so that they take no more room than they tell.
pub(crate) async fn keep_up(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(KEEP_UP_EVERY).await;
        handle.run_upkeep();
    }
}

fn said(error: impl std::fmt::Display) -> TelemetryError {
    TelemetryError(error.to_string())
}
