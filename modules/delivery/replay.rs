//! Replay: what a socket has missed, and then what happens.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use hornero::{EmitEvent, Event, Frame, QueueFull, SocketRef, Unfinished};
use serde::Serialize;
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    announcement::{Announcement, Vocabulary},
    conversation::{Conversation, ConversationId},
    history::EventHistory,
    hub::Listening,
    socketio_door::SocketIoDoor,
};

/// Most events that are sent again.
const MAX_REPLAYED: i64 = 1_000;

/// Events that are read and sent at once.
const PAGE: i64 = 256;

/// Time after which a full queue, or a database that has failed, is tried again.
const RETRY: Duration = Duration::from_millis(50);

/// Time after which a socket that could not be sent what it has missed is disconnected.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client has seen of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The highest `eventSeq` that it saw; 0 for none.
    pub seq: i64,
    /// The life of the log to which that belongs, if it says so.
    pub epoch: Option<Uuid>,
}

/// What is to be sent again to a socket that has joined.
///
/// Until it has [run](Self::run), the socket hears nothing of the conversation.
pub struct Replay {
    pub(crate) socket: SocketRef,
    pub(crate) conversation: ConversationId,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) plan: Plan,
    pub(crate) listening: Listening,
    pub(crate) door: Arc<SocketIoDoor>,
    pub(crate) history: Arc<EventHistory>,
    pub(crate) _unfinished: Unfinished,
}

/// Which events are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// What has been missed for good.
    pub(crate) gap: Option<Gap>,
    /// The last event that is not sent again.
    pub(crate) after: i64,
    /// How many are.
    pub(crate) count: i64,
}

/// Events that are not sent again: `from` to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Whether nothing that the client knows of the conversation holds any more.
    pub(crate) reset: bool,
}

impl Plan {
    /// What a client is to be sent that has seen `since` of a conversation whose last event
    /// is `head`.
    pub(crate) fn of(since: Option<Since>, conversation: &Conversation, head: i64) -> Self {
        let Some(since) = since else { return Self { gap: None, after: head, count: 0 } };
        let oldest = conversation.first_seq.max(head + 1 - MAX_REPLAYED);
        let foreign = since.epoch.is_some_and(|it| it != conversation.epoch) || since.seq > head;
        let seen = if foreign { 0 } else { since.seq };
        let after = seen.max(oldest - 1);
        let gap = Gap { from: seen + 1, to: after, reset: foreign };
        let gap = Some(gap).filter(|it| it.reset || it.to >= it.from);
        Self { gap, after, count: head - after }
    }
}

/// The socket cannot be told any more.
struct GivenUp;

impl Replay {
    /// Sends what was missed, in order, then lets the socket hear what happens.
    ///
    /// No event is missed and none is sent twice: the socket is let in between two events,
    /// when it has been sent everything up to the first of them.
    pub async fn run(self) {
        let ended = AssertUnwindSafe(self.run_to_the_end()).catch_unwind().await;
        if !matches!(ended, Ok(Ok(()))) && self.socket.connected() {
            // It would go on without what it has missed, or hear nothing any more.
            self.socket.disconnect_slow();
        }
    }

    /// Sends the answer to who has not asked by an event.
    pub(crate) async fn answer(&self, frame: &Frame) {
        // If it cannot be sent, nothing can that comes after it.
        let _ = self.send(frame).await;
    }

    async fn run_to_the_end(&self) -> Result<(), GivenUp> {
        if let Some(frame) = self.plan.gap.and_then(|it| self.notice(it)) {
            self.send(&frame).await?;
        }
        let mut sent = self.plan.after;
        loop {
            let head = self.listening.at_head(|head| self.enter(head, sent)).await;
            let Some(head) = head else { return Ok(()) };
            let upto = head.min(sent + PAGE);
            for frame in self.read(sent, upto).await? {
                self.send(&frame).await?;
            }
            sent = upto;
        }
    }

    /// Lets the socket in if it has been sent everything; else tells what the last event is.
    fn enter(&self, head: i64, sent: i64) -> Option<i64> {
        if sent < head && self.door.has_joined(&self.socket, self.conversation) {
            return Some(head);
        }
        self.door.enter(&self.socket, self.conversation);
        None
    }

