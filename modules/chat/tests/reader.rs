//! What is kept of a history is what the database would answer.

use delivery::ConversationKind::Room;
use futures_util::future::join_all;

use super::*;
use crate::{
    EditMessage,
    history::{Order, Range},
    repository::SeaOrmMessageRepository,
};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

impl TestChat {
    /// The newest messages as clients get them.
    async fn newest(&self, caller: &Caller, limit: u64) -> Vec<Message> {
        let listed = self.wired.chat.history(caller, self.room, &Range::newest(limit)).await;
        listed.unwrap().iter().map(|it| it.message().clone()).collect()
    }

    /// The same from the database.
    async fn stored(&self, limit: u64) -> Vec<Message> {
        let repository = SeaOrmMessageRepository::bind(Arc::clone(&self.wired.db));
        repository.history(self.room, Room, &Range::newest(limit)).await.unwrap()
    }
}

#[tokio::test]
async fn kept_history_is_what_the_database_has() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    let mut dice = Dice(7);
    for step in 0..1_200 {
        let newest = chat.newest(&ada, 100).await;
        let chosen = (!newest.is_empty()).then(|| newest[dice.below(newest.len())].clone());
        match (dice.below(400), chosen) {
            (0, _) => drop(chat.wired.chat.clear(&ada, chat.room).await.unwrap()),
            (1..80, Some(message)) => drop(chat.delete(&ada, &message).await.unwrap()),
            (80..120, Some(message)) => {
                // Now and then so long that not all of a page is kept.
                let long = "x".repeat(1 + dice.below(10) * 900);
                let edit = EditMessage { content: Some(long.into()), metadata: None };
                chat.wired.chat.edit(&ada, message.id, edit).await.unwrap();
            }
            _ => drop(chat.send(&ada, &message(&format!("m{step}"))).await.unwrap()),
        }
        let limit = 1 + dice.below(100) as u64;
        assert_eq!(chat.newest(&ada, limit).await, chat.stored(limit).await, "step {step}");
    }
}

#[tokio::test]
async fn newest_messages_are_not_read_twice() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    for number in 0..3 {
        chat.send(&ada, &message(&number.to_string())).await.unwrap();
    }
    let before = chat.newest(&ada, 50).await;

    // No client can do this.
    chat.run("DELETE FROM messages").await;

    assert_eq!(chat.newest(&ada, 50).await, before);
    assert_eq!(chat.newest(&ada, 1).await, before[..2], "and one that says that there is more");
    let oldest_first = Range { order: Order::Asc, ..Range::newest(50) };
    assert!(chat.wired.chat.history(&ada, chat.room, &oldest_first).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_has_an_ack_finds_the_message() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    join_all((0..8).map(|sender| {
        let (chat, ada) = (&chat, &ada);
        async move {
            for number in 0..60 {
                let (sent, _) =
                    chat.send(ada, &message(&format!("{sender} {number}"))).await.unwrap();
                let newest = chat.newest(ada, 100).await;
                assert!(newest.contains(&sent), "{sender} {number}");
                let seqs: Vec<_> = newest.iter().map(|it| it.seq).collect();
                assert!(seqs.is_sorted_by(|one, next| one == &(next + 1)), "{seqs:?}");
            }
        }
    }))
    .await;
    assert_eq!(chat.newest(&ada, 100).await, chat.stored(100).await);
}

#[tokio::test]
async fn what_may_have_changed_is_read_again() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    chat.send(&ada, &message("first")).await.unwrap();
    assert_eq!(chat.newest(&ada, 50).await.len(), 1);
    chat.run("DELETE FROM messages").await;

    chat.lose_table().await;
    chat.send(&ada, &message("second")).await.unwrap_err();
    chat.find_table().await;

    assert!(chat.newest(&ada, 50).await.is_empty());
}
