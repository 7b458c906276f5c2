//! The signed identity cookie. A program uses the same value as its token.

use axum::http::{HeaderMap, HeaderValue, header};
use axum_extra::extract::cookie::{Cookie, Key, SameSite, SignedCookieJar};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sockbit_application::gateway::Identity;
use sockbit_domain::{Actor, ActorId, ClientId, PERSON_COLOURS, Timestamp, person_name};
use time::Duration;

use super::guest;
use crate::config::Secret;

const NAME: &str = "sockbit";
const VERSION: u8 = 1;
const MAX_AGE: Duration = Duration::days(365);
/// An older cookie is renewed, so that a user who returns within a year keeps their identity.
const RENEW_AFTER: Duration = Duration::days(30);

/// Reads and signs identity cookies.
pub(crate) struct Cookies {
    key: Key,
    is_secure: bool,
}

#[derive(Serialize, Deserialize)]
struct Content {
    v: u8,
    actor: ActorId,
    client: ClientId,
    name: String,
    colour: u8,
    issued: Timestamp,
}

impl Cookies {
    /// With `is_secure`, browsers send the cookie over TLS only.
    pub fn new(secret: &Secret, is_secure: bool) -> Self {
        Self { key: Key::derive_from(secret.as_bytes()), is_secure }
    }

    /// The identity of the sender, and whether the cookie is due for renewal. `None` without a
    /// cookie with a valid signature.
    pub fn read(&self, headers: &HeaderMap, now: Timestamp) -> Option<(Identity, bool)> {
        let cookie = SignedCookieJar::from_headers(headers, self.key.clone()).get(NAME)?;
        let json = BASE64_URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
        let content: Content = serde_json::from_slice(&json).ok()?;
        let age = now.0.saturating_sub(content.issued.0);
        let is_stale = i128::from(age) > RENEW_AFTER.whole_milliseconds();
        Some((identity(content)?, is_stale))
    }

    /// The identity of a program's token, which is the value of the cookie.
    pub fn read_token(&self, token: &str, now: Timestamp) -> Option<Identity> {
        let cookie = HeaderValue::try_from(format!("{NAME}={token}")).ok()?;
        let headers = HeaderMap::from_iter([(header::COOKIE, cookie)]);
        self.read(&headers, now).map(|(identity, _)| identity)
    }

    /// The token of a program with this identity; `None` if it cannot be encoded.
    pub fn token(&self, identity: &Identity, now: Timestamp) -> Option<String> {
        let header = self.header(identity, now)?;
        let (pair, _) = header.to_str().ok()?.split_once(';')?;
        let (_, token) = pair.split_once('=')?;
        Some(token.to_owned())
    }

    /// The `Set-Cookie` header for this identity; `None` if it cannot be encoded.
    pub fn header(&self, identity: &Identity, now: Timestamp) -> Option<HeaderValue> {
        let Identity { actor, client } = identity;
        let content = Content {
            v: VERSION,
            actor: actor.id,
            client: *client,
            name: actor.name.clone(),
            colour: actor.colour,
            issued: now,
        };
        let value = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&content).ok()?);
        let cookie = Cookie::build((NAME, value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.is_secure)
            .max_age(MAX_AGE);
        let jar = SignedCookieJar::new(self.key.clone()).add(cookie.build());
        let response = axum::response::IntoResponse::into_response(jar);
        response.headers().get(header::SET_COOKIE).cloned()
    }
}

fn identity(content: Content) -> Option<Identity> {
    let Content { v, actor, client, name, colour, .. } = content;
    if v != VERSION || colour >= PERSON_COLOURS {
        return None;
    }
    // The rules for names may have changed since. The ids stay even if the name is not valid.
    let name = person_name(&name).unwrap_or_else(|| guest::random_name(actor.0));
    Some(Identity { actor: Actor { id: actor, name, colour }, client })
}

