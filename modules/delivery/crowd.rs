//! Notices in a crowd: gathered, so that a thousand who come do not each make a thousand packets.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth::UserId;
use hornero::{Event, Frame};
use serde::Serialize;
use tokio::time::sleep;
use utoipa::ToSchema;

use crate::{
    announcement::{Announcement, Vocabulary},
    conversation::ConversationId,
    notice::Direction,
    socketio_door::SocketIoDoor,
};

/// Sockets of a conversation above which they are a crowd.
pub const CROWD: usize = 200;

/// Shortest time between two notices.
const PERIOD: Duration = Duration::from_secs(1);

/// Users whom a notice names of each kind.
const NAMED: usize = 20;

/// Users who are kept of each kind until the next notice. Of more, `online` tells.
const KEPT: usize = 1_000;

/// What has happened in crowds since their last notices.
#[derive(Default)]
pub(crate) struct Crowds(Mutex<HashMap<ConversationId, Gathered>>);

/// What has happened in one of them.
#[derive(Default)]
struct Gathered {
    joined: BTreeSet<UserId>,
    left: BTreeSet<UserId>,
    typing: BTreeSet<UserId>,
}

/// What a user does in a crowd.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    Moved(Direction),
    Types(bool),
}

impl Crowds {
    /// Whether notices of a conversation with so many sockets are gathered. Those that are behind
    /// gathered ones are, too: they would overtake them.
    pub(crate) fn gathers(&self, conversation: ConversationId, sockets: usize) -> bool {
        sockets > CROWD || self.lock().contains_key(&conversation)
    }

    /// Keeps a change until the next notice, which is sent within a second.
    pub(crate) fn gather(
        &self,
        door: &Arc<SocketIoDoor>,
        conversation: ConversationId,
        user: UserId,
        change: Change,
    ) {
        let mut crowds = self.lock();
        let begins = !crowds.contains_key(&conversation);
        crowds.entry(conversation).or_default().add(user, change);
        if begins {
            tokio::spawn(tell(Arc::clone(door), conversation));
        }
    }

    /// What was gathered of a conversation; none, and nothing is kept any more, if that is nothing.
    fn take(&self, conversation: ConversationId) -> Option<Gathered> {
        let mut crowds = self.lock();
        let gathered = std::mem::take(crowds.get_mut(&conversation)?);
        if gathered.is_empty() {
            crowds.remove(&conversation);
            return None;
        }
        Some(gathered)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConversationId, Gathered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    /// Who has come and gone between two notices, or gone and come, need not be told of.
    fn add(&mut self, user: UserId, change: Change) {
        let (to, from) = match change {
            Change::Moved(Direction::Joined) => (&mut self.joined, Some(&mut self.left)),
            Change::Moved(Direction::Left) => {
                self.typing.remove(&user);
                (&mut self.left, Some(&mut self.joined))
            }
            Change::Types(true) => (&mut self.typing, None),
            Change::Types(false) => {
                self.typing.remove(&user);
                return;
            }
        };
        let undone = from.is_some_and(|it| it.remove(&user));
        if !undone && to.len() < KEPT {
            to.insert(user);
        }
    }

    fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.left.is_empty() && self.typing.is_empty()
    }
}

/// Tells what is gathered, once a second, until there is nothing.
async fn tell(door: Arc<SocketIoDoor>, conversation: ConversationId) {
    loop {
        sleep(PERIOD).await;
        let Some(gathered) = door.crowds().take(conversation) else { return };
        let online = door.online(conversation);
        door.tell_everybody(&CrowdNotice { conversation, online, gathered }).await;
    }
}

/// What has happened in a crowd.
pub(crate) struct CrowdNotice {
    conversation: ConversationId,
    online: usize,
    gathered: Gathered,
}

impl CrowdNotice {
    pub(crate) fn conversation(&self) -> ConversationId {
        self.conversation
    }
}

impl Announcement for CrowdNotice {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        let id = |of| (vocabulary == of).then_some(self.conversation);
        let named = |it: &BTreeSet<UserId>| it.iter().take(NAMED).cloned().collect();
        Frame::of(&CrowdNotification {
            kind: CrowdKind::Presence,
            room_id: id(Vocabulary::Chat),
            session_id: id(Vocabulary::Session),
            online: self.online,
            joined: named(&self.gathered.joined),
            left: named(&self.gathered.left),
            typing: named(&self.gathered.typing),
        })
    }
}

/// Who has come, gone and typed lately in a conversation of more than 200 sockets, at most once a
/// second.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CrowdNotification {
    #[serde(rename = "type")]
    kind: CrowdKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<ConversationId>,
    /// How many users listen.
    online: usize,
    /// Users who were not there before, at most 20.
    #[schema(max_items = 20)]
    joined: Vec<UserId>,
    /// Users who are not there any more, at most 20.
    #[schema(max_items = 20)]
    left: Vec<UserId>,
    /// Users who type, at most 20. Who is not named again in 10 seconds has stopped.
    #[schema(max_items = 20)]
    typing: Vec<UserId>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CrowdKind {
    Presence,
}

impl Event for CrowdNotification {
    const NAME: &'static str = "chat:system:notification";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::from(name.to_owned())
    }

    #[test]
    fn whoever_comes_and_goes_between_two_notices_is_not_told_of() {
        let mut gathered = Gathered::default();
        for (name, change) in [
            ("ada", Change::Moved(Direction::Joined)),
            ("ben", Change::Moved(Direction::Left)),
            ("eve", Change::Moved(Direction::Joined)),
            ("eve", Change::Types(true)),
            ("ben", Change::Moved(Direction::Joined)),
            ("eve", Change::Moved(Direction::Left)),
            ("ada", Change::Types(true)),
        ] {
            gathered.add(user(name), change);
        }
        assert_eq!(gathered.joined, BTreeSet::from([user("ada")]));
        assert!(gathered.left.is_empty());
        assert_eq!(gathered.typing, BTreeSet::from([user("ada")]));
        gathered.add(user("ada"), Change::Types(false));
        gathered.add(user("ada"), Change::Moved(Direction::Left));
        assert!(gathered.is_empty());
    }

    #[test]
    fn what_is_kept_and_told_is_bounded() {
        let mut gathered = Gathered::default();
        for number in 0..5_000 {
            gathered.add(user(&format!("u-{number}")), Change::Moved(Direction::Joined));
        }
        assert_eq!(gathered.joined.len(), KEPT);
        let conversation = ConversationId::generate();
        let notice = CrowdNotice { conversation, online: 5_000, gathered };
        let frame = format!("{:?}", notice.frame(Vocabulary::Chat).unwrap());
        assert_eq!(frame.matches("u-").count(), NAMED);
    }
}
