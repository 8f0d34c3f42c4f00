//! Which part of a conversation's history is asked for.

use delivery::ConversationId;
use hornero::{ClientError, Cursor, Page};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::{listed::Listed, message::Message};

/// Query of `GET /rooms/{id}/messages` and `GET /chat/sessions/{id}/messages`.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessages {
    /// Only messages before this one: a seq, or a cursor. Not together with `after`.
    #[param(nullable = false)]
    before: Option<String>,
    /// Only messages after this one: a seq, or a cursor. Not together with `before`.
    #[param(nullable = false)]
    after: Option<String>,
    /// Only messages that were sent, edited or deleted by an event behind this one, in the order of
    /// their last event: an `eventSeq`. Deleted ones are among them. Not together with `before`,
    /// `after` and `order`.
    #[validate(range(min = 0))]
    #[param(minimum = 0, nullable = false)]
    changed_after: Option<i64>,
    /// Where the page before ended; goes on in its order.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Default `desc`, newest first; with `after` `asc`.
    #[param(inline, nullable = false)]
    order: Option<Order>,
    /// 1 to 100. Default 50.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 50, nullable = false)]
    limit: Option<u64>,
    /// Whether deleted messages are listed, too: without words, and with `deletedAt`.
    /// Default false.
    #[serde(default)]
    #[param(required = false, default = false)]
    include_deleted: bool,
}

/// Query of `GET /chat/sessions/{id}/messages/recent`.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecentMessages {
    /// 1 to 100. Default 20.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20, nullable = false)]
    pub(crate) limit: Option<u64>,
}

impl RecentMessages {
    /// The newest messages, newest first.
    pub(crate) fn range(&self) -> Range {
        Range::newest(self.limit.unwrap_or(20))
    }
}

/// Order of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    /// Oldest first.
    Asc,
    /// Newest first.
    Desc,
}

/// Part of a history. Both bounds are exclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) after: Option<i64>,
    pub(crate) before: Option<i64>,
    /// The changes behind this one, in their order, and nothing of the others.
    pub(crate) changed: Option<Change>,
    pub(crate) order: Order,
    pub(crate) limit: u64,
    pub(crate) include_deleted: bool,
}

/// The last change of a message. One event may change many: then they are in the order of their
/// seqs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) event_seq: i64,
    pub(crate) seq: i64,
}

impl ListMessages {
    /// The part of `conversation` that is asked for.
    pub(crate) fn range(&self, conversation: ConversationId) -> Result<Range, ClientError> {
        if self.before.is_some() && self.after.is_some() {
            return Err(ClientError::field("before", "exclusive", "cannot go with `after`"));
        }
        let bound = |name, text: &Option<String>| {
            text.as_deref().map(|it| bound(name, it, conversation)).transpose()
        };
        let (before, after) = (bound("before", &self.before)?, bound("after", &self.after)?);
        let limit = self.limit.unwrap_or(50);
        if let Some(changed) = self.changes(conversation)? {
            return Ok(Range {
                after: None,
                before: None,
                changed: Some(changed),
                order: Order::Asc,
                limit,
                include_deleted: true,
            });
        }
        let default = if after.is_some() { Order::Asc } else { Order::Desc };
        let Some(cursor) = &self.cursor else {
            let (order, include_deleted) = (self.order.unwrap_or(default), self.include_deleted);
            return Ok(Range { after, before, changed: None, order, limit, include_deleted });
        };
        let Place { order, seq, end, include_deleted } =
            Place::decode("cursor", cursor, conversation)?;
        let (after, before) = match order {
            Order::Asc => (Some(seq), end),
            Order::Desc => (end, Some(seq)),
        };
        Ok(Range { after, before, changed: None, order, limit, include_deleted })
    }

    /// The change behind which those are that are asked for, if changes are.
    fn changes(&self, conversation: ConversationId) -> Result<Option<Change>, ClientError> {
        if let Some(cursor) = &self.cursor {
            return Ok(Change::decode(cursor, conversation));
        }
        let Some(event_seq) = self.changed_after else { return Ok(None) };
        if self.before.is_some() || self.after.is_some() || self.order.is_some() {
            let text = "cannot go with `before`, `after` or `order`";
            return Err(ClientError::field("changedAfter", "exclusive", text));
        }
        Ok(Some(Change { event_seq, seq: i64::MAX }))
    }
}

impl Change {
    fn cursor(self, conversation: ConversationId) -> Cursor {
        Cursor::new(conversation, format!("changed:{}:{}", self.event_seq, self.seq))
    }

    /// Reads a cursor, unless it is one of another order.
    fn decode(text: &str, conversation: ConversationId) -> Option<Self> {
        let cursor = Cursor::decode(text, conversation).ok()?;
        let (event_seq, seq) = cursor.after.strip_prefix("changed:")?.split_once(':')?;
        Some(Self { event_seq: event_seq.parse().ok()?, seq: seq.parse().ok()? })
    }
}

