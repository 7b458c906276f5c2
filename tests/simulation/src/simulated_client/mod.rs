//! One client: the real machine, driven as a page drives it, and its user.

mod client;
mod client_clocks;
mod client_task;
mod connection;
mod gateway_deviations;
mod page_visits;
mod protocol_checker;
mod shown_view;
mod user_actions;

pub(crate) use client::SimulatedClient;
pub(crate) use client_task::run_client;
