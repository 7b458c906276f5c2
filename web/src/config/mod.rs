//! The configuration: flags and environment variables, validated once and typed from then on.

mod command_line;
mod errors;
mod limit_flags;
mod problem_collector;
mod public_url;
mod role;
mod role_requirements;
mod secret;
mod settings;
mod store_and_bus_urls;
mod validation;
mod value_parsers;

pub use command_line::DeadLetterAction;
pub use errors::{ConfigError, ConfigProblem, ConfigProblems};
pub use public_url::PublicUrl;
pub(crate) use public_url::normalised_authority;
pub use role::{Role, SecretSource, ServerBus, Task};
pub(crate) use role_requirements::DEFAULT_DATABASE;
pub use secret::Secret;
pub use settings::{Config, LogFormat, ServerLimits};
pub use store_and_bus_urls::{BusUrl, ServerUrl, StoreUrl};
