//! What only RabbitMQ can be asked for: many processes, a network that fails, and a broker that goes
//! away and comes back.

mod broker;
mod dead_letters;
mod faults;
mod hand_over;
mod intake;
mod poison;
mod presence;
mod questions;
mod starting;
mod support;
