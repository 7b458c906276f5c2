//! The configured bus, opened for the roles of this process.

use std::sync::Arc;

use futures::future::{BoxFuture, join_all};
use sockbit_application::gateway::GatewayPorts;
use sockbit_application::ports::{
    Announcements, Announcer, Clock, Commands, ExternalCommands, Ids, Presence, Queries,
    QueryQueue, WorkQueue,
};
use sockbit_memory::MemoryBus;
use sockbit_rabbitmq::{Settings, connect_gateway, connect_worker};

use super::errors::ComposeError;
use crate::config::{Role, ServerBus};
use crate::http::health::Check;

/// The bus ports of a worker.
pub(super) struct WorkerPorts {
    pub work: Arc<dyn WorkQueue>,
    pub queries: Arc<dyn QueryQueue>,
    pub announcer: Arc<dyn Announcer>,
}

/// An open bus with the ports that the role needs.
#[derive(Default)]
pub(crate) struct OpenBus {
    pub(super) gateway: Option<GatewayPorts>,
    pub(super) worker: Option<WorkerPorts>,
    /// Commands of external programs, if the bus accepts them.
    pub(super) external_commands: Option<Arc<dyn ExternalCommands>>,
    /// Readiness checks of the connections.
    pub(super) checks: Vec<Check>,
    close: Vec<BoxFuture<'static, ()>>,
}

impl OpenBus {
    pub async fn open(
        (role, message_bytes_max): (&Role, usize),
        clock: &Arc<dyn Clock>,
        ids: &Arc<dyn Ids>,
    ) -> Result<Self, ComposeError> {
        match role.bus() {
            None => Ok(Self::in_memory(ids)),
            Some(bus) => Self::on_rabbitmq((role, message_bytes_max), bus, clock, ids).await,
        }
    }

    fn in_memory(ids: &Arc<dyn Ids>) -> Self {
        let bus = MemoryBus::new();
        Self {
            gateway: Some(gateway_ports(&bus.gateway(), ids)),
            worker: Some(worker_ports(&bus.worker())),
            external_commands: None,
            checks: Vec::new(),
            close: vec![Box::pin(async move { bus.close() })],
        }
    }

    async fn on_rabbitmq(
        (role, message_bytes_max): (&Role, usize),
        bus: &ServerBus,
        clock: &Arc<dyn Clock>,
        ids: &Arc<dyn Ids>,
    ) -> Result<Self, ComposeError> {
        let settings = || {
            Settings::new(bus.url.expose(), bus.keys.clone(), ids.mint())?
                .work_queues(bus.work_queues)?
                .namespace(&bus.namespace)
        };
        let mut open = Self::default();
        if role.store().is_some() {
            let worker_settings = settings()?.delete_broken_queues(bus.delete_broken_queues);
            let worker = connect_worker(worker_settings, Arc::clone(clock)).await?;
            open.worker = Some(worker_ports(&worker));
            let checked = Arc::clone(&worker);
            open.checks.push(Check::new("worker", move || std::future::ready(checked.health())));
            open.close.push(Box::pin(async move { worker.close().await }));
        }
        if role.secret().is_some() {
            let settings = settings()?.program_message_bytes_max(message_bytes_max);
            let gateway = connect_gateway(settings).await?;
            open.gateway = Some(gateway_ports(&gateway, ids));
            open.external_commands = Some(Arc::clone(&gateway) as Arc<dyn ExternalCommands>);
            let checked = Arc::clone(&gateway);
            open.checks.push(Check::new("gateway", move || std::future::ready(checked.health())));
            open.close.push(Box::pin(async move { gateway.close().await }));
        }
        Ok(open)
    }

    /// Closes the bus. Tasks that wait for messages end.
    pub async fn close(&mut self) {
        join_all(std::mem::take(&mut self.close)).await;
    }
}

fn gateway_ports<Bus>(bus: &Arc<Bus>, ids: &Arc<dyn Ids>) -> GatewayPorts
where
    Bus: Commands + Queries + Announcements + Presence + 'static,
{
    GatewayPorts {
        commands: Arc::clone(bus) as Arc<dyn Commands>,
        queries: Arc::clone(bus) as Arc<dyn Queries>,
        announcements: Arc::clone(bus) as Arc<dyn Announcements>,
        presence: Arc::clone(bus) as Arc<dyn Presence>,
        ids: Arc::clone(ids),
    }
}

fn worker_ports<Bus>(bus: &Arc<Bus>) -> WorkerPorts
where
    Bus: WorkQueue + QueryQueue + Announcer + 'static,
{
    WorkerPorts {
        work: Arc::clone(bus) as Arc<dyn WorkQueue>,
        queries: Arc::clone(bus) as Arc<dyn QueryQueue>,
        announcer: Arc::clone(bus) as Arc<dyn Announcer>,
    }
}
