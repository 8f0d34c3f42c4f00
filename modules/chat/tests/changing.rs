//! Messages are edited and taken back: what is left of them on the disk, and who wins a race.

use super::*;
use crate::{
    EditMessage,
    kept::Kept,
    message::{Deletion, Edit},
    repository::{Delete, EditContent},
};

fn edit(content: &str) -> EditMessage {
    EditMessage { content: Some(content.into()), metadata: None }
}

#[tokio::test]
async fn edited_message_keeps_its_place_and_what_was_not_named() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    let metadata = json!({ "mood": "good" }).as_object().unwrap().clone();
    let sent = SendMessage { metadata, ..message("helo") };
    let (first, _) = chat.send(&ada, &sent).await.unwrap();
    chat.send(&ada, &message("next")).await.unwrap();

    let edited = chat.wired.chat.edit(&ada, first.id, edit("hello")).await.unwrap();

    let expected = Message {
        content: "hello".into(),
        event_seq: 3,
        edited_at: edited.edited_at,
        ..first.clone()
    };
    assert_eq!(edited, expected);
    assert!(edited.edited_at >= Some(first.created_at));
    assert_eq!(chat.history(&ada).await.unwrap()[1], edited);
}

#[tokio::test]
async fn edit_that_changes_nothing_is_refused_before_anything_is_looked_up() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    let nothing = EditMessage { content: None, metadata: None };
    let absent = crate::MessageId(uuid::Uuid::now_v7());
    let error = chat.wired.chat.edit(&ada, absent, nothing).await.unwrap_err();
    assert!(matches!(error, ChatError::NothingToChange), "{error:?}");
    assert_eq!(code(error), "PROTOCOL_ERROR");
}

#[tokio::test]
async fn only_its_sender_edits_a_message() {
    let chat = TestChat::start().await;
    let (ada, ben, eve) = (chat.member().await, chat.member().await, chat.stranger().await);
    let (sent, _) = chat.send(&ada, &message("mine")).await.unwrap();

    let by_member = chat.wired.chat.edit(&ben, sent.id, edit("yours")).await.unwrap_err();
    let by_stranger = chat.wired.chat.edit(&eve, sent.id, edit("yours")).await.unwrap_err();

    assert!(matches!(by_member, ChatError::NotTheSender), "{by_member:?}");
    assert!(matches!(by_stranger, ChatError::NoMessage), "{by_stranger:?}");
    assert_eq!(chat.history(&ada).await.unwrap(), [sent]);
}

#[tokio::test]
async fn deleted_message_is_blank_on_the_disk() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    let metadata = json!({ "secret": true }).as_object().unwrap().clone();
    let (sent, _) = chat.send(&ada, &SendMessage { metadata, ..message("SECRET") }).await.unwrap();
    chat.wired.chat.edit(&ada, sent.id, edit("SECRET too")).await.unwrap();
    let before = chat.rows().await.remove(0);

    let deleted = chat.delete(&ada, &sent).await.unwrap();

    let row = chat.rows().await.remove(0);
    let expected = crate::entity::Model {
        content: String::new(),
        metadata: json!({}),
        event_seq: 3,
        deleted_at: Some(deleted.at),
        deleted_by: Some(ada.user_id.to_string()),
        ..before
    };
    assert_eq!(row, expected);
    assert_eq!((deleted.id, deleted.seq, deleted.event_seq), (sent.id, 1, 3));
    assert!(chat.history(&ada).await.unwrap().is_empty());
}

#[tokio::test]
async fn deleted_message_that_is_sent_again_stays_deleted() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    let (sent, _) = chat.send(&ada, &message("same")).await.unwrap();
    let deleted = chat.delete(&ada, &sent).await.unwrap();

    let (again, repeated) = chat.send(&ada, &message("same")).await.unwrap();

    assert!(repeated);
    assert_eq!((again.id, &*again.content), (sent.id, ""));
    assert_eq!((again.deleted_at, again.event_seq), (Some(deleted.at), 2));
    assert_eq!(chat.head().await, 2, "nothing has happened");
}

