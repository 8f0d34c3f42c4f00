//! Rooms: conversations of many members.
//!
//! ```text
//! REST   -> controller ─┐
//!                       ├─> RoomService -> RoomRepository -> database
//! socket -> gateway    ─┘        └─> RoomPolicy (who may do what, asked by delivery)
//! ```

use std::sync::Arc;

use auth::AuthModule;
use database::DatabaseModule;
use delivery::{Access, ConversationKind, DeliveryModule};
use hornero::{BoxError, Module, ModuleDef};

mod announcement;
mod controller;
mod dto;
mod entity;
mod error;
mod gateway;
mod member;
mod member_controller;
mod member_service;
mod policy;
mod repository;
mod roles;
mod room;
mod service;
#[cfg(test)]
mod tests;

pub use error::RoomError;
pub use member::Member;
pub use member_service::{KnownMember, MemberService, RoomPresence};
pub use room::{ChangeRoom, MemberRole, Room, Visibility};
pub use service::RoomService;

use crate::{
    controller::RoomController,
    gateway::RoomGateway,
    member_controller::MemberController,
    policy::RoomPolicy,
    repository::{SeaOrmRoomRepository, members::SeaOrmMemberRepository},
};

/// Wires up rooms. Exports [`RoomService`].
pub struct RoomsModule;

impl Module for RoomsModule {
    fn define(m: &mut ModuleDef) {
        m.import::<AuthModule>()
            .import::<DatabaseModule>()
            .import::<DeliveryModule>()
            .bind(SeaOrmRoomRepository::bind)
            .bind(SeaOrmMemberRepository::bind)
            .provide(RoomPolicy::new)
            .provide(RoomService::new)
            .provide(MemberService::new)
            .controller(RoomController::new)
            .controller(MemberController::new)
            .gateway(RoomGateway::new)
            .on_init(set_policy)
            .export::<RoomService>();
    }
}

async fn set_policy(access: Arc<Access>, policy: Arc<RoomPolicy>) -> Result<(), BoxError> {
    access.set_policy(ConversationKind::Room, policy);
    Ok(())
}
