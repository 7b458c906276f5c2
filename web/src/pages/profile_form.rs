//! The form for the caller's own name and colour.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::routing::post;
use serde::Deserialize;
use sockbit_application::gateway::Identity;
use sockbit_domain::{Actor, PERSON_COLOURS, person_name};

use super::commands_and_queries::PageResult;
use super::responses::see_other;
use crate::app_state::AppState;
use crate::extractors::{Caller, FormFields};
use crate::failure::Failure;

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new().route("/me", post(change))
}

#[derive(Deserialize)]
struct Profile {
    name: String,
    colour: u8,
    #[serde(default)]
    back: String,
}

/// Sets the name and colour in the cookie, and redirects to the page with the form.
async fn change(
    State(app): State<Arc<AppState>>,
    me: Caller,
    FormFields(Profile { name, colour, back }): FormFields<Profile>,
) -> PageResult {
    let name = person_name(&name)
        .ok_or_else(|| invalid("a name needs at least one letter that can be seen"))?;
    if colour >= PERSON_COLOURS {
        return Err(invalid("there is no such colour"));
    }
    let Identity { actor, client } = me.identity;
    let identity = Identity { actor: Actor { name, colour, ..actor }, client };
    let cookie = app.cookies.header(&identity, app.clock.now()).ok_or_else(Failure::internal)?;
    let mut response = see_other(local_path(&back));
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn invalid(detail: &str) -> Failure {
    Failure::unreadable(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

/// Prevents an open redirect: any value but a path of this site becomes `/`.
fn local_path(back: &str) -> &str {
    let is_plain = back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_plain && back.starts_with('/') && !back.starts_with("//") { back } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_redirects_only_within_this_site() {
        assert_eq!(local_path("/boards/b?edit=n#note-n"), "/boards/b?edit=n#note-n");
        for elsewhere in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "boards"]
        {
            assert_eq!(local_path(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
