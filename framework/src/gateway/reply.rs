//! What an event handler may return.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ClientError;

/// The result of an event handler, which becomes the client's ack.
#[diagnostic::on_unimplemented(
    message = "an event handler cannot return `{Self}`",
    label = "expected `()` or `Result<impl Serialize + ToSchema, impl Into<ClientError>>`"
)]
pub trait Reply: Send {
    /// Data of a successful ack.
    type Data: Serialize + ToSchema + Send;

    /// The data, or the error the client gets instead.
    fn outcome(self) -> Result<Self::Data, ClientError>;
}

impl Reply for () {
    type Data = ();

    fn outcome(self) -> Result<(), ClientError> {
        Ok(())
    }
}

impl<T, E> Reply for Result<T, E>
where
    T: Serialize + ToSchema + Send,
    E: Into<ClientError> + Send,
{
    type Data = T;

    fn outcome(self) -> Result<T, ClientError> {
        self.map_err(Into::into)
    }
}
