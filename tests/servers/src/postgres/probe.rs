//! Readiness of PostgreSQL: the first messages of its protocol.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const PROTOCOL: u32 = 3 << 16;
const READY_FOR_QUERY: u8 = b'Z';
const ERROR: u8 = b'E';
const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];
const MESSAGE_BYTES_MAX: u32 = 64 * 1024;

/// Whether the server on this loopback port accepts queries of this user.
pub fn serves(port: u16, user: &str) -> bool {
    log_in(port, user).unwrap_or(false)
}

fn log_in(port: u16, user: &str) -> io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
    stream.write_all(&startup_message(user))?;
    loop {
        match next_message(&mut stream)? {
            READY_FOR_QUERY => {
                stream.write_all(&TERMINATE)?;
                return Ok(true);
            }
            ERROR => return Ok(false),
            _ => {}
        }
    }
}

/// Length, version, and names with their values, each ended by a zero, as is the whole list.
fn startup_message(user: &str) -> Vec<u8> {
    let names = format!("user\0{user}\0database\0postgres\0\0");
    let bytes = u32::try_from(names.len() + 8).unwrap_or(u32::MAX);
    [&bytes.to_be_bytes(), &PROTOCOL.to_be_bytes(), names.as_bytes()].concat()
}

/// The type of the next message, whose content is skipped.
fn next_message(stream: &mut TcpStream) -> io::Result<u8> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [message_type, bytes @ ..] = head;
    let rest = u32::from_be_bytes(bytes).saturating_sub(4).min(MESSAGE_BYTES_MAX);
    io::copy(&mut stream.take(rest.into()), &mut io::sink())?;
    Ok(message_type)
}
