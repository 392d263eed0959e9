//! People beside the first user.

use super::app::{ADMIN, App, PASSWORD};
use super::panel::Panel;

impl App {
    /// An account of this role, named after it; it shares the first user's password.
    pub async fn account(&self, name: &str, role: &str) -> String {
        let sql = format!(
            "INSERT INTO users (username, password_hash, role, created_at) \
             SELECT '{name}', password_hash, '{role}', now() FROM users WHERE username = '{ADMIN}' \
             RETURNING id::text"
        );
        self.database().value(&sql).await
    }

    /// Somebody of this role, signed in.
    pub async fn person(&self, role: &str) -> Panel {
        self.account(role, role).await;
        Panel::login(self.base(), role, PASSWORD).await
    }

    /// Makes it more than 15 minutes ago that anybody typed their password.
    pub async fn let_passwords_grow_old(&self) {
        let sql = "UPDATE sessions SET state = \
                   jsonb_set(state::jsonb, '{confirmed}', '\"1000\"')::text";
        self.database().execute(sql).await;
    }
}
