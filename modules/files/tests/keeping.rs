//! What is kept of files, and what is not.

use chrono::Utc;
use delivery::Keeper;

use super::{TestFiles, code};
use crate::{FileError, file::FileStatus, service::NewFile};

#[tokio::test]
async fn bytes_come_out_as_they_went_in() {
    use futures_util::TryStreamExt;

    let files = TestFiles::start().await;
    let ada = files.member().await;
    // Of parts of 5 MiB, which S3 wants at least, these are none, one and three.
    for size in [0, 1_000, 12_000_000] {
        let bytes: Vec<u8> = (0..size).map(|it| b'a' + (it % 23) as u8).collect();
        let file = files.bring(&ada, &bytes).await.unwrap();
        let found = files.service.find(&ada, file.id).await.unwrap();
        let parts: Vec<_> = files.service.read(&found).await.unwrap().try_collect().await.unwrap();
        assert!(parts.concat() == bytes, "{size} bytes came out as others");
        assert_eq!((found.size, found.status), (bytes.len() as u64, FileStatus::Done));
    }
}

#[tokio::test]
async fn storage_that_is_away_keeps_nothing_and_says_so() {
    let files = TestFiles::start().await;
    let ada = files.member().await;
    let kept = files.bring(&ada, b"kept").await.unwrap();
    files.store_is_away(true);
    for bytes in [&b"lost"[..], &[b'a'; 12_000_000]] {
        assert_eq!(code(files.bring(&ada, bytes).await.unwrap_err()), "SERVER_ERROR");
    }
    let read = files.service.read(&files.service.find(&ada, kept.id).await.unwrap()).await;
    assert_eq!(code(read.err().unwrap()), "SERVER_ERROR");
    files.store_is_away(false);
    assert_eq!(files.objects().await, 1);
}

#[tokio::test]
async fn file_that_is_removed_before_it_is_read_is_no_failure_of_the_storage() {
    let files = TestFiles::start().await;
    let ada = files.member().await;
    let file = files.bring(&ada, b"a").await.unwrap();
    let found = files.service.find(&ada, file.id).await.unwrap();
    files.storage.remove(file.id).await.unwrap();
    let lost = files.service.read(&found).await.err().unwrap();
    assert!(matches!(lost, FileError::Bytes(_)), "{lost}");

    files.rows.give_up(file.id).await.unwrap();

    let gone = files.service.read(&found).await.err().unwrap();
    assert!(matches!(gone, FileError::NoFile), "{gone}");
}

#[tokio::test]
async fn conversation_that_ends_meanwhile_takes_the_file_along() {
    let files = TestFiles::start().await;
    let ada = files.member().await;
    let mut upload = files.service.begin(&ada).await.unwrap();
    upload.add("a".into()).await.unwrap();
    files.end_room().await;

    let new = NewFile { conversation: files.room, name: "a".to_owned(), announce: false };
    let refused = files.service.keep(&ada, upload, new).await.unwrap_err();

    assert_eq!(code(refused), "ROOM_ACCESS_DENIED");
    gone(&files).await;
}

#[tokio::test]
async fn bytes_are_removed_once_the_storage_is_back() {
    let files = TestFiles::start().await;
    let ada = files.member().await;
    files.bring(&ada, b"a").await.unwrap();
    files.store_is_away(true);
    // Delivery goes on with whatever else there is of the conversation.
    assert_eq!(files.cleaning.forget(files.room, 10).await.unwrap(), 1);
    assert_eq!(files.cleaning.forget(files.room, 10).await.unwrap(), 0);
    files.cleaning.clean().await.unwrap_err();
    assert_eq!(files.objects().await, 1);

    files.store_is_away(false);
    gone(&files).await;
}

#[tokio::test]
async fn message_tells_of_a_file_once_however_often_it_is_tried() {
    let files = TestFiles::start().await;
    let ada = files.member().await;
    let id = files.bring(&ada, b"a").await.unwrap().id;
    let room = files.wired.conversations.find(files.room).await.unwrap().unwrap();
    assert_eq!(room.message_count, 1);
    // As if the server had been killed between the message and this note.
    assert!(files.rows.advance(id, FileStatus::Done, FileStatus::Unannounced).await.unwrap());

    let due = files.rows.unfinished(Utc::now(), None, 10).await.unwrap();
    assert!(files.finishing.finish_or_retry(&due[0]).await);

    let room = files.wired.conversations.find(files.room).await.unwrap().unwrap();
    assert_eq!((room.message_count, room.last_seq), (1, 1));
    assert_eq!(files.rows.unfinished(Utc::now(), None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn file_whose_conversation_has_ended_is_not_tried_for_ever() {
    let files = TestFiles::start().await;
    let ada = files.member().await;
    let upload = files.service.begin(&ada).await.unwrap();
    let silent = NewFile { conversation: files.room, name: "a".to_owned(), announce: false };
    let id = files.service.keep(&ada, upload, silent).await.unwrap().id;
    files.rows.advance(id, FileStatus::Done, FileStatus::Unannounced).await.unwrap();
    files.end_room().await;

    let due = files.rows.unfinished(Utc::now(), None, 10).await.unwrap();
    files.finishing.finish_or_retry(&due[0]).await;

    assert_eq!(files.rows.unfinished(Utc::now(), None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn guests_begin_nothing() {
    let files = TestFiles::start().await;
    let mut guest = files.member().await;
    guest.user_type = auth::UserType::Guest;
    let refused = files.service.begin(&guest).await.err().unwrap();
    assert!(matches!(refused, FileError::Auth(_)), "{refused}");
}

/// Cleans, as the server does by itself, and sees whether anything is left of any file.
async fn gone(files: &TestFiles) {
    files.cleaning.clean().await.unwrap();
    assert_eq!(files.objects().await, 0);
    assert_eq!(files.rows.leftovers(Utc::now(), 10).await.unwrap(), []);
}
