//! Extractors for axum.

use std::convert::Infallible;
use std::fmt;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::Delivery;
use crate::token::Tenant;

/// The rejection of a handler that asks for a [`Delivery`] where no layer has put one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingDelivery;

/// The rejection of a handler that asks for a [`Tenant`] where the token belongs to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingTenant;

impl<S: Sync> FromRequestParts<S> for Delivery {
    type Rejection = MissingDelivery;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, MissingDelivery> {
        parts.extensions.get::<Self>().cloned().ok_or(MissingDelivery)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Delivery {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = MissingTenant;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, MissingTenant> {
        tenant(parts).ok_or(MissingTenant)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Tenant {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Infallible> {
        Ok(tenant(parts))
    }
}

fn tenant(parts: &Parts) -> Option<Tenant> {
    parts.extensions.get::<Delivery>().and_then(Delivery::tenant).cloned()
}

impl fmt::Display for MissingDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request has no `Delivery` in its extensions, expected a `WebhookLayer` on this route")
    }
}

impl fmt::Display for MissingTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the delivery has no tenant, expected each token to be configured with one, or `Option<Tenant>` here",
        )
    }
}

impl std::error::Error for MissingDelivery {}

impl std::error::Error for MissingTenant {}

impl IntoResponse for MissingDelivery {
    fn into_response(self) -> Response {
        misconfigured(&self)
    }
}

impl IntoResponse for MissingTenant {
    fn into_response(self) -> Response {
        misconfigured(&self)
    }
}

/// A status and nothing else for whoever asked, and the reason where the operator looks.
fn misconfigured(error: &dyn std::error::Error) -> Response {
    #[cfg(feature = "tracing")]
    tracing::error!(%error, "a handler was called without what it asks for");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
