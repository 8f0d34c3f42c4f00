//! Socket.IO events of rooms: create, join, leave.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use delivery::{NAMESPACES, Subscriptions, Vocabulary};
use hornero::{ClientError, Data, Events, Gateway, SocketRef, Then, Valid};

use crate::{
    dto::{CreateRoom, JoinRoom, RoomCreated, RoomJoined, RoomLeft, RoomReference},
    service::RoomService,
};

/// Handles `chat:room:*`.
pub(crate) struct RoomGateway {
    tokens: Arc<TokenService>,
    rooms: Arc<RoomService>,
    subscriptions: Arc<Subscriptions>,
}

impl RoomGateway {
    pub(crate) fn new(
        tokens: Arc<TokenService>,
        rooms: Arc<RoomService>,
        subscriptions: Arc<Subscriptions>,
    ) -> Self {
        Self { tokens, rooms, subscriptions }
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
        Ok(RoomLeft { room_id: event.room_id, reason: "left" })
    }
}
