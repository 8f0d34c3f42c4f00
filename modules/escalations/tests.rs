//! The rules of escalations that need no door.

use auth::UserId;
use chrono::Utc;
use delivery::{ConversationId, ConversationKind};
use hornero::App;

use crate::{
    Escalation, EscalationError, EscalationId, EscalationStatus, EscalationsModule, Priority,
    escalation::Step,
};

#[test]
fn wiring() {
    App::of::<EscalationsModule>().check().unwrap();
}

fn user(name: &str) -> UserId {
    name.to_owned().into()
}

fn open() -> Escalation {
    Escalation {
        id: EscalationId::generate(),
        number: 1,
        conversation: ConversationId::generate(),
        kind: ConversationKind::Room,
        created_by: user("ada"),
        reason: "help".to_owned(),
        priority: Priority::Normal,
        status: EscalationStatus::Open,
        claimed: None,
        resolved: None,
        created_at: Utc::now(),
    }
}

#[test]
fn steps_follow_upon_each_other_and_the_same_again_changes_nothing() {
    let (mut it, now) = (open(), Utc::now());
    let (grace, hedy) = (user("grace"), user("hedy"));

    let refused = it.take(Step::Resolve, &grace, now);
    assert!(matches!(refused, Err(EscalationError::NotClaimed)), "{refused:?}");
    assert!(it.take(Step::Claim, &grace, now).unwrap());
    assert!(!it.take(Step::Claim, &grace, Utc::now()).unwrap());
    let refused = it.take(Step::Claim, &hedy, now);
    assert!(matches!(refused, Err(EscalationError::ClaimedByAnother)), "{refused:?}");
    assert_eq!((it.status, &it.claimed), (EscalationStatus::Claimed, &Some((grace, now))));

    // Whoever goes home is stood in for.
    assert!(it.take(Step::Resolve, &hedy, now).unwrap());
    assert!(!it.take(Step::Resolve, &user("joan"), now).unwrap());
    let refused = it.take(Step::Claim, &hedy, now);
    assert!(matches!(refused, Err(EscalationError::Resolved)), "{refused:?}");
    assert_eq!((it.status, it.resolved), (EscalationStatus::Resolved, Some((hedy, now))));
}

#[test]
fn names_are_read_as_they_are_written() {
    use EscalationStatus::{Claimed, Open, Resolved};
    for status in [Open, Claimed, Resolved] {
        assert_eq!(EscalationStatus::parse(status.as_str()), status);
    }
    assert_eq!(EscalationStatus::parse("asleep"), Resolved);
    for priority in [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent] {
        assert_eq!(Priority::parse(priority.as_str()), priority);
    }
    assert_eq!(Priority::parse("mad"), Priority::Normal);
}
