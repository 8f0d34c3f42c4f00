//! Lists that are read page by page.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ClientError;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// Items, in the order of the list.
    // A schema brings along what it refers to, but not the argument of a generic type.
    #[schema(inline)]
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; `null` on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// Makes a page of at most `limit` items out of rows of which one more was asked for.
    ///
    /// `cursor_of` says where the list goes on after an item.
    pub fn of(mut rows: Vec<T>, limit: usize, cursor_of: impl Fn(&T) -> Cursor) -> Self {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| has_more).map(|it| cursor_of(it).encode());
        Self { items: rows, next_cursor, has_more }
    }

    /// Turns every item into its wire form.
    pub fn map<U>(self, view: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(view).collect();
        Page { items, next_cursor: self.next_cursor, has_more: self.has_more }
    }
}

/// A place in a list. Clients hand it back as they got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// List the place is in, e.g. a conversation's id: a cursor of another list is refused.
    pub list: String,
    /// Key of the last item that was read.
    pub after: String,
}

impl Cursor {
    /// A place in `list` after the item with the key `after`.
    pub fn new(list: impl ToString, after: impl ToString) -> Self {
        Self { list: list.to_string(), after: after.to_string() }
    }

    /// The key, as what it was before it became text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if it is not that.
    pub fn key<T: FromStr>(&self) -> Result<T, ClientError> {
        self.after.parse().map_err(|_| foreign())
    }

    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.list, self.after))
    }

    /// Reads the `cursor` of a request for `list`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if it is broken or belongs to another list.
    pub fn decode(text: &str, list: impl ToString) -> Result<Self, ClientError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| foreign())?;
        let text = String::from_utf8(bytes).map_err(|_| foreign())?;
        match text.rsplit_once(' ') {
            Some((name, after)) if name == list.to_string() => Ok(Self::new(name, after)),
            _ => Err(foreign()),
        }
    }
}

fn foreign() -> ClientError {
    ClientError::field("cursor", "cursor", "is not a cursor of this list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_says_where_the_next_one_begins() {
        let page = Page::of(vec![9, 8, 7], 2, |it| Cursor::new("numbers", it));

        assert_eq!(page.items, [9, 8]);
        let next = page.next_cursor.expect("there is more");
        assert_eq!(Cursor::decode(&next, "numbers").unwrap().after, "8");
        assert_eq!(Page::of(vec![9, 8], 2, |it| Cursor::new("numbers", it)).next_cursor, None);
    }

    #[test]
    fn cursor_of_another_list_is_refused() {
        let cursor = Cursor::new("rooms", 8).encode();
        assert!(Cursor::decode(&cursor, "sessions").is_err());
        assert!(Cursor::decode("?", "rooms").is_err());
    }
}
