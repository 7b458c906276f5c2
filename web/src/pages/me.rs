//! Who I am to others: a name and a colour.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use serde::Deserialize;
use sockbit_application::gateway::Identity;
use sockbit_domain::{Actor, PERSON_COLOURS, person_name};

use super::Failure;
use super::boards::Answer;
use super::caller::Caller;
use super::fields::Fields;
use super::render::see;
use crate::app::App;

#[derive(Deserialize)]
pub(super) struct Me {
    name: String,
    colour: u8,
    #[serde(default)]
    back: String,
}

/// Takes a new name and colour, and goes back to where the form was.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    me: Caller,
    Fields(Me { name, colour, back }): Fields<Me>,
) -> Answer {
    let name =
        person_name(&name).ok_or_else(|| unusable("a name needs a letter that can be seen"))?;
    if colour >= PERSON_COLOURS {
        return Err(unusable("there is no such colour"));
    }
    let Identity { actor, client } = me.identity;
    let identity = Identity { actor: Actor { name, colour, ..actor }, client };
    let cookie = app.cookies.header(&identity, app.clock.now()).ok_or_else(Failure::internal)?;
    let mut response = see(local(&back));
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn unusable(detail: &str) -> Failure {
    Failure::unreadable(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

/// A path on this site, whatever somebody wrote into the form: nobody is sent elsewhere by it.
fn local(back: &str) -> &str {
    let is_plain = back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_plain && back.starts_with('/') && !back.starts_with("//") { back } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_on_this_site() {
        assert_eq!(local("/boards/b?edit=n#note-n"), "/boards/b?edit=n#note-n");
        for elsewhere in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "boards"]
        {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