impl Range {
    /// The newest messages, newest first.
    pub(crate) fn newest(limit: u64) -> Self {
        Self {
            after: None,
            before: None,
            changed: None,
            order: Order::Desc,
            limit,
            include_deleted: false,
        }
    }

    /// Whether it begins with the newest message.
    pub(crate) fn is_newest(&self) -> bool {
        *self == Self::newest(self.limit)
    }

    /// The page that `messages` make, of which there may be one more than the limit.
    pub(crate) fn page(&self, conversation: ConversationId, messages: Vec<Listed>) -> Page<Listed> {
        if self.changed.is_some() {
            return Page::of(messages, self.limit as usize, |it| {
                let Message { event_seq, seq, .. } = *it.message();
                Change { event_seq, seq }.cursor(conversation)
            });
        }
        let end = match self.order {
            Order::Asc => self.before,
            Order::Desc => self.after,
        };
        Page::of(messages, self.limit as usize, |it| {
            let (order, include_deleted) = (self.order, self.include_deleted);
            Place { order, seq: it.message().seq, end, include_deleted }.cursor(conversation)
        })
    }
}

/// Where a page has ended. It says the whole rest of the list, so that a client need not
/// repeat what it has asked for.
struct Place {
    order: Order,
    /// The last message of the page.
    seq: i64,
    /// The bound at the other end of the list.
    end: Option<i64>,
    include_deleted: bool,
}

impl Place {
    fn cursor(&self, conversation: ConversationId) -> Cursor {
        let order = match self.order {
            Order::Asc => "asc",
            Order::Desc => "desc",
        };
        let end = self.end.map(|it| it.to_string()).unwrap_or_default();
        let deleted = if self.include_deleted { "all" } else { "" };
        Cursor::new(conversation, format!("{order}:{}:{end}:{deleted}", self.seq))
    }

    /// Reads the cursor in the parameter `name`.
    fn decode(name: &str, text: &str, conversation: ConversationId) -> Result<Self, ClientError> {
        let foreign = || ClientError::field(name, "cursor", "is not a cursor of this list");
        let cursor = Cursor::decode(text, conversation).map_err(|_| foreign())?;
        let mut parts = cursor.after.split(':');
        let order = match parts.next() {
            Some("asc") => Order::Asc,
            Some("desc") => Order::Desc,
            _ => return Err(foreign()),
        };
        let seq = parts.next().and_then(|it| it.parse().ok()).ok_or_else(foreign)?;
        let end = parts.next().filter(|it| !it.is_empty());
        let end = end.map(|it| it.parse().map_err(|_| foreign())).transpose()?;
        let include_deleted = parts.next() == Some("all");
        Ok(Self { order, seq, end, include_deleted })
    }
}

/// Digits are a seq, anything else must be a cursor of this conversation.
fn bound(name: &str, text: &str, conversation: ConversationId) -> Result<i64, ClientError> {
    if !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit()) {
        return text.parse().map_err(|_| ClientError::field(name, "range", "is too large"));
    }
    Ok(Place::decode(name, text, conversation)?.seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(query: ListMessages) -> Range {
        query.range(ConversationId::generate()).unwrap()
    }

    #[test]
    fn newest_come_first_unless_asked_for_what_came_after() {
        let newest = range(ListMessages::default());
        assert_eq!((newest.order, newest.limit), (Order::Desc, 50));

        let after = ListMessages { after: Some("7".to_owned()), ..Default::default() };
        assert_eq!(range(after).order, Order::Asc);
        let after = ListMessages {
            after: Some("7".to_owned()),
            order: Some(Order::Desc),
            ..Default::default()
        };
        let after = range(after);
        assert_eq!((after.order, after.after), (Order::Desc, Some(7)));
    }

    #[test]
    fn cursor_says_the_whole_rest_of_the_list() {
        let id = ConversationId::generate();
        let place = Place { order: Order::Desc, seq: 20, end: Some(7), include_deleted: true };
        let page = hornero::Page::of(vec![1, 2], 1, |_| place.cursor(id));
        let cursor = ListMessages { cursor: page.next_cursor, ..Default::default() };

        let next = cursor.range(id).unwrap();

        assert_eq!((next.after, next.before, next.order), (Some(7), Some(20), Order::Desc));
        assert!(next.include_deleted);
        assert!(cursor.range(ConversationId::generate()).is_err(), "of another conversation");
    }

    #[test]
    fn bounds_exclude_each_other_and_must_be_of_this_conversation() {
        let id = ConversationId::generate();
        let seven = || Some("7".to_owned());
        let both = ListMessages { after: seven(), before: seven(), ..Default::default() };
        assert!(both.range(id).is_err());
        for text in ["x", "-1", "", "99999999999999999999"] {
            let odd = ListMessages { after: Some(text.to_owned()), ..Default::default() };
            assert!(odd.range(id).is_err(), "{text:?}");
        }
    }
}