    async fn read(&self, after: i64, through: i64) -> Result<Vec<Frame>, GivenUp> {
        let begun = Instant::now();
        loop {
            match self.history.read(self.conversation, after, through).await {
                Ok(events) => {
                    // What has no words is left out, as in the hub: it would else keep the client
                    // from coming back for ever.
                    let frames = events.iter().filter_map(|it| it.frame(self.vocabulary));
                    return Ok(frames.collect());
                }
                Err(error) if begun.elapsed() < PATIENCE && self.socket.connected() => {
                    tracing::warn!(%error, "Could not read what a client has missed: {error}");
                    sleep(RETRY * 10).await;
                }
                Err(_) => return Err(GivenUp),
            }
        }
    }

    /// Sends an event, once the socket's queue has room for it.
    async fn send(&self, frame: &Frame) -> Result<(), GivenUp> {
        let begun = Instant::now();
        while self.socket.emit_frame(frame) == Err(QueueFull) {
            if begun.elapsed() > PATIENCE || !self.socket.connected() {
                return Err(GivenUp);
            }
            sleep(RETRY).await;
        }
        Ok(())
    }

    fn notice(&self, gap: Gap) -> Option<Frame> {
        HistoryGap { conversation: self.conversation, gap }.frame(self.vocabulary)
    }
}

/// Tells a client that it has missed events which are not sent again.
struct HistoryGap {
    conversation: ConversationId,
    gap: Gap,
}

impl Announcement for HistoryGap {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        let id = |of| (vocabulary == of).then_some(self.conversation);
        Frame::of(&HistoryGapNotification {
            kind: GapKind::HistoryGap,
            room_id: id(Vocabulary::Chat),
            session_id: id(Vocabulary::Session),
            from_seq: self.gap.from,
            to_seq: self.gap.to,
            reset: self.gap.reset,
        })
    }
}

/// The events `fromSeq` to `toSeq` are not sent again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HistoryGapNotification {
    #[serde(rename = "type")]
    kind: GapKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<ConversationId>,
    from_seq: i64,
    /// Less than `fromSeq` where everything that is left is sent.
    to_seq: i64,
    /// Forget what you know of the conversation: its log has begun anew.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reset: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum GapKind {
    HistoryGap,
}

impl Event for HistoryGapNotification {
    const NAME: &'static str = "chat:system:notification";
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::conversation::ConversationKind;

    fn conversation(first_seq: i64, last_seq: i64) -> Conversation {
        let (now, id) = (Utc::now(), ConversationId::generate());
        let (kind, epoch) = (ConversationKind::Room, Uuid::from_u128(1));
        Conversation {
            id,
            kind,
            last_seq,
            first_seq,
            message_count: last_seq,
            epoch,
            created_at: now,
            last_activity_at: now,
        }
    }

    fn since(seq: i64) -> Option<Since> {
        Some(Since { seq, epoch: None })
    }

    fn gap(from: i64, to: i64, reset: bool) -> Option<Gap> {
        Some(Gap { from, to, reset })
    }

    #[test]
    fn who_says_nothing_hears_what_comes() {
        let plan = Plan::of(None, &conversation(1, 40), 40);
        assert_eq!(plan, Plan { gap: None, after: 40, count: 0 });
    }

    #[test]
    fn what_was_missed_is_sent_up_to_the_newest_thousand() {
        let it = conversation(1, 5_000);
        assert_eq!(Plan::of(since(5_000), &it, 5_000), Plan { gap: None, after: 5_000, count: 0 });
        assert_eq!(Plan::of(since(4_990), &it, 5_000), Plan { gap: None, after: 4_990, count: 10 });
        let most = Plan { gap: None, after: 4_000, count: 1_000 };
        assert_eq!(Plan::of(since(4_000), &it, 5_000), most);
        let more = Plan { gap: gap(4_000, 4_000, false), after: 4_000, count: 1_000 };
        assert_eq!(Plan::of(since(3_999), &it, 5_000), more);
    }

    #[test]
    fn what_is_not_kept_any_more_is_a_gap() {
        let plan = Plan::of(since(10), &conversation(31, 40), 40);
        assert_eq!(plan, Plan { gap: gap(11, 30, false), after: 30, count: 10 });
    }

    #[test]
    fn another_life_of_the_log_is_told_from_its_beginning() {
        let it = conversation(1, 40);
        let reset = Plan { gap: gap(1, 0, true), after: 0, count: 40 };
        assert_eq!(Plan::of(since(41), &it, 40), reset, "ahead of the log");
        let other = Some(Since { seq: 20, epoch: Some(Uuid::from_u128(2)) });
        assert_eq!(Plan::of(other, &it, 40), reset);
        let same = Some(Since { seq: 20, epoch: Some(it.epoch) });
        assert_eq!(Plan::of(same, &it, 40), Plan { gap: None, after: 20, count: 20 });
    }
}
