//! Messages are sent once and read by members.

use super::*;

#[tokio::test]
async fn member_reads_what_members_have_sent() {
    let chat = TestChat::start().await;
    let (ada, ben) = (chat.member().await, chat.member().await);

    let (first, _) = chat.send(&ada, &message("one")).await.unwrap();
    let (second, _) = chat.send(&ben, &message("two")).await.unwrap();

    assert_eq!((first.seq, &first.sender, &*first.content), (1, &ada.user_id, "one"));
    assert_eq!((second.seq, &second.sender), (2, &ben.user_id));
    assert_eq!((first.event_seq, first.edited_at, first.deleted_at), (1, None, None));
    assert_eq!((first.conversation, first.kind), (chat.room, ConversationKind::Room));
    // What was answered is what is read later, to the last digit of its time.
    assert_eq!(chat.history(&ben).await.unwrap(), [second, first]);
}

#[tokio::test]
async fn stranger_neither_sends_nor_reads() {
    let chat = TestChat::start().await;
    let (ada, eve) = (chat.member().await, chat.stranger().await);
    let (secret, _) = chat.send(&ada, &message("secret")).await.unwrap();

    let refusals = [
        chat.send(&eve, &message("let me in")).await.unwrap_err(),
        chat.history(&eve).await.unwrap_err(),
    ];

    assert_eq!(refusals.map(code), ["ROOM_ACCESS_DENIED"; 2]);
    let error = chat.wired.chat.find(&eve, secret.id).await.unwrap_err();
    assert!(matches!(error, ChatError::NoMessage), "{error:?}");
    assert_eq!(chat.rows().await.len(), 1);
}

#[tokio::test]
async fn policy_is_asked_before_the_database_is() {
    let chat = TestChat::start().await;
    let eve = chat.stranger().await;
    chat.lose_table().await;
    assert_eq!(code(chat.history(&eve).await.unwrap_err()), "ROOM_ACCESS_DENIED");
}

#[tokio::test]
async fn message_sent_again_is_the_first_one() {
    let chat = TestChat::start().await;
    let (ada, ben) = (chat.member().await, chat.member().await);
    let (first, repeated) = chat.send(&ada, &message("same")).await.unwrap();
    assert!(!repeated);

    assert_eq!(chat.send(&ada, &message("same")).await.unwrap(), (first, true));
    // The id is the sender's, and no id is no id.
    assert_eq!(chat.send(&ben, &message("same")).await.unwrap().0.seq, 2);
    let nameless = SendMessage { client_message_id: None, ..message("same") };
    assert_eq!(chat.send(&ada, &nameless).await.unwrap().0.seq, 3);
    assert_eq!(chat.send(&ada, &nameless).await.unwrap().0.seq, 4);
    assert_eq!(chat.rows().await.len(), 4);
}

#[tokio::test]
async fn message_sent_many_times_at_once_is_one_message() {
    let chat = Arc::new(TestChat::start().await);
    let (ada, ben) = (chat.member().await, chat.member().await);
    let mut racing = tokio::task::JoinSet::new();
    for sender in [&ada, &ben].into_iter().cycle().take(20) {
        let (chat, sender) = (Arc::clone(&chat), sender.clone());
        racing.spawn(async move { chat.send(&sender, &message("same")).await.unwrap() });
    }

    let answers = racing.join_all().await;

    assert_eq!(answers.iter().filter(|it| !it.1).count(), 2);
    for sender in [&ada, &ben] {
        let of = answers.iter().filter(|it| it.0.sender == sender.user_id);
        let ids: HashSet<_> = of.map(|it| it.0.id.0).collect();
        assert_eq!(ids.len(), 1);
    }
    assert_eq!((chat.rows().await.len(), chat.head().await), (2, 2));
}

#[tokio::test]
async fn message_that_was_not_stored_is_told_as_unavailable_and_takes_no_number() {
    let chat = TestChat::start().await;
    let ada = chat.member().await;
    chat.lose_table().await;

    let failures = [
        chat.send(&ada, &message("lost")).await.unwrap_err(),
        chat.history(&ada).await.unwrap_err(),
    ];

    for failure in failures {
        let kind = ClientError::from(failure).kind();
        assert_eq!((kind.status().as_u16(), kind.rest_code()), (503, "SERVICE_UNAVAILABLE"));
        assert_eq!((kind.socket_code(), kind.recoverable()), ("SERVER_ERROR", true));
    }
    chat.find_table().await;
    assert_eq!(chat.send(&ada, &message("lost")).await.unwrap().0.seq, 1);
}

#[tokio::test]
async fn conversation_of_another_kind_is_not_found() {
    let chat = TestChat::start().await;
    let service = &chat.wired.chat;
    service.require_kind(chat.room, ConversationKind::Room).await.unwrap();
    for (id, kind) in [
        (chat.room, ConversationKind::Session),
        (ConversationId::generate(), ConversationKind::Room),
    ] {
        let refusal = service.require_kind(id, kind).await.unwrap_err();
        assert!(matches!(refusal, ChatError::Access(AccessError::Denied)), "{refusal:?}");
    }
}
