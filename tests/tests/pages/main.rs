//! The pages and the HTTP API without scripts, by forms and links alone.

mod access;
mod board;
mod http_api;
mod http_connections;
mod invalid_requests;
mod note;
mod visitor;
