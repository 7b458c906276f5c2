//! Readiness of RabbitMQ: the first messages of AMQP 0-9-1.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const PROTOCOL_HEADER: &[u8; 8] = b"AMQP\0\0\x09\x01";
const METHOD: u8 = 1;
const PROPERTIES_BYTES_MAX: u32 = 64 * 1024;

/// Whether a server listens on this loopback port.
pub fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Whether the broker of this name answers on this loopback port.
pub fn serves(port: u16, name: &str) -> bool {
    let server_properties = server_properties(port).unwrap_or_default();
    server_properties.windows(name.len()).any(|bytes| bytes == name.as_bytes())
}

/// The broker's description of itself; empty if the answer is something else.
fn server_properties(port: u16) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
    stream.write_all(PROTOCOL_HEADER)?;
    let mut head = [0; 7];
    stream.read_exact(&mut head)?;
    let [message_type, _, _, bytes @ ..] = head;
    let bytes = u32::from_be_bytes(bytes);
    let mut server_properties = Vec::new();
    if message_type == METHOD && bytes <= PROPERTIES_BYTES_MAX {
        stream.take(bytes.into()).read_to_end(&mut server_properties)?;
    }
    Ok(server_properties)
}
