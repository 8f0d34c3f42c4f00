//! The queue before the writer: it refuses when it is full, and forgets nothing.

use hornero::ErrorKind;

use super::*;

#[tokio::test]
async fn full_queue_refuses_at_once_and_recovers() {
    let test = TestLog::of(DeliveryConfig { queue: 3, batch: 2 }).await;
    let room = test.begin().await;
    let waiting: Vec<_> = (0..3).map(|n| test.submit(room, &n.to_string(), Fate::Stored)).collect();

    let draft = NewNote { conversation: room, key: "too many".to_owned(), fate: Fate::Stored };
    let error = test.log.submit(Arc::clone(&test.notes), draft).unwrap_err();

    assert!(matches!(error, AppendError::Busy), "{error:?}");
    let error = ClientError::from(error);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(format!("{error:?}").contains("retry_after: Some(1s)"), "{error:?}");

    // Those that wait are stored, and so is the next one.
    test.start().await;
    for (n, appending) in waiting.into_iter().enumerate() {
        assert_eq!(soon(appending.stored()).await.unwrap().stored.seq, n as i64 + 1);
    }
    assert_eq!(test.append(room, "again", Fate::Stored).await.unwrap().stored.seq, 4);
    assert_eq!(test.notes.keys(room).await, ["0", "1", "2", "again"]);
}

#[tokio::test]
async fn append_that_is_given_up_is_stored_and_published_all_the_same() {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    drop(test.submit(room, "given up", Fate::Stored));
    test.start().await;

    assert_eq!(test.append(room, "next", Fate::Stored).await.unwrap().stored.seq, 2);
    test.settle().await;

    assert_eq!(test.notes.keys(room).await, ["given up", "next"]);
    assert_eq!(test.door.told(room), [1, 2]);
}

#[tokio::test]
async fn flush_waits_until_all_that_was_queued_is_published() {
    let test = TestLog::of(DeliveryConfig { batch: 4, ..Default::default() }).await;
    let (room, _listening) = test.listened().await;
    for n in 0..10 {
        drop(test.submit(room, &n.to_string(), Fate::Stored));
    }
    drop(test.submit(room, "bad", Fate::Fails));
    test.door.gate.shut();
    test.start().await;
    let mut flush = tokio::spawn(Arc::clone(&test.log).flush());
    test.door.gate.knocked().await;
    tokio::select! {
        biased;
        _ = &mut flush => panic!("nothing is published yet"),
        () = tokio::task::yield_now() => {}
    }

    test.door.gate.open();
    soon(flush).await.unwrap().unwrap();

    assert_eq!(test.door.told(room), (1..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn flush_ends_though_the_database_is_away() {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    test.repository.fail_writes(true);
    let lost = test.submit(room, "lost", Fate::Stored);
    test.start().await;

    test.settle().await;

    assert_eq!(status(soon(lost.stored()).await.unwrap_err()), 503);
}
