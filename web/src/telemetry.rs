//! Logs on standard error, and metrics for Prometheus.

use std::sync::Mutex;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sockbit_application::mutex::locked;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// The AMQP driver logs errors that the adapter logs as well. `--log lapin=info` turns it on.
const DEFAULT_FILTER: &str = "lapin=off";
/// Histogram buckets, in seconds and in commands.
const SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
const COMMANDS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Why logging or metrics could not be initialised.
#[derive(Debug, thiserror::Error)]
#[error("logging or metrics could not be initialised: {0}")]
pub struct TelemetryError(String);

/// Initialises logging. A process can do so once.
pub fn init_logging(config: &Config) -> Result<(), TelemetryError> {
    let filter =
        EnvFilter::try_new(format!("{DEFAULT_FILTER},{}", config.log)).map_err(telemetry_error)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // If a line cannot be written, as on a full disk, an error report cannot be written either,
        // and the attempt would panic in the code that logs.
        .log_internal_errors(false);
    match config.log_format {
        LogFormat::Human => lines.try_init().map_err(telemetry_error),
        LogFormat::Json => lines.json().flatten_event(true).try_init().map_err(telemetry_error),
    }
}

/// The metrics recorder. There is one per process, even if tests run several apps in it.
pub(crate) fn metrics() -> Result<PrometheusHandle, TelemetryError> {
    static HANDLE: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut handle = locked(&HANDLE);
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
        .map_err(telemetry_error)
}

/// Merges samples of histograms every few seconds, which bounds their memory. Never returns.
pub(crate) async fn run_upkeep(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        handle.run_upkeep();
    }
}

fn telemetry_error(error: impl std::fmt::Display) -> TelemetryError {
    TelemetryError(error.to_string())
}
