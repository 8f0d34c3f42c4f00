//! From the writer to the doors: in the order of the seqs, whatever the doors do.

use super::*;

#[tokio::test]
async fn slow_door_holds_up_no_answer_and_hears_all_in_order() {
    let test = TestLog::started().await;
    let (room, _listening) = test.listened().await;
    test.door.gate.shut();

    test.fill(room, 30).await;

    test.door.gate.knocked().await;
    assert!(test.door.told(room).is_empty());
    test.door.gate.open();
    test.settle().await;
    assert_eq!(test.door.told(room), (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn repeat_is_answered_with_the_first_and_published_once() {
    let test = TestLog::started().await;
    let (room, _listening) = test.listened().await;
    let first = test.append(room, "same", Fate::Stored).await.unwrap();

    let again = test.append(room, "same", Fate::Stored).await.unwrap();
    test.settle().await;

    assert!(!first.repeated);
    assert_eq!(again, Appended { repeated: true, ..first });
    assert_eq!(test.door.told(room), [1]);
}

#[tokio::test]
async fn feature_that_panics_when_it_is_to_speak_silences_nobody_else() {
    let test = TestLog::started().await;
    let (room, _listening) = test.listened().await;
    test.append(room, "bad", Fate::PanicsWhenTold).await.unwrap();

    test.append(room, "good", Fate::Stored).await.unwrap();
    test.settle().await;

    assert_eq!(test.door.told(room), [2]);
}

#[tokio::test]
async fn nobody_is_told_of_what_nobody_listens_to() {
    let test = TestLog::started().await;
    let room = test.begin().await;
    test.fill(room, 2).await;
    test.settle().await;
    assert!(test.door.told(room).is_empty());
}
