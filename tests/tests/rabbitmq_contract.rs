//! The RabbitMQ bus keeps the contract of buses.

use std::future::ready;
use std::sync::Arc;

use sockbit_tests::bus_contract;
use sockbit_tests::rabbitmq_namespace::RabbitMqBus;

bus_contract!(rabbitmq, (flavor = "multi_thread"), ready(Arc::new(RabbitMqBus::fresh())));
