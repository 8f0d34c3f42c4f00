//! What is answered is durable, and what cannot be is answered too.

use super::*;

#[tokio::test]
async fn answer_comes_only_after_the_commit() {
    let test = TestLog::started().await;
    let room = test.begin().await;
    test.notes.gate.shut();
    let mut answer = std::pin::pin!(test.submit(room, "slow", Fate::Stored).stored());
    tokio::select! {
        biased;
        _ = &mut answer => panic!("nothing is committed yet"),
        () = test.notes.gate.knocked() => {}
    }
    assert!(test.notes.keys(room).await.is_empty());

    test.notes.gate.open();
    soon(answer).await.unwrap();

    // Another connection sees it at once.
    assert_eq!(test.notes.keys(room).await, ["slow"]);
}

#[tokio::test]
async fn commit_that_fails_stores_nothing_and_the_log_goes_on() {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    let with = test.submit(room, "with it", Fate::Stored);
    let bad = test.submit(room, "bad", Fate::FailsAtCommit);
    test.start().await;

    for appending in [with, bad] {
        let error = soon(appending.stored()).await.unwrap_err();
        assert!(matches!(error, AppendError::Unavailable), "{error:?}");
    }
    test.settle().await;
    assert!(test.notes.keys(room).await.is_empty());
    assert!(test.door.told(room).is_empty());

    // Who tries again finds everything as it was.
    assert_eq!(test.append(room, "with it", Fate::Stored).await.unwrap().stored.seq, 1);
    test.settle().await;
    assert_eq!(test.door.told(room), [1]);
}

#[tokio::test]
async fn commit_of_one_that_fails_fails_those_behind_it_when_each_is_tried_alone() {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    let first = test.submit(room, "first", Fate::Stored);
    let bad = test.submit(room, "bad", Fate::Fails);
    let at_commit = test.submit(room, "at commit", Fate::FailsAtCommit);
    let last = test.submit(room, "last", Fate::Stored);
    test.start().await;

    assert_eq!(soon(first.stored()).await.unwrap().stored.seq, 1);
    assert_eq!(status(soon(bad.stored()).await.unwrap_err()), 503);
    for appending in [at_commit, last] {
        let error = soon(appending.stored()).await.unwrap_err();
        assert!(matches!(error, AppendError::Unavailable), "{error:?}");
    }
    assert_eq!(test.append(room, "last", Fate::Stored).await.unwrap().stored.seq, 2);
    test.settle().await;
    assert_eq!(test.door.told(room), [1, 2]);
}

#[tokio::test]
async fn database_that_is_away_is_told_as_unavailable_until_it_is_back() {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    test.repository.fail_writes(true);
    let lost: Vec<_> = ["a", "b"].map(|key| test.submit(room, key, Fate::Stored)).into();
    test.start().await;
    for appending in lost {
        assert_eq!(status(soon(appending.stored()).await.unwrap_err()), 503);
    }

    test.repository.fail_writes(false);

    assert_eq!(test.append(room, "a", Fate::Stored).await.unwrap().stored.seq, 1);
    test.settle().await;
    assert_eq!(test.door.told(room), [1]);
}
