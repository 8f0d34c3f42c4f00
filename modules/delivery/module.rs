//! Delivery: one log, many doors. Knows no feature.
//!
//! ```text
//! service -> EventLog -> queue -> Writer (one transaction: seqs, the feature's rows, events)
//!                                   └-> Hub -> doors -> everybody who has joined
//! gateway -> Subscriptions.join (Access: may they?) -> Replay (what was missed) -> SocketIoDoor
//! ```

use database::DatabaseModule;
use hornero::{Module, ModuleDef};

mod access;
mod acquaintance;
mod announcement;
mod audience;
mod batch;
mod claims;
mod config;
mod conversation;
mod crowd;
mod description;
mod entity;
mod error;
mod event_log;
mod gateway;
mod history;
mod hub;
mod notice;
mod rejoin;
mod removal;
mod replay;
mod repository;
mod socket_keys;
mod socketio_door;
mod subscriptions;
#[cfg(test)]
mod tests;
mod typing;
mod unread;
mod writer;

pub use access::{Access, AccessPolicy, Participant, Right};
pub use announcement::{Announcement, Vocabulary};
pub use claims::{ClaimSource, Claims};
pub use config::DeliveryConfig;
pub use conversation::{Conversation, ConversationId, ConversationKind, Conversations, Keeper};
pub use crowd::CROWD;
pub use description::Descriptions;
pub use error::{AccessError, AppendError};
pub use event_log::{
    Appended, Appending, Decision, Draft, EventKind, EventLog, Placed, Stored, Tally,
};
pub use history::{EventHistory, EventKeeper, EventSource, LoggedEvent};
pub use notice::{LeftReason, RoomLeft, SessionLeft};
pub use replay::{Replay, Since};
pub use socketio_door::{NAMESPACES, SocketIoDoor};
pub use subscriptions::{Joined, JoinedMember, Subscriptions};
pub use typing::{TypingSource, TypingUsers};
pub use unread::{Unread, UnreadCounter, UnreadSource};

use crate::{
    acquaintance::Acquaintance, description::Describer, gateway::DeliveryGateway, hub::Hub,
    rejoin::Rejoin, removal::Removal, repository::SeaOrmConversationRepository,
};

/// Wires up delivery. Exports what features append, authorise and announce with.
pub struct DeliveryModule;

impl Module for DeliveryModule {
    fn define(m: &mut ModuleDef) {
        m.config::<DeliveryConfig>()
            .import::<DatabaseModule>()
            .import::<auth::AuthModule>()
            .bind(SeaOrmConversationRepository::bind)
            .provide(Conversations::new)
            .provide(Access::new)
            .provide(EventHistory::new)
            .provide(SocketIoDoor::new)
            .provide(Hub::new)
            .provide(EventLog::new)
            .provide(Acquaintance::new)
            .provide(Descriptions::default)
            .provide(Describer::new)
            .provide(Subscriptions::new)
            .provide(Rejoin::new)
            .provide(Removal::new)
            .provide(UnreadCounter::default)
            .provide(TypingUsers::default)
            .provide(Claims::default)
            .gateway(DeliveryGateway::new)
            .on_init(Hub::start)
            .on_init(EventLog::start)
            .task(Removal::run)
            .on_shutdown(EventLog::flush)
            .export::<Claims>()
            .export::<Conversations>()
            .export::<Access>()
            .export::<Descriptions>()
            .export::<EventHistory>()
            .export::<EventLog>()
            .export::<SocketIoDoor>()
            .export::<Subscriptions>()
            .export::<TypingUsers>()
            .export::<UnreadCounter>();
    }
}
