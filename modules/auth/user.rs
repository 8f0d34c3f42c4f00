//! What a user is, to every layer of this module.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Identifies a user. Text: ours are UUIDv7, those of external token issuers are their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct UserId(pub Arc<str>);

impl UserId {
    /// A new id of ours.
    pub fn generate() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for UserId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of user someone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserType {
    /// Has registered.
    Employee,
    /// Came in without an account, and may do less.
    Guest,
    /// Takes over conversations that were escalated.
    Supervisor,
    /// A program.
    Service,
}

/// What a user may administer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Nothing.
    User,
    /// Everything.
    Admin,
}

/// Whether a user may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// May come in.
    Active,
    /// May not, and no token of theirs counts.
    Disabled,
}

/// What a token can be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Conversations.
    Chat,
    /// Tasks and the calendar.
    Tasks,
    /// E-mail.
    Email,
    /// Documents.
    Docs,
}

impl Scope {
    pub(crate) const ALL: [Self; 4] = [Self::Chat, Self::Tasks, Self::Email, Self::Docs];

    /// The scope's name, as in tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Tasks => "tasks",
            Self::Email => "email",
            Self::Docs => "docs",
        }
    }

    /// The scope that has this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

impl Status {
    /// The status's name, as in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// The status that has this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Active, Self::Disabled].into_iter().find(|it| it.as_str() == name)
    }
}

impl UserType {
    /// The type's name, as in tokens and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::Guest => "guest",
            Self::Supervisor => "supervisor",
            Self::Service => "service",
        }
    }

    /// The type that has this name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Employee, Self::Guest, Self::Supervisor, Self::Service];
        all.into_iter().find(|it| it.as_str() == name)
    }
}

impl Role {
    /// The role's name, as in tokens and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    /// The role that has this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::User, Self::Admin].into_iter().find(|it| it.as_str() == name)
    }
}

/// A user.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Identifies the user, for ever.
    pub id: UserId,
    /// Lower case; none for guests.
    pub email: Option<String>,
    /// How others see the user, 1 to 80 characters.
    pub display_name: String,
    /// argon2id, in PHC form; none for those who cannot log in.
    pub password_hash: Option<String>,
    /// Kind of user.
    pub user_type: UserType,
    /// What the user may administer.
    pub role: Role,
    /// What the user's tokens are good for, separated by spaces.
    pub scope: String,
    /// Whether the user may come in.
    pub status: Status,
    /// When the user came to be.
    pub created_at: DateTime<Utc>,
    /// When the user was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What makes a user.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// E-mail address, in any case; none for guests.
    pub email: Option<String>,
    /// How others see the user.
    pub display_name: String,
    /// Hash of the password, for those who log in.
    pub password_hash: Option<String>,
    /// Kind of user.
    pub user_type: UserType,
    /// What the user may administer.
    pub role: Role,
    /// What the user's tokens are good for.
    pub scope: String,
}

impl NewUser {
    /// The user that these make at `now`.
    pub(crate) fn into_user(self, now: DateTime<Utc>) -> User {
        // Databases keep different fractions of a second; what is told now is told again later.
        let now = now.trunc_subsecs(3);
        User {
            id: UserId::generate(),
            email: self.email.map(|it| it.to_lowercase()),
            display_name: self.display_name.trim().to_owned(),
            password_hash: self.password_hash,
            user_type: self.user_type,
            role: self.role,
            scope: self.scope,
            status: Status::Active,
            created_at: now,
            updated_at: now,
        }
    }
}
