//! What SockBit does for people, told as tests: the core and the gateway on the adapters in memory.

mod admission;
mod bounds;
mod commands;
mod editing;
mod flood;
mod gaps;
mod history;
mod joining;
mod live;
mod pages;
mod queries;
mod repeats;
mod support;
