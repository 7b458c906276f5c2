//! Whether a broker lets somebody in: the first messages of AMQP 0-9-1.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const HELLO: &[u8; 8] = b"AMQP\0\0\x09\x01";
const METHOD: u8 = 1;
const GREETING_BYTES_MAX: u32 = 64 * 1024;

/// Whether somebody listens on this port of loopback.
pub fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Whether the broker of this name greets whoever comes to this port of loopback.
pub fn serves(port: u16, name: &str) -> bool {
    let greeting = greeting(port).unwrap_or_default();
    greeting.windows(name.len()).any(|bytes| bytes == name.as_bytes())
}

/// What a broker tells of itself, or nothing where it says something else.
fn greeting(port: u16) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
    stream.write_all(HELLO)?;
    let mut head = [0; 7];
    stream.read_exact(&mut head)?;
    let [kind, _, _, bytes @ ..] = head;
    let bytes = u32::from_be_bytes(bytes);
    let mut greeting = Vec::new();
    if kind == METHOD && bytes <= GREETING_BYTES_MAX {
        stream.take(bytes.into()).read_to_end(&mut greeting)?;
    }
    Ok(greeting)
}
