//! Delivery: one log, many doors. Knows no feature.
//!
//! ```text
//! service -> EventLog.append (one transaction: seq, the feature's rows, the event)
//!                └-> Hub.publish -> doors -> everybody who has joined the conversation
//! gateway -> Subscriptions.join (Access: may they?) -> SocketIoDoor
//! ```

use database::DatabaseModule;
use hornero::{Module, ModuleDef};

mod access;
mod announcement;
mod audience;
mod conversation;
mod entity;
mod error;
mod event_log;
mod gateway;
mod hub;
mod notice;
mod repository;
mod socketio_door;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use access::{Access, AccessPolicy, Participant, Right};
pub use announcement::{Announcement, Vocabulary};
pub use conversation::{Conversation, ConversationId, ConversationKind, Conversations};
pub use error::{AccessError, AppendError};
pub use event_log::{Appended, Draft, EventKind, EventLog, Placed, Stored};
pub use socketio_door::{NAMESPACES, SocketIoDoor};
pub use subscriptions::{Joined, JoinedMember, Subscriptions};

use crate::{gateway::DeliveryGateway, hub::Hub, repository::SeaOrmConversationRepository};

/// Wires up delivery. Exports what features append, authorise and announce with.
pub struct DeliveryModule;

impl Module for DeliveryModule {
    fn define(m: &mut ModuleDef) {
        m.import::<DatabaseModule>()
            .import::<auth::AuthModule>()
            .bind(SeaOrmConversationRepository::bind)
            .provide(Conversations::new)
            .provide(Access::new)
            .provide(SocketIoDoor::new)
            .provide(Hub::new)
            .provide(EventLog::new)
            .provide(Subscriptions::new)
            .gateway(DeliveryGateway::new)
            .export::<Conversations>()
            .export::<Access>()
            .export::<EventLog>()
            .export::<SocketIoDoor>()
            .export::<Subscriptions>();
    }
}
