//! Every connection of the server.

use std::{
    collections::HashMap,
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use crate::{recovery::Recovery, settings::Parser};

/// Every connection of the server: socketioxide's handle of that name, with what it takes to
/// recover sockets. A provider in every module.
///
/// What is emitted through socketioxide itself is not recovered, and may come before or behind what
/// [`Broadcast`](crate::Broadcast) and [`EmitEvent`](crate::EmitEvent) emit, which is, and in order.
#[derive(Clone)]
pub struct SocketIo {
    io: socketioxide::SocketIo,
    parser: Parser,
    /// By namespace; nothing until the namespaces are open.
    recoveries: Arc<OnceLock<HashMap<&'static str, Arc<Recovery>>>>,
}

impl SocketIo {
    pub(crate) fn new(io: socketioxide::SocketIo, parser: Parser) -> Self {
        Self { io, parser, recoveries: Arc::default() }
    }

    /// How packets are written.
    pub(crate) fn parser(&self) -> Parser {
        self.parser
    }

    /// Notes what keeps the events of each namespace, once.
    pub(crate) fn recover(&self, recoveries: HashMap<&'static str, Arc<Recovery>>) {
        // There is one server to a handle, and it opens its namespaces once.
        let _ = self.recoveries.set(recoveries);
    }

    /// What keeps the events of a namespace, if something does.
    pub(crate) fn recovery(&self, namespace: &str) -> Option<&Arc<Recovery>> {
        self.recoveries.get()?.get(namespace)
    }
}

impl Deref for SocketIo {
    type Target = socketioxide::SocketIo;

    fn deref(&self) -> &Self::Target {
        &self.io
    }
}

impl fmt::Debug for SocketIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SocketIo").field(&self.io).finish()
    }
}
