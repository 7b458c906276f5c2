//! Writes transcripts of client machines to standard output, one line of JSON each; the first
//! argument is their number. `tests/browser/js/replay-file.mjs` replays them in Node.

use std::io::{Error, Write, stdout};

use sockbit_simulation::transcripts;

const COUNT: usize = 2_000;

fn main() -> Result<(), Error> {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(COUNT);
    let transcripts = transcripts(count).map_err(Error::other)?;
    stdout().write_all(transcripts.lines.as_bytes())
}