/// Both have passed the service's check before the first of them was stored.
#[tokio::test]
async fn deletion_that_comes_second_is_the_first_one() {
    let chat = TestChat::start().await;
    let (ada, ben) = (chat.member().await, chat.member().await);
    let (sent, _) = chat.send(&ada, &message("mine")).await.unwrap();
    let deletion =
        |by: &Caller| Deletion { conversation: chat.room, id: sent.id, by: by.user_id.clone() };
    let log = &chat.wired.log;

    let delete = || Arc::new(Delete::new(Arc::new(Kept::new()), Arc::default()));
    let first = log.append(delete(), deletion(&ada)).await.unwrap();
    let second = log.append(delete(), deletion(&ben)).await.unwrap();

    assert!(!first.repeated && second.repeated);
    assert_eq!((second.stored, chat.head().await), (first.stored, 2));
}

#[tokio::test]
async fn edit_that_comes_after_the_deletion_brings_nothing_back() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    let (sent, _) = chat.send(&ada, &message("mine")).await.unwrap();
    let change = Edit {
        conversation: chat.room,
        kind: ConversationKind::Room,
        id: sent.id,
        content: Some("back".into()),
        metadata: None,
    };
    chat.delete(&ada, &sent).await.unwrap();

    let error = chat
        .wired
        .log
        .append(Arc::new(EditContent::new(Arc::new(Kept::new()), Arc::default())), change)
        .await
        .unwrap_err();

    assert_eq!(ClientError::from(error).kind().status().as_u16(), 404);
    assert_eq!((chat.rows().await[0].content.as_str(), chat.head().await), ("", 2));
}

#[tokio::test]
async fn clearing_blanks_what_was_there_and_nothing_after_it() {
    let chat = TestChat::start().await;
    let (ada, ben) = (chat.member().await, chat.member().await);
    let (gone, _) = chat.send(&ada, &message("gone already")).await.unwrap();
    let gone = chat.delete(&ada, &gone).await.unwrap();
    chat.send(&ada, &message("one")).await.unwrap();
    chat.send(&ben, &message("two")).await.unwrap();

    let cleared = chat.wired.chat.clear(&ben, chat.room).await.unwrap();
    let (after, _) = chat.send(&ada, &message("after")).await.unwrap();

    assert_eq!((cleared.seq, cleared.count, cleared.by), (5, 2, ben.user_id.clone()));
    assert_eq!(after.seq, 6);
    let rows = chat.rows().await;
    let words: Vec<_> = rows.iter().map(|it| it.content.as_str()).collect();
    assert_eq!(words, ["", "", "", "after"]);
    // Who was deleted before is still deleted by whom and when it was.
    let by: Vec<_> = rows.iter().map(|it| it.deleted_by.as_deref()).collect();
    let (a, b) = (Some(ada.user_id.as_str()), Some(ben.user_id.as_str()));
    assert_eq!((by, rows[0].deleted_at), (vec![a, b, b, None], Some(gone.at)));
    assert!(chat.send(&ada, &message("one")).await.unwrap().0.deleted_at.is_some());
}

#[tokio::test]
async fn clearing_takes_back_more_than_one_statement_does() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    let mut appending = Vec::new();
    for number in 0..5_010 {
        let message = message(&number.to_string());
        appending.push(chat.wired.chat.send(&ada, chat.room, message).await);
        if appending.len() == 1_002 {
            for sent in appending.drain(..) {
                sent.unwrap().stored().await.unwrap();
            }
        }
    }

    let cleared = chat.wired.chat.clear(&ada, chat.room).await.unwrap();

    assert_eq!((cleared.seq, cleared.count), (5_011, 5_010));
    assert!(chat.rows().await.iter().all(|it| it.content.is_empty()));
}
