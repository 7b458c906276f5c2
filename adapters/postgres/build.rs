//! Has the crate built anew when a migration is added.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations/postgres");
}
