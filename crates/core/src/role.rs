//! Who may do what: three roles, a permission per verb, one table.
//!
//! Routes name the permission they need (`signalbox::web::admin::routes`); nothing else decides.

use serde::{Deserialize, Serialize};

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads, and acts on work: run again, replay, cancel.
    Operator,
    /// Everything the panel can do.
    Admin,
}

impl Role {
    /// Every role, weakest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// What it may do, in a sentence.
    #[must_use]
    pub fn explain_role(self) -> &'static str {
        match self {
            Self::Viewer => "can read everything except the log and accounts",
            Self::Operator => "can also run and cancel jobs, and read the log",
            Self::Admin => "can do everything",
        }
    }

    /// The word a person reads.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Operator => "Operator",
            Self::Admin => "Admin",
        }
    }

    /// Whether this role has the permission.
    #[must_use]
    pub fn has_permission(self, permission: Permission) -> bool {
        self >= match permission {
            Permission::View | Permission::OwnAccount => Self::Viewer,
            Permission::Operate | Permission::ReadLog => Self::Operator,
            Permission::ChangeWebhooks | Permission::ManageUsers => Self::Admin,
        }
    }
}

/// What a page or button asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read lists and pages.
    View,
    /// Change one's own password, log out.
    OwnAccount,
    /// Run again, cancel, replay.
    Operate,
    /// Read who did what, sign-ins and their addresses included.
    ReadLog,
    /// Add, change and delete webhooks.
    ChangeWebhooks,
    /// See, add, change and delete accounts, and end their sessions.
    ManageUsers,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_the_weaker_one_may() {
        use Permission::{ChangeWebhooks, ManageUsers, Operate, OwnAccount, ReadLog, View};
        let table = [
            (Role::Viewer, [true, true, false, false, false, false]),
            (Role::Operator, [true, true, true, true, false, false]),
            (Role::Admin, [true; 6]),
        ];
        let all = [View, OwnAccount, Operate, ReadLog, ChangeWebhooks, ManageUsers];
        for (role, expected) in table {
            assert_eq!(all.map(|permission| role.has_permission(permission)), expected);
        }
    }
}
