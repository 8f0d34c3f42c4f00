//! What both servers do: count votes.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// The votes of one poll.
#[derive(Default)]
pub(crate) struct Poll([AtomicU64; 4]);

/// A vote.
#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct Vote {
    #[validate(range(max = 3))]
    option: u8,
    #[validate(length(min = 1, max = 80))]
    name: String,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Counted {
    name: String,
    votes: u64,
}

impl Poll {
    pub(crate) fn vote(&self, vote: Vote) -> Counted {
        let votes = self
            .0
            .get(usize::from(vote.option))
            .map_or(0, |it| it.fetch_add(1, Ordering::Relaxed) + 1);
        Counted { name: vote.name, votes }
    }
}
