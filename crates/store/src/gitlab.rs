//! Connections to GitLab's API: which instances, what they said, the calls that were made, and
//! GitLab's webhooks that are kept in order. No token is opened here.

mod calls;
pub mod catch_up;
mod connections;
pub mod heads;
mod hooks;
pub mod statuses;

pub use calls::{Call, CallFilter, CallRow, CallSort, count_calls, insert_call, list_calls};
pub use connections::{
    Connection, ConnectionFilter, ConnectionSort, ConnectionValues, Learned, claim_due_connections,
    count_connections, delete_connection, find_connection, insert_connection, list_all_connections,
    list_connections, note_failure, note_learned, update_connection,
};
pub use hooks::{
    Hook, HookRow, Reporting, claim_hook, find_hook, find_hook_of_project, find_hook_of_webhook,
    find_reporting, hook_webhooks, insert_hook, link_webhooks, list_hook_rows, list_hooks,
    list_unlinked, move_hooks, note_archived, note_hook_failure, note_hook_seen, note_written,
    release_hook, set_auto_fix, set_hook_token, set_reporting,
};
