//! What is answered is durable, and what cannot be is answered too: also where a batch is stored by
//! statements alone, on SQLite in a transaction that blocks.

use super::*;

type Submit = fn(&TestLog, ConversationId, &str, Fate) -> Appending<Note>;

const EITHER_WAY: [Submit; 2] = [TestLog::submit, TestLog::submit_kept];

#[tokio::test]
async fn answer_comes_only_after_the_commit() {
    for submit in EITHER_WAY {
        answer_comes_after_the_commit(submit).await;
    }
}

async fn answer_comes_after_the_commit(submit: Submit) {
    let test = TestLog::started().await;
    let room = test.begin().await;
    test.notes.gate.shut();
    let mut answer = std::pin::pin!(submit(&test, room, "slow", Fate::Stored).stored());
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
    for submit in EITHER_WAY {
        commit_fails(submit).await;
    }
}

async fn commit_fails(submit: Submit) {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    let with = submit(&test, room, "with it", Fate::Stored);
    let bad = submit(&test, room, "bad", Fate::FailsAtCommit);
    test.start().await;

    for appending in [with, bad] {
        let error = soon(appending.stored()).await.unwrap_err();
        assert!(matches!(error, AppendError::Unavailable), "{error:?}");
    }
    test.settle().await;
    assert!(test.notes.keys(room).await.is_empty());
    assert!(test.door.told(room).is_empty());

    // Who tries again finds everything as it was, and whoever else writes the database free.
    let again = soon(submit(&test, room, "with it", Fate::Stored).stored()).await;
    assert_eq!(again.unwrap().stored.seq, 1);
    assert_eq!(test.append(room, "else", Fate::Stored).await.unwrap().stored.seq, 2);
    test.settle().await;
    assert_eq!(test.door.told(room), [1, 2]);
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
    for submit in EITHER_WAY {
        database_is_away(submit).await;
    }
}

async fn database_is_away(submit: Submit) {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    test.repository.fail_writes(true);
    let lost: Vec<_> = ["a", "b"].map(|key| submit(&test, room, key, Fate::Stored)).into();
    test.start().await;
    for appending in lost {
        assert_eq!(status(soon(appending.stored()).await.unwrap_err()), 503);
    }

    test.repository.fail_writes(false);

    let again = soon(submit(&test, room, "a", Fate::Stored).stored()).await;
    assert_eq!(again.unwrap().stored.seq, 1);
    test.settle().await;
    assert_eq!(test.door.told(room), [1]);
}
