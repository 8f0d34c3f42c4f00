//! Events that a feature keeps itself, repeats that only a constraint finds, and batches that are
//! stored by statements alone: on SQLite, in a transaction that blocks.

use super::{logs::Logs, repository::Kept, *};

impl TestLog {
    pub(super) fn submit_kept(&self, to: ConversationId, key: &str, fate: Fate) -> Appending<Note> {
        let draft = NewNote { conversation: to, key: key.to_owned(), fate };
        self.log.submit(Arc::new(Kept(Arc::clone(&self.notes))), draft).unwrap()
    }

    async fn append_kept(&self, to: ConversationId, key: &str) -> Appended<Note> {
        soon(self.submit_kept(to, key, Fate::Stored).stored()).await.unwrap()
    }
}

#[tokio::test]
async fn event_that_the_feature_keeps_is_told_and_told_again_in_its_place() {
    let test = TestLog::started().await;
    let (room, _listening) = test.listened().await;
    test.append(room, "1", Fate::Stored).await.unwrap();
    test.append_kept(room, "2").await;
    test.append(room, "3", Fate::Stored).await.unwrap();
    test.append_kept(room, "4").await;
    test.settle().await;

    assert_eq!(test.door.told(room), [1, 2, 3, 4]);
    assert_eq!(test.notes.logged(room).await, [1, 3], "the log keeps what nobody else does");
    let again = test.history.read(room, 0, 4).await.unwrap();
    assert_eq!(again.iter().map(|it| it.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let part = test.history.read(room, 1, 3).await.unwrap();
    assert_eq!(part.iter().map(|it| it.seq).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn nobody_looks_for_repeats_until_there_is_one() {
    let test = TestLog::started().await;
    let (room, _listening) = test.listened().await;
    let first = test.append_kept(room, "one").await;
    test.append_kept(room, "two").await;
    assert_eq!((test.notes.looks(), test.repository.transactions()), (0, 2));

    // The constraint finds the first repeat, and a look those that come with it.
    let repeat = Appended { repeated: true, ..first };
    assert_eq!(test.append_kept(room, "one").await, repeat);
    assert_eq!((test.notes.looks(), test.repository.transactions()), (1, 4));
    assert_eq!(test.append_kept(room, "one").await, repeat);
    assert_eq!((test.notes.looks(), test.repository.transactions()), (2, 5));

    // Where there are no more, nobody looks any more.
    assert_eq!(test.append_kept(room, "three").await.stored.seq, 3);
    assert_eq!(test.append_kept(room, "four").await.stored.seq, 4);
    assert_eq!((test.notes.looks(), test.repository.transactions()), (3, 7));
    test.settle().await;
    assert_eq!(test.door.told(room), [1, 2, 3, 4]);
}

#[tokio::test]
async fn repeat_takes_nothing_from_those_it_is_stored_with() {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    let racing: Vec<_> = ["one", "two", "one", "three", "two"]
        .into_iter()
        .map(|key| test.submit_kept(room, key, Fate::Stored))
        .collect();
    test.start().await;

    let mut answers = Vec::new();
    for appending in racing {
        let Appended { stored, repeated } = soon(appending.stored()).await.unwrap();
        answers.push((stored.seq, repeated));
    }
    assert_eq!(answers, [(1, false), (2, false), (1, true), (3, false), (2, true)]);
    test.settle().await;
    assert_eq!(test.notes.keys(room).await, ["one", "two", "three"]);
    assert_eq!(test.door.told(room), [1, 2, 3]);
}

#[tokio::test]
async fn statements_of_which_one_fails_leave_nothing_but_what_is_stored_alone() {
    for fate in [Fate::Fails, Fate::Panics, Fate::Forgotten] {
        let test = TestLog::waiting().await;
        let (room, _listening) = test.listened().await;
        let first = test.submit_kept(room, "first", Fate::Stored);
        let bad = test.submit_kept(room, "bad", fate);
        let last = test.submit_kept(room, "last", Fate::Stored);
        test.start().await;

        assert_eq!(soon(first.stored()).await.unwrap().stored.seq, 1);
        assert!(soon(bad.stored()).await.is_err());
        assert_eq!(soon(last.stored()).await.unwrap().stored.seq, 2);
        test.settle().await;
        assert_eq!(test.notes.keys(room).await, ["first", "last"]);
        assert_eq!(test.door.told(room), [1, 2]);
    }
}

#[tokio::test]
async fn bug_in_storing_is_told_and_the_log_goes_on() {
    let test = TestLog::started().await;
    let (room, _listening) = test.listened().await;
    let logs = Logs::default();
    let capturing = logs.capture();
    test.repository.panic_in_writes(true);
    let lost = soon(test.submit_kept(room, "a", Fate::Stored).stored()).await;
    assert!(matches!(lost, Err(AppendError::Lost(_))), "{lost:?}");
    test.repository.panic_in_writes(false);

    assert_eq!(test.append_kept(room, "a").await.stored.seq, 1);
    test.settle().await;
    drop(capturing);
    assert_eq!(test.door.told(room), [1]);
    assert!(logs.errors().concat().contains("A batch was lost"), "{:?}", logs.errors());
}
