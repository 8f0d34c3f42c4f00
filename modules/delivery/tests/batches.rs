//! One transaction for all that waits, in which whatever is bad fails alone.

use super::{repository::Singles, *};

#[tokio::test]
async fn what_waits_is_committed_in_one_transaction() {
    let test = TestLog::waiting().await;
    let (room, other) = (test.begin().await, test.begin().await);
    let mut waiting = Vec::new();
    for n in 0..40 {
        let to = if n % 3 == 0 { other } else { room };
        waiting.push(test.submit(to, &n.to_string(), Fate::Stored));
    }
    test.start().await;

    for appending in waiting {
        soon(appending.stored()).await.unwrap();
    }

    assert_eq!(test.repository.transactions(), 1);
    assert_eq!(test.notes.keys(other).await[..2], ["0", "3"]);
    assert_eq!(test.notes.logged(room).await, (1..=26).collect::<Vec<_>>());
}

#[tokio::test]
async fn bad_draft_fails_alone_and_leaves_nothing() {
    for (fate, expected) in [
        (Fate::Fails, 503),
        (Fate::Forgotten, 500),
        (Fate::Undecided, 500),
        (Fate::Panics, 500),
        (Fate::Refused, 403),
    ] {
        let test = TestLog::waiting().await;
        let (room, _listening) = test.listened().await;
        let before = test.submit(room, "before", Fate::Stored);
        let bad = test.submit(room, "bad", fate);
        let after = test.submit(room, "after", Fate::Stored);
        test.start().await;

        assert_eq!(soon(before.stored()).await.unwrap().stored.seq, 1, "{fate:?}");
        assert_eq!(status(soon(bad.stored()).await.unwrap_err()), expected, "{fate:?}");
        assert_eq!(soon(after.stored()).await.unwrap().stored.seq, 2, "{fate:?}");
        test.settle().await;

        assert_eq!(test.notes.keys(room).await, ["before", "after"], "{fate:?}");
        assert_eq!(test.notes.logged(room).await, [1, 2], "{fate:?}");
        assert_eq!(test.door.told(room), [1, 2], "{fate:?}");
    }
}

#[tokio::test]
async fn bad_draft_changes_nothing_of_its_conversation() {
    let test = TestLog::started().await;
    let room = test.begin().await;
    let before = test.find(room).await;
    for fate in [Fate::Fails, Fate::Forgotten, Fate::Undecided, Fate::Panics, Fate::Refused] {
        test.append(room, "bad", fate).await.unwrap_err();
    }
    assert_eq!(test.find(room).await, before);

    let note = test.append(room, "bad", Fate::Stored).await.unwrap();

    assert_eq!((note.stored.seq, note.repeated), (1, false));
    let after = test.find(room).await;
    assert_eq!((after.last_seq, after.epoch), (1, before.epoch));
    assert!(after.last_activity_at >= before.last_activity_at);
}

#[tokio::test]
async fn feature_that_panics_when_drafts_are_compared_does_not_end_the_log() {
    let test = TestLog::waiting().await;
    let room = test.begin().await;
    let lost = ["one", "two"].map(|key| test.submit(room, key, Fate::PanicsWhenCompared));
    test.start().await;
    for appending in lost {
        assert_eq!(status(soon(appending.stored()).await.unwrap_err()), 500);
    }
    assert_eq!(test.append(room, "next", Fate::Stored).await.unwrap().stored.seq, 1);
}

#[tokio::test]
async fn conversation_that_is_absent_takes_no_events_and_holds_up_nobody() {
    let test = TestLog::waiting().await;
    let (room, nowhere) = (test.begin().await, ConversationId::generate());
    let before = test.submit(room, "before", Fate::Stored);
    let lost = test.submit(nowhere, "lost", Fate::Stored);
    let after = test.submit(room, "after", Fate::Stored);
    test.start().await;

    assert_eq!(soon(before.stored()).await.unwrap().stored.seq, 1);
    let error = soon(lost.stored()).await.unwrap_err();
    assert!(matches!(error, AppendError::NoConversation), "{error:?}");
    assert_eq!(ClientError::from(error).socket_code(), "ROOM_ACCESS_DENIED");
    assert_eq!(soon(after.stored()).await.unwrap().stored.seq, 2);

    assert!(test.notes.keys(nowhere).await.is_empty());
    assert_eq!(test.repository.transactions(), 1, "nothing had to be tried again");
}

#[tokio::test]
async fn duplicates_that_race_in_one_batch_are_one_note() {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    let racing: Vec<_> = (0..10).map(|_| test.submit(room, "same", Fate::Stored)).collect();
    test.start().await;

    let mut answers = Vec::new();
    for appending in racing {
        answers.push(soon(appending.stored()).await.unwrap());
    }
    assert_eq!(test.repository.transactions(), 1);
    test.settle().await;

    let first = answers[0].clone();
    assert!(!first.repeated);
    let again = Appended { repeated: true, ..first };
    assert!(answers[1..].iter().all(|it| *it == again), "{answers:?}");
    assert_eq!(test.notes.keys(room).await, ["same"]);
    assert_eq!(test.door.told(room), [1]);
}

#[tokio::test]
async fn same_key_in_two_conversations_is_two_notes() {
    let test = TestLog::waiting().await;
    let (room, other) = (test.begin().await, test.begin().await);
    let racing = [room, other].map(|to| test.submit(to, "same", Fate::Stored));
    test.start().await;
    for appending in racing {
        assert!(!soon(appending.stored()).await.unwrap().repeated);
    }
}

#[tokio::test]
async fn kinds_keep_the_order_in_which_they_were_submitted() {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    let singles = Arc::new(Singles(Arc::clone(&test.notes)));
    let mut waiting = Vec::new();
    for n in 0..12 {
        let key = n.to_string();
        waiting.push(if n % 4 < 2 {
            test.submit(room, &key, Fate::Stored)
        } else {
            let draft = NewNote { conversation: room, key, fate: Fate::Stored };
            test.log.submit(Arc::clone(&singles), draft).unwrap()
        });
    }
    test.start().await;

    for (n, appending) in waiting.into_iter().enumerate() {
        assert_eq!(soon(appending.stored()).await.unwrap().stored.seq, n as i64 + 1);
    }
    assert_eq!(test.repository.transactions(), 1);
    test.settle().await;

    let in_order: Vec<_> = (0..12).map(|it| it.to_string()).collect();
    assert_eq!(test.notes.keys(room).await, in_order);
    assert_eq!(test.door.told(room), (1..=12).collect::<Vec<_>>());
}
