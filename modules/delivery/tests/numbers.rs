//! Seqs: 1, 2, 3, whatever becomes of the drafts between.

use super::*;

#[tokio::test]
async fn one_batch_has_no_holes_though_some_fail_and_some_are_sent_twice() {
    let test = TestLog::waiting().await;
    let (room, _listening) = test.listened().await;
    let fates = [
        ("a", Fate::Stored),
        ("b", Fate::Fails),
        ("a", Fate::Stored),
        ("c", Fate::Refused),
        ("d", Fate::Stored),
        ("b", Fate::Stored),
        ("d", Fate::Stored),
        ("e", Fate::Panics),
        ("f", Fate::Stored),
    ];
    let waiting: Vec<_> = fates.map(|(key, fate)| test.submit(room, key, fate)).into();
    test.start().await;

    let mut answers = Vec::new();
    for appending in waiting {
        let answer = soon(appending.stored()).await;
        answers.push(answer.ok().map(|it| (it.stored.seq, it.repeated)));
    }
    test.settle().await;

    let (new, again) = (|seq| Some((seq, false)), |seq| Some((seq, true)));
    assert_eq!(answers, [new(1), None, again(1), None, new(2), new(3), again(2), None, new(4)]);
    assert_eq!(test.notes.keys(room).await, ["a", "d", "b", "f"]);
    assert_eq!(test.notes.logged(room).await, [1, 2, 3, 4]);
    assert_eq!(test.door.told(room), [1, 2, 3, 4]);
    assert_eq!(test.find(room).await.last_seq, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_writers_leave_no_holes_though_some_fail_and_some_race_themselves() {
    let test = Arc::new(TestLog::started().await);
    let (room, _listening) = test.listened().await;
    let (other, _listening) = test.listened().await;
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..50 {
        let fate = match n % 10 {
            3 => Fate::Fails,
            7 => Fate::Panics,
            _ => Fate::Stored,
        };
        // Every second one sends twice at once, and every fifth to the other room as well.
        let rooms = [Some(room), (n % 2 == 0).then_some(room), (n % 5 == 0).then_some(other)];
        for to in rooms.into_iter().flatten() {
            let test = Arc::clone(&test);
            writers.spawn(async move { test.append(to, &n.to_string(), fate).await });
        }
    }

    let answers = writers.join_all().await;
    test.settle().await;

    assert_eq!(answers.iter().filter(|it| it.is_err()).count(), 10);
    let stored: Vec<_> = answers.into_iter().flatten().collect();
    for (conversation, count, repeats) in [(room, 40, 25), (other, 10, 0)] {
        let there = stored.iter().filter(|it| it.stored.conversation == conversation);
        let (repeated, first): (Vec<_>, Vec<_>) = there.partition(|it| it.repeated);
        assert_eq!((first.len(), repeated.len()), (count, repeats));
        for repeat in repeated {
            assert!(first.iter().any(|it| it.stored == repeat.stored), "{repeat:?}");
        }
        let seqs: Vec<_> = (1..=count as i64).collect();
        assert_eq!(test.notes.logged(conversation).await, seqs);
        assert_eq!(test.door.told(conversation), seqs);
        assert_eq!(test.notes.keys(conversation).await.len(), count);
        assert_eq!(test.find(conversation).await.last_seq, count as i64);
    }
}

#[tokio::test]
async fn log_goes_on_where_it_was_when_the_database_is_opened_again() {
    let mut test = TestLog::started().await;
    let room = test.begin().await;
    let epoch = test.find(room).await.epoch;
    for expected in 1..=3 {
        let note = test.append(room, &expected.to_string(), Fate::Stored).await.unwrap();
        assert_eq!(note.stored.seq, expected);
        test = test.reopened().await;
        assert!(test.append(room, "1", Fate::Stored).await.unwrap().repeated);
    }
    let found = test.find(room).await;
    assert_eq!((found.last_seq, found.epoch), (3, epoch));
}
