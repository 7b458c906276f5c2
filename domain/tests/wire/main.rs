//! The messages as they stand on the wire. The files under `golden` are the contract: whoever changes
//! one changes every client.

mod codes;
mod faults;
mod golden;
mod ids;
mod messages;
mod protocol;
mod samples_in;
mod samples_out;
mod tolerance;
mod variants;
