//! Rules about the structure of the workspace, checked on its metadata and sources.

mod crate_dependencies;
mod document_paths;
mod forbidden_words;
mod import_circles;
mod rust_paths;
mod sources;
mod workspace_metadata;
