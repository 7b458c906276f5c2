//! The simulated bus: the broker, and the ports of gateways and workers on it.

mod broker;
mod gateway_bus;
mod gateway_queue;
mod uplink;
mod worker_bus;

pub(crate) use broker::Broker;
pub(crate) use gateway_bus::GatewayBus;
pub(crate) use gateway_queue::GatewayQueue;
pub(crate) use uplink::Uplink;
pub(crate) use worker_bus::WorkerBus;
