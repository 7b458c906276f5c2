//! The bus that was asked for, open, with the ends that this process needs.

use std::sync::Arc;

use futures::future::{BoxFuture, join_all};
use sockbit_application::gateway::GatewayPorts;
use sockbit_application::ports::{
    Announcements, Announcer, Clock, Commands, Ids, Intake, Presence, Queries, QueryQueue,
    WorkQueue,
};
use sockbit_memory::MemoryBus;
use sockbit_rabbitmq::{Settings, connect_gateway, connect_worker};

use super::ComposeError;
use crate::config::{Role, ServerBus};
use crate::http::health::Check;

/// What a worker takes from the bus, and tells over it.
pub(super) struct WorkerPorts {
    pub work: Arc<dyn WorkQueue>,
    pub queries: Arc<dyn QueryQueue>,
    pub announcer: Arc<dyn Announcer>,
}

/// The ends of a bus that the role has a use for.
#[derive(Default)]
pub(super) struct OpenBus {
    pub gateway: Option<GatewayPorts>,
    pub worker: Option<WorkerPorts>,
    /// Where programs put commands, if they can reach the bus.
    pub intake: Option<Arc<dyn Intake>>,
    /// What has to be well on the bus.
    pub checks: Vec<Check>,
    closing: Vec<BoxFuture<'static, ()>>,
}

impl OpenBus {
    pub async fn open(
        (role, message_bytes_max): (&Role, usize),
        clock: &Arc<dyn Clock>,
        ids: &Arc<dyn Ids>,
    ) -> Result<Self, ComposeError> {
        match role.bus() {
            None => Ok(Self::in_this_process(ids)),
            Some(bus) => Self::on_a_server((role, message_bytes_max), bus, clock, ids).await,
        }
    }

    fn in_this_process(ids: &Arc<dyn Ids>) -> Self {
        let bus = MemoryBus::new();
        Self {
            gateway: Some(gateway_ports(&bus.gateway(), ids)),
            worker: Some(worker_ports(&bus.worker())),
            intake: None,
            checks: Vec::new(),
            closing: vec![Box::pin(async move { bus.close() })],
        }
    }

    async fn on_a_server(
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
            let end = connect_worker(settings()?, Arc::clone(clock)).await?;
            open.worker = Some(worker_ports(&end));
            let checked = Arc::clone(&end);
            open.checks.push(Check::new("worker", move || std::future::ready(checked.health())));
            open.closing.push(Box::pin(async move { end.close().await }));
        }
        if role.secret().is_some() {
            let settings = settings()?.program_message_bytes_max(message_bytes_max);
            let end = connect_gateway(settings).await?;
            open.gateway = Some(gateway_ports(&end, ids));
            open.intake = Some(Arc::clone(&end) as Arc<dyn Intake>);
            let checked = Arc::clone(&end);
            open.checks.push(Check::new("gateway", move || std::future::ready(checked.health())));
            open.closing.push(Box::pin(async move { end.close().await }));
        }
        Ok(open)
    }

    /// Ends it: whoever waits on it is told that nothing more comes.
    pub async fn close(&mut self) {
        join_all(std::mem::take(&mut self.closing)).await;
    }
}

fn gateway_ports<End>(end: &Arc<End>, ids: &Arc<dyn Ids>) -> GatewayPorts
where
    End: Commands + Queries + Announcements + Presence + 'static,
{
    GatewayPorts {
        commands: Arc::clone(end) as Arc<dyn Commands>,
        queries: Arc::clone(end) as Arc<dyn Queries>,
        announcements: Arc::clone(end) as Arc<dyn Announcements>,
        presence: Arc::clone(end) as Arc<dyn Presence>,
        ids: Arc::clone(ids),
    }
}

fn worker_ports<End>(end: &Arc<End>) -> WorkerPorts
where
    End: WorkQueue + QueryQueue + Announcer + 'static,
{
    WorkerPorts {
        work: Arc::clone(end) as Arc<dyn WorkQueue>,
        queries: Arc::clone(end) as Arc<dyn QueryQueue>,
        announcer: Arc::clone(end) as Arc<dyn Announcer>,
    }
}
