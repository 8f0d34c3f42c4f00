//! Which part of a conversation's history is asked for.

use delivery::ConversationId;
use hornero::{ClientError, Cursor, Page};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::message::Message;

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
    pub(crate) order: Order,
    pub(crate) limit: u64,
}

impl ListMessages {
    /// The part of `conversation` that is asked for.
    pub(crate) fn range(&self, conversation: ConversationId) -> Result<Range, ClientError> {
        if self.before.is_some() && self.after.is_some() {
            return Err(ClientError::field("before", "exclusive", "cannot go with `after`"));
        }
        let bound =
            |text: &Option<String>| text.as_deref().map(|it| bound(it, conversation)).transpose();
        let (mut before, mut after) = (bound(&self.before)?, bound(&self.after)?);
        let default = if after.is_some() { Order::Asc } else { Order::Desc };
        let mut order = self.order.unwrap_or(default);
        if let Some(cursor) = &self.cursor {
            let (seq, cursor_order) = place(cursor, conversation)?;
            order = cursor_order;
            match order {
                Order::Asc => after = after.max(Some(seq)),
                Order::Desc => before = Some(before.map_or(seq, |it| it.min(seq))),
            }
        }
        Ok(Range { after, before, order, limit: self.limit.unwrap_or(50) })
    }
}

impl Range {
    /// The page that `messages` make, of which there may be one more than the limit.
    pub(crate) fn page(
        &self,
        conversation: ConversationId,
        messages: Vec<Message>,
    ) -> Page<Message> {
        let order = match self.order {
            Order::Asc => "asc",
            Order::Desc => "desc",
        };
        Page::of(messages, self.limit as usize, |it| {
            Cursor::new(conversation, format!("{order}:{}", it.seq))
        })
    }
}

/// Digits are a seq, anything else must be a cursor of this conversation.
fn bound(text: &str, conversation: ConversationId) -> Result<i64, ClientError> {
    if !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit()) {
        let large = |_| ClientError::field("seq", "range", "is too large");
        return text.parse().map_err(large);
    }
    Ok(place(text, conversation)?.0)
}

fn place(cursor: &str, conversation: ConversationId) -> Result<(i64, Order), ClientError> {
    let cursor = Cursor::decode(cursor, conversation)?;
    let parts = cursor.after.split_once(':');
    let seq = parts.and_then(|(_, seq)| seq.parse().ok());
    match (parts, seq) {
        (Some(("asc", _)), Some(seq)) => Ok((seq, Order::Asc)),
        (Some(("desc", _)), Some(seq)) => Ok((seq, Order::Desc)),
        _ => Err(ClientError::field("cursor", "cursor", "is not a cursor of this list")),
    }
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