#[cfg(test)]
mod tests {
    use sockbit_application::ports::Ids;

    use super::*;
    use crate::clock_and_ids::RandomIds;
    use crate::identity::guest::new_guest;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn cookies() -> Cookies {
        let secret = RandomIds.mint().to_string().parse().expect("a secret");
        Cookies::new(&secret, true)
    }

    /// The `Cookie` header that a browser sends after this `Set-Cookie` header.
    fn sent_back(header: &HeaderValue, change: impl Fn(&str) -> String) -> HeaderMap {
        let text = header.to_str().expect("text");
        let pair = change(text.split(';').next().unwrap_or_default());
        HeaderMap::from_iter([(header::COOKIE, pair.parse().expect("a header"))])
    }

    #[test]
    fn an_identity_survives_a_round_trip() {
        let (cookies, identity) = (cookies(), new_guest(&RandomIds));
        let header = cookies.header(&identity, NOW).expect("a cookie");
        let headers = sent_back(&header, ToOwned::to_owned);
        assert_eq!(cookies.read(&headers, NOW), Some((identity, false)));
    }

    #[test]
    fn a_token_carries_the_identity_and_cannot_be_forged() {
        let (cookies, identity) = (cookies(), new_guest(&RandomIds));
        let token = cookies.token(&identity, NOW).expect("a token");
        assert_eq!(cookies.read_token(&token, NOW), Some(identity));
        for forged in ["", "x", &token[1..], &format!("{token}x"), "a; sockbit=b", "\n"] {
            assert_eq!(cookies.read_token(forged, NOW), None, "{forged}");
        }
    }

    #[test]
    fn a_cookie_is_http_only_same_site_and_secure() {
        let header = cookies().header(&new_guest(&RandomIds), NOW).expect("a cookie");
        let text = header.to_str().expect("text");
        for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=31536000"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_tampered_cookie_is_refused() {
        let (cookies, identity) = (cookies(), new_guest(&RandomIds));
        let header = cookies.header(&identity, NOW).expect("a cookie");
        let flipped = |pair: &str| {
            let (start, end) = pair.split_at(pair.len() - 12);
            let last: String = end.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect();
            format!("{start}{last}")
        };
        assert_eq!(cookies.read(&sent_back(&header, flipped), NOW), None);
        for forged in ["sockbit=", "sockbit=e30", "sockbit=%00%ff", "sockbit"] {
            let headers = sent_back(&header, |_| forged.to_owned());
            assert_eq!(cookies.read(&headers, NOW), None, "{forged}");
        }
    }

    #[test]
    fn a_cookie_signed_with_another_secret_is_refused() {
        let header = cookies().header(&new_guest(&RandomIds), NOW).expect("a cookie");
        assert_eq!(cookies().read(&sent_back(&header, ToOwned::to_owned), NOW), None);
    }

    #[test]
    fn an_invisible_name_is_replaced_and_the_ids_stay() {
        let (cookies, mut identity) = (cookies(), new_guest(&RandomIds));
        identity.actor.name = "\u{200b}\u{202e}".to_owned();
        let header = cookies.header(&identity, NOW).expect("a cookie");
        let headers = sent_back(&header, ToOwned::to_owned);
        let (read, _) = cookies.read(&headers, NOW).expect("an identity");
        assert_eq!((read.actor.id, read.client), (identity.actor.id, identity.client));
        assert_eq!(read.actor.name.split(' ').count(), 2, "{}", read.actor.name);
    }

    #[test]
    fn an_old_cookie_is_valid_and_due_for_renewal() {
        let (cookies, identity) = (cookies(), new_guest(&RandomIds));
        let header = cookies.header(&identity, NOW).expect("a cookie");
        let headers = sent_back(&header, ToOwned::to_owned);
        let later = Timestamp(NOW.0 + 31 * 24 * 3_600_000);
        assert_eq!(cookies.read(&headers, later), Some((identity, true)));
    }
}
