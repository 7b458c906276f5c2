//! The address of a client, found through trusted proxies, as rate and connection limits count it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderValue};

/// The other end of the TCP connection: the client itself or a proxy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerAddress(pub SocketAddr);

/// The address that limits count: one IPv4 address, or the /64 network of an IPv6 address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The client behind so many trusted proxies, from `X-Forwarded-For`.
    pub fn resolve(peer: PeerAddress, headers: &HeaderMap, trusted_proxies: usize) -> Self {
        Self::of(forwarded_for(peer.0.ip(), headers, trusted_proxies))
    }

    /// A host with one IPv6 address usually has the whole /64, so the network counts as one client.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(IpAddr::V4(v4)),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
            }
        }
    }
}

/// The entry of `X-Forwarded-For` that the outermost trusted proxy appended. Each proxy appends the
/// address of its own peer, so the last entries are trustworthy; a client may have forged the rest.
fn forwarded_for(peer: IpAddr, headers: &HeaderMap, trusted_proxies: usize) -> IpAddr {
    let Some(skipped) = trusted_proxies.checked_sub(1) else { return peer };
    // Bytes: a proxy may append its entry to a client's line that is not UTF-8.
    let lines = headers.get_all("x-forwarded-for").iter().map(HeaderValue::as_bytes);
    let entries: Vec<&[u8]> = lines.flat_map(|line| line.split(|byte| *byte == b',')).collect();
    let entry = entries.iter().rev().nth(skipped).and_then(|it| std::str::from_utf8(it).ok());
    entry.and_then(|text| parse_entry(text.trim())).unwrap_or(peer)
}

/// Parses an address as proxies write it: plain, in brackets, or with a port.
fn parse_entry(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|it| it.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    text.parse().ok().or_else(with_port).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn forwarded(lines: &[&'static str]) -> HeaderMap {
        lines
            .iter()
            .map(|line| {
                (HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static(line))
            })
            .collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn without_a_trusted_proxy_the_header_is_ignored() {
        assert_eq!(forwarded_for(PROXY, &forwarded(&["192.0.2.7"]), 0), PROXY);
    }

    #[test]
    fn the_client_is_the_entry_of_the_outermost_trusted_proxy() {
        let headers = forwarded(&["203.0.113.9, 192.0.2.7"]);
        assert_eq!(forwarded_for(PROXY, &headers, 1), ip("192.0.2.7"));
        let headers = forwarded(&["203.0.113.9", "192.0.2.7, 10.0.0.2"]);
        assert_eq!(forwarded_for(PROXY, &headers, 2), ip("192.0.2.7"));
    }

    #[test]
    fn an_invalid_line_of_the_client_does_not_hide_the_entry_of_the_proxy() {
        let mut headers = forwarded(&["198.51.100.6"]);
        let line = HeaderValue::from_bytes(b"\xff, 192.0.2.7").expect("a header");
        headers.append("x-forwarded-for", line);
        assert_eq!(forwarded_for(PROXY, &headers, 1), ip("192.0.2.7"));
    }

    #[test]
    fn an_entry_may_have_brackets_and_a_port() {
        for (line, expected) in [
            ("192.0.2.7:5678", "192.0.2.7"),
            ("[2001:db8::7]:80", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
            ("[::ffff:192.0.2.7]:443", "::ffff:192.0.2.7"),
        ] {
            assert_eq!(forwarded_for(PROXY, &forwarded(&[line]), 1), ip(expected), "{line}");
        }
    }

    #[test]
    fn without_a_valid_entry_the_proxy_itself_is_counted() {
        assert_eq!(forwarded_for(PROXY, &HeaderMap::new(), 1), PROXY);
        for line in ["unknown", "192.0.2.7:", "192.0.2.7:x", "[192.0.2.7]", "[2001:db8::7"] {
            assert_eq!(forwarded_for(PROXY, &forwarded(&[line]), 1), PROXY, "{line}");
        }
    }

    #[test]
    fn all_ipv6_addresses_of_one_network_count_as_one_client() {
        assert_eq!(ClientAddress::of(ip("2001:db8:1:2:3:4:5:6")).0, ip("2001:db8:1:2::"));
        assert_eq!(ClientAddress::of(ip("::ffff:192.0.2.7")).0, ip("192.0.2.7"));
        assert_eq!(ClientAddress::of(ip("192.0.2.7")).0, ip("192.0.2.7"));
    }
}
