//! Who acts: the signed-in person whom services write into the audit log.
//!
//! Read afresh from the database for every request (`signalbox::web::middleware::authenticate`), so
//! that a role taken away is gone at once.

use crate::ids::UserId;
use crate::role::{Permission, Role};

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub id: UserId,
    /// The name they sign in with.
    pub username: String,
    /// What they may do.
    pub role: Role,
}

impl Actor {
    /// Whether their role has the permission.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.role.has_permission(permission)
    }
}
