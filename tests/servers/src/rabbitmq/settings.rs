//! Settings of a private broker: independent of the system's, little memory, loopback only.

use std::path::Path;

use crate::{Folder, ServerError};

/// The folder of the broker's data, in its folder.
pub const DATA: &str = "data";
const CONFIGURATION: &str = "rabbitmq.conf";
const PLUGINS: &str = "enabled_plugins";
const ENVIRONMENT: &str = "rabbitmq-env.conf";

/// The ports of a broker on loopback.
#[derive(Clone, Copy, Default, Debug)]
pub struct Ports {
    pub clients: u16,
    /// The port that `rabbitmqctl` connects to.
    pub nodes: u16,
    /// The Erlang registry's port.
    pub registry: u16,
}

pub struct Settings<'a> {
    pub folder: &'a Path,
    pub node: &'a str,
    pub ports: Ports,
}

impl Settings<'_> {
    pub fn node_name(&self) -> String {
        format!("{}@localhost", self.node)
    }

    /// Writes the files that the environment refers to.
    pub fn write(&self, folder: &Folder) -> Result<(), ServerError> {
        let configuration = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\n\
             cluster_name = {}\n\
             vm_memory_high_watermark.absolute = 768MB\n\
             disk_free_limit.absolute = 1MB\n",
            self.ports.clients, self.node,
        );
        folder.write(CONFIGURATION, &configuration)?;
        folder.write(PLUGINS, "[].\n")?;
        folder.write(ENVIRONMENT, "").map(|_| ())
    }

    pub fn environment(&self) -> Vec<(String, String)> {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let registry = self.ports.registry.to_string();
        // The registry runs already; one that the broker starts would outlive this process.
        let erlang = "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}";
        [
            // Holds the cookie that it shares with `rabbitmqctl`.
            ("HOME", self.folder.display().to_string()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("ERL_EPMD_PORT", registry),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
            ("ERL_CRASH_DUMP_SECONDS", "0".to_owned()),
            ("RABBITMQ_NODENAME", self.node_name()),
            ("RABBITMQ_DIST_PORT", self.ports.nodes.to_string()),
            ("RABBITMQ_CONF_ENV_FILE", path(ENVIRONMENT)),
            ("RABBITMQ_CONFIG_FILE", path(CONFIGURATION)),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", path(PLUGINS)),
            ("RABBITMQ_MNESIA_BASE", path(DATA)),
            ("RABBITMQ_LOG_BASE", path("logs")),
            // To standard output, which goes to its log here.
            ("RABBITMQ_LOGS", "-".to_owned()),
            ("RABBITMQ_PID_FILE", path("rabbitmq.pid")),
            ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", format!("+S 2:2 {erlang}")),
            ("RABBITMQ_CTL_ERL_ARGS", erlang.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}
