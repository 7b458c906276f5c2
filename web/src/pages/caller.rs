//! Who asks for a page, and from where.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use sockbit_application::gateway::Identity;

use super::errors::Failure;
use crate::http::address::ClientAddress;

/// A person, and the address that limits count for.
pub(super) struct Caller {
    pub identity: Identity,
    pub address: ClientAddress,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let identity = parts.extensions.get::<Identity>().cloned();
        let address = parts.extensions.get::<ClientAddress>().copied();
        let (Some(identity), Some(address)) = (identity, address) else {
            tracing::error!("a page has nobody who asks for it: a layer is missing");
            return Err(Failure::internal());
        };
        Ok(Self { identity, address })
    }
}
