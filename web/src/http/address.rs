//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;

/// The other end of the connection: a client, or a proxy that speaks for one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub SocketAddr);

/// The address that limits count for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ClientAddress(pub IpAddr);

/// Puts a [`ClientAddress`] beside the request.
pub(crate) async fn locate(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request
        .extensions()
        .get::<Peer>()
        .map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |it| it.0.ip());
    let address = client(peer, request.headers(), app.trusted_proxies);
    request.extensions_mut().insert(ClientAddress(counted(address)));
    next.run(request).await
}

/// What our own proxies say of the client: each appends whom it heard, so the last entries are
/// theirs, and whatever stands before them anybody may have written.
fn client(peer: IpAddr, headers: &HeaderMap, trusted_proxies: usize) -> IpAddr {
    let Some(skipped) = trusted_proxies.checked_sub(1) else { return peer };
    // Bytes, since a line that is no text, and so was begun by the client, may end with theirs.
    let lines = headers.get_all("x-forwarded-for").iter().map(HeaderValue::as_bytes);
    let heard: Vec<&[u8]> = lines.flat_map(|line| line.split(|byte| *byte == b',')).collect();
    let told = heard.iter().rev().nth(skipped).and_then(|it| std::str::from_utf8(it).ok());
    told.and_then(|text| entry(text.trim())).unwrap_or(peer)
}

/// An address as proxies write it: alone, in brackets, or with a port behind it.
fn entry(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|it| it.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    text.parse().ok().or_else(with_port).or_else(in_brackets)
}

/// Whoever has one IPv6 address has a whole /64 of them, so that counts as one.
pub(crate) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn forwarded(lines: &[&'static str]) -> HeaderMap {
        lines
            .iter()
            .map(|line| {
                (
                    axum::http::HeaderName::from_static("x-forwarded-for"),
                    axum::http::HeaderValue::from_static(line),
                )
            })
            .collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn without_a_trusted_proxy_nobody_speaks_for_others() {
        assert_eq!(client(PROXY, &forwarded(&["192.0.2.7"]), 0), PROXY);
    }

    #[test]
    fn a_trusted_proxy_says_whom_it_heard() {
        let headers = forwarded(&["203.0.113.9, 192.0.2.7"]);
        assert_eq!(client(PROXY, &headers, 1), ip("192.0.2.7"));
        let headers = forwarded(&["203.0.113.9", "192.0.2.7, 10.0.0.2"]);
        assert_eq!(client(PROXY, &headers, 2), ip("192.0.2.7"));
    }

    #[test]
    fn a_client_cannot_hide_what_a_proxy_wrote_behind_its_own_line() {
        let mut headers = forwarded(&["198.51.100.6"]);
        let line = HeaderValue::from_bytes(b"\xff, 192.0.2.7").expect("a header");
        headers.append("x-forwarded-for", line);
        assert_eq!(client(PROXY, &headers, 1), ip("192.0.2.7"));
    }

    #[test]
    fn a_proxy_may_name_the_port_too() {
        for (line, told) in [
            ("192.0.2.7:5678", "192.0.2.7"),
            ("[2001:db8::7]:80", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
            ("[::ffff:192.0.2.7]:443", "::ffff:192.0.2.7"),
        ] {
            assert_eq!(client(PROXY, &forwarded(&[line]), 1), ip(told), "{line}");
        }
    }

    #[test]
    fn a_proxy_that_says_nothing_usable_is_counted_itself() {
        assert_eq!(client(PROXY, &HeaderMap::new(), 1), PROXY);
        for line in ["unknown", "192.0.2.7:", "192.0.2.7:x", "[192.0.2.7]", "[2001:db8::7"] {
            assert_eq!(client(PROXY, &forwarded(&[line]), 1), PROXY, "{line}");
        }
    }

    #[test]
    fn the_addresses_of_one_network_count_as_one() {
        assert_eq!(counted(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(counted(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
        assert_eq!(counted(ip("192.0.2.7")), ip("192.0.2.7"));
    }
}
