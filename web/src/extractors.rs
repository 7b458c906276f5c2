//! Extractors: the caller, path parameters, query parameters and form fields. Each rejects with an
//! error page.

use std::sync::Arc;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use sockbit_application::gateway::Identity;

use crate::app_state::AppState;
use crate::client_address::ClientAddress;
use crate::failure::Failure;

/// The user who sent the request, and their address.
pub(crate) struct Caller {
    pub identity: Identity,
    pub address: ClientAddress,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let identity = parts.extensions.get::<Identity>().cloned();
        let address = parts.extensions.get::<ClientAddress>().copied();
        let (Some(identity), Some(address)) = (identity, address) else {
            tracing::error!("a request has no identity or address: a middleware layer is missing");
            return Err(Failure::internal());
        };
        Ok(Self { identity, address })
    }
}

/// Fields of a posted form.
pub(crate) struct FormFields<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<AppState>> for FormFields<T> {
    type Rejection = Failure;

    async fn from_request(mut request: Request, app: &Arc<AppState>) -> Result<Self, Failure> {
        // A program that posts an empty form often sends no content type.
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().entry(header::CONTENT_TYPE).or_insert(form);
        match Form::from_request(request, app).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Failure::too_large(app.body_bytes_max))
            }
            Err(rejection) => Err(Failure::unreadable(rejection.status(), &rejection.body_text())),
        }
    }
}

/// Parameters of the path. A parameter that cannot be parsed is 404.
pub(crate) struct PathParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParams<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params)),
            Err(_) => Err(Failure::no_such_page()),
        }
    }
}

/// Parameters of the query string. One that cannot be parsed is ignored.
pub(crate) struct QueryParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(Query::try_from_uri(&parts.uri).map_or_else(|_| T::default(), |Query(it)| it)))
    }
}
