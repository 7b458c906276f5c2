//! The wire format of messages. The files under `golden` are the contract with all clients.

mod client_samples;
mod enum_variants;
mod golden_files;
mod golden_messages;
mod protocol_document;
mod refused_messages;
mod sample_ids;
mod server_samples;
mod stable_names;
mod unknown_fields;
