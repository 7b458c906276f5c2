//! What exists before a load starts: boards, members and notes.

mod control_client;
mod ids;
mod peer_boards;
mod population;
mod sockbit_boards;
mod store_seed;

use anyhow::Result;

use crate::deployment::Deployment;
use crate::load::{EditIds, Load, Plan, SockBitProtocol, SocketIoProtocol, WireProtocol};

pub use ids::Ids;
pub use population::Population;
pub use sockbit_boards::{connect_owner, move_to_heads};
pub use store_seed::{Seed, append_to_board};

/// Creates the boards, connects the clients, and waits until they have joined.
pub fn prepare(
    deployment: &Deployment<'_>,
    ids: &mut Ids,
    population: &Population,
) -> Result<Load> {
    let plan = plan(deployment, ids, population)?;
    connect(deployment, ids, plan)
}

/// Creates the boards.
pub fn plan(deployment: &Deployment<'_>, ids: &mut Ids, population: &Population) -> Result<Plan> {
    if deployment.subject.is_peer() {
        peer_boards::create(deployment, ids, population)
    } else {
        sockbit_boards::create(deployment, ids, population)
    }
}

/// Connects the clients and waits until they have joined.
pub fn connect(deployment: &Deployment<'_>, ids: &mut Ids, plan: Plan) -> Result<Load> {
    let edit_ids = EditIds::new(ids.load());
    let protocol: Box<dyn WireProtocol> = if deployment.subject.is_peer() {
        Box::new(SocketIoProtocol::new(edit_ids.clone()))
    } else {
        Box::new(SockBitProtocol::new(edit_ids.clone()))
    };
    Load::connect(protocol, edit_ids, plan)
}

/// The number of edits that the store has of each board beyond what it had at the start of a load.
pub fn stored_edits(deployment: &Deployment<'_>, plan: &Plan) -> Result<Vec<u64>> {
    if deployment.subject.is_peer() {
        peer_boards::stored_edits(deployment, plan)
    } else {
        sockbit_boards::stored_edits(deployment, plan)
    }
}
