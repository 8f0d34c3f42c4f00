//! Extractors of REST handlers.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{StatusCode, header::CONTENT_TYPE, request::Parts},
};
use serde::de::DeserializeOwned;
use validator::Validate;

use crate::{
    error::{ClientError, ErrorKind},
    parse,
};

/// Input that was parsed and keeps its type's validation rules.
///
/// Works around [`Json`] and [`Query`] in controllers, and around
/// [`Data`](crate::Data) in gateways.
#[derive(Debug, Clone, Copy)]
pub struct Valid<T>(pub T);

/// A JSON body, answered in the contract's error shape when it is none.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ClientError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ClientError> {
        if !is_json(&request) {
            let message = "The body must have the content type application/json";
            return Err(ClientError::new(ErrorKind::UnsupportedMediaType, message));
        }
        let body = Bytes::from_request(request, state).await.map_err(refused_body)?;
        parse::json(&body).map(Self)
    }
}

fn is_json(request: &Request) -> bool {
    let Some(kind) = request.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok()) else {
        return false;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn refused_body(rejection: BytesRejection) -> ClientError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            ClientError::new(ErrorKind::TooLarge, "The body is too large")
        }
        _ => ClientError::invalid("The body could not be read"),
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Validate> FromRequest<S> for Valid<Json<T>> {
    type Rejection = ClientError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ClientError> {
        let body = Json::<T>::from_request(request, state).await?;
        body.0.validate()?;
        Ok(Self(body))
    }
}

/// A query string, answered in the contract's error shape when it does not parse.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ClientError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ClientError> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|it| Self(it.0)).map_err(|rejection| {
            let text = rejection.body_text();
            let text = text.split_once("query string: ").map_or(text.as_str(), |it| it.1);
            let (path, message) = text.split_once(": ").unwrap_or((".", text));
            ClientError::fields(vec![parse::field_error(path, message)])
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Validate> FromRequestParts<S> for Valid<Query<T>> {
    type Rejection = ClientError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ClientError> {
        let query = Query::<T>::from_request_parts(parts, state).await?;
        query.0.validate()?;
        Ok(Self(query))
    }
}
