//! Whose socket it is.

use std::sync::Arc;

/// Who a socket belongs to. A gateway that authenticates puts it among the socket's extensions, where
/// it is until all of them have.
///
/// Whoever comes back takes up only what was theirs: with another owner, a socket is as new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(Arc<str>);

impl Owner {
    /// An owner of this id, which is compared and never told.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }
}
