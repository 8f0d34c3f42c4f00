//! Socket.IO events of rooms: create, join, leave, and what was read.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use delivery::{LeftReason, NAMESPACES, RoomLeft, Subscriptions, Vocabulary};
use hornero::{ClientError, Data, Events, Gateway, RateClass, SocketRef, Then, Valid};

use crate::{
    announcement::MessageRead,
    dto::{CreateRoom, JoinRoom, ReadMessages, RoomCreated, RoomJoined, RoomReference},
    member_service::MemberService,
    service::RoomService,
};

/// Handles `chat:room:*` and `chat:message:read`.
pub(crate) struct RoomGateway {
    tokens: Arc<TokenService>,
    rooms: Arc<RoomService>,
    members: Arc<MemberService>,
    subscriptions: Arc<Subscriptions>,
}

impl RoomGateway {
    pub(crate) fn new(
        tokens: Arc<TokenService>,
        rooms: Arc<RoomService>,
        members: Arc<MemberService>,
        subscriptions: Arc<Subscriptions>,
    ) -> Self {
        Self { tokens, rooms, members, subscriptions }
    }
}

impl Authenticates for RoomGateway {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Gateway for RoomGateway {
    const NAMESPACES: &'static [&'static str] = NAMESPACES;
    const ERROR_EVENT: &'static str = "chat:error";

    fn events(on: &mut Events<Self>) {
        on.on("chat:room:create", Self::create).replies("chat:room:created");
        on.on("chat:room:join", Self::join).replies("chat:room:joined");
        on.on("chat:room:leave", Self::leave).replies("chat:room:left");
        on.on("chat:message:read", Self::read).rate(RateClass::Signal).emits::<MessageRead>();
    }
}

impl RoomGateway {
    /// Makes a room, and joins it.
    async fn create(
        self: Arc<Self>,
        socket: SocketRef,
        caller: Caller,
        Valid(Data(event)): Valid<Data<CreateRoom>>,
    ) -> Result<Then<RoomCreated>, ClientError> {
        self.subscriptions.require_room(&socket)?;
        let room =
            self.rooms.create(&caller, &event.name, event.visibility, event.metadata).await?;
        let to = (room.id, Vocabulary::Chat);
        let (_, replay) = self.subscriptions.join(&socket, &caller, to, None).await?;
        Ok(Then::new(RoomCreated { room: room.into() }, replay.run()))
    }

    /// Joins a room, and becomes a member of a public one. What has happened since `lastSeq`
    /// is sent after the answer, and then what happens.
    async fn join(
        self: Arc<Self>,
        socket: SocketRef,
        caller: Caller,
        Valid(Data(event)): Valid<Data<JoinRoom>>,
    ) -> Result<Then<RoomJoined>, ClientError> {
        let (to, since) = ((event.room_id, Vocabulary::Chat), event.since());
        let (joined, replay) = self.subscriptions.join(&socket, &caller, to, since).await?;
        Ok(Then::new(RoomJoined::new(event.room_id, joined), replay.run()))
    }

    /// Stops listening. The caller stays a member.
    async fn leave(
        self: Arc<Self>,
        socket: SocketRef,
        _: Caller,
        Data(event): Data<RoomReference>,
    ) -> Result<RoomLeft, ClientError> {
        self.subscriptions.leave(&socket, event.room_id).await;
        Ok(RoomLeft { room_id: event.room_id, reason: LeftReason::Left })
    }

    /// Notes up to which message the caller has read, and tells the others.
    async fn read(
        self: Arc<Self>,
        socket: SocketRef,
        caller: Caller,
        Data(at): Data<RoomReference>,
        Valid(Data(read)): Valid<Data<ReadMessages>>,
    ) -> Result<MessageRead, ClientError> {
        let room_id = at.room_id;
        let seq = self.members.mark_read(&caller, room_id, read.seq, Some(&socket)).await?;
        Ok(MessageRead { room_id, user_id: caller.user_id, seq })
    }
}
