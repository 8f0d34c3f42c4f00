//! `load room`: a room for measurements that share one.

use serde::Serialize;

use crate::target::{Result, Target};

/// A room, and who may write in it.
#[derive(Serialize)]
pub(crate) struct Room {
    room: String,
    token: String,
}

/// Makes a room.
pub(crate) fn make(target: &Target) -> Result<Room> {
    let (mut rooms, token) = target.rooms(1)?;
    Ok(Room { room: rooms.pop().ok_or("no room was made")?, token })
}
