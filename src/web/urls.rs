//! Every address of the web server as a function. Templates and redirects use nothing else.
//!
//! The panel's grammar is Django's: `/admin/<app>/<model>/`, then `add/` or `<id>/change/`,
//! `<id>/history/`, `<id>/delete/`, `<id>/`. Route tables call the same functions with
//! [`ID`] in the id's place.

pub use super::admin::kit::urls::{
    ADMIN, ENTRY, ID, add, change, changelist, delete, history, index, object, revert, verb,
    with_query,
};

use signalbox_core::ids::{DeliveryId, JobId, UserId, WebhookId};
use std::fmt::Display;

/// The sign-in page.
pub fn login() -> &'static str {
    "/admin/login/"
}

/// The sign-in page, leading on to `next` (path and query).
pub fn login_then(next: &str) -> String {
    if next == index() { login().to_owned() } else { with_query(login(), &[("next", next)]) }
}

/// Signs out; POST only.
pub fn logout() -> &'static str {
    "/admin/logout/"
}

/// Makes the first account.
pub fn setup() -> &'static str {
    "/admin/setup/"
}

/// The one-time link that makes the first account.
pub fn setup_with(token: &str) -> String {
    with_query(setup(), &[("token", token)])
}

/// One's own password.
pub fn password_change() -> &'static str {
    "/admin/password_change/"
}

/// One's own time zone.
pub fn time_zone() -> &'static str {
    "/admin/time_zone/"
}

/// The command palette.
pub fn palette() -> &'static str {
    "/admin/palette/"
}

/// The documentation.
pub fn docs() -> &'static str {
    "/admin/docs/"
}

/// A document of it.
pub fn document(name: impl Display) -> String {
    format!("{}{name}/", docs())
}

/// Chooses the language; POST only.
pub fn language() -> &'static str {
    "/admin/language/"
}

/// Searches everything.
pub fn search() -> &'static str {
    "/admin/search/"
}

/// The form for a new view of a list.
pub fn view_add() -> &'static str {
    "/admin/view/add/"
}

/// A view's form.
pub fn view(id: impl Display) -> String {
    format!("/admin/view/{id}/")
}

/// Asks whether to delete a view.
pub fn view_delete(id: impl Display) -> String {
    format!("/admin/view/{id}/delete/")
}

/// The accounts.
pub fn users() -> String {
    changelist("auth", "user")
}

/// An account's form.
pub fn user(id: UserId) -> String {
    change("auth", "user", id)
}

/// Sets an account's password.
pub fn user_password(id: impl Display) -> String {
    verb("auth", "user", id, "password")
}

/// An account's sessions.
pub fn user_sessions(id: impl Display) -> String {
    verb("auth", "user", id, "sessions")
}

/// One's own sessions.
pub fn own_sessions() -> &'static str {
    "/admin/sessions/"
}

/// Who did what.
pub fn log() -> String {
    changelist("", "log")
}

/// The channels on which people are told.
pub fn channels() -> String {
    changelist("notify", "channel")
}

/// Sends a channel's test; POST only.
pub fn channel_test(id: impl Display) -> String {
    verb("notify", "channel", id, "test")
}

/// What the channels tell of.
pub fn notify_rules() -> String {
    changelist("notify", "rule")
}

/// What was told.
pub fn messages() -> String {
    changelist("notify", "message")
}

/// A message's page.
pub fn message(id: impl Display) -> String {
    object("notify", "message", id)
}

/// Sends a message again; POST only.
pub fn message_send(id: impl Display) -> String {
    verb("notify", "message", id, "send")
}

/// One thing that was done.
pub fn log_entry(id: impl Display) -> String {
    format!("{}{id}/", log())
}

/// The webhooks.
pub fn webhooks() -> String {
    changelist("hooks", "webhook")
}

/// The form for a new webhook.
pub fn webhook_add() -> String {
    add("hooks", "webhook")
}

/// Takes webhooks out of a file.
pub const fn webhook_import() -> &'static str {
    "/admin/hooks/webhook/import/"
}

/// Fills the form of a new webhook from a payload.
pub const fn webhook_payload() -> &'static str {
    "/admin/hooks/webhook/payload/"
}

/// The list's webhooks as a file.
pub const fn webhook_export() -> &'static str {
    "/admin/hooks/webhook/export/"
}

/// A webhook's page.
pub fn webhook(id: WebhookId) -> String {
    object("hooks", "webhook", id)
}

/// A webhook's form.
pub fn webhook_form(id: WebhookId) -> String {
    change("hooks", "webhook", id)
}

/// The action catalogue.
pub fn actions() -> String {
    changelist("hooks", "action")
}

/// What to enter in GitLab for a webhook, and the wait for its Test.
pub fn webhook_setup(id: impl Display) -> String {
    verb("hooks", "webhook", id, "setup")
}

/// Lets a webhook wait for a Test again.
pub fn webhook_reset(id: impl Display) -> String {
    verb("hooks", "webhook", id, "reset")
}

/// Turns a webhook on or off.
pub fn webhook_switch(id: impl Display) -> String {
    verb("hooks", "webhook", id, "switch")
}

/// Unmatched deliveries by repository.
pub const fn unmatched() -> &'static str {
    "/admin/hooks/delivery/unmatched/"
}

/// The deliveries.
pub fn deliveries() -> String {
    changelist("hooks", "delivery")
}

/// A delivery's page.
pub fn delivery(id: &DeliveryId) -> String {
    object("hooks", "delivery", id)
}

/// Asks how to replay a delivery; its POST does it.
pub fn delivery_replay(id: impl Display) -> String {
    verb("hooks", "delivery", id, "replay")
}

/// Gives the webhooks of a delivery's renamed project its new name and address; POST only.
pub fn delivery_take_over(id: impl Display) -> String {
    verb("hooks", "delivery", id, "take-over")
}

/// The runs of replays; its POST starts one.
pub const fn replays() -> &'static str {
    "/admin/hooks/delivery/replay/"
}

/// A run of replays.
pub fn replay_run(id: impl Display) -> String {
    format!("{}{id}/", replays())
}

/// Stops a run of replays; POST only.
pub fn replay_stop(id: impl Display) -> String {
    format!("{}stop/", replay_run(id))
}

/// Tries a webhook out on an event.
pub fn webhook_test(id: impl Display) -> String {
    verb("hooks", "webhook", id, "test")
}

/// Sets a webhook up in GitLab; POST only.
pub fn webhook_set_up(id: impl Display) -> String {
    verb("hooks", "webhook", id, "set-up")
}

/// The connections to GitLab's API.
pub fn gitlab_connections() -> String {
    changelist("gitlab", "connection")
}

/// The form for a new connection.
pub fn gitlab_connection_add() -> String {
    add("gitlab", "connection")
}

/// A connection's page.
pub fn gitlab_connection(id: impl Display) -> String {
    object("gitlab", "connection", id)
}

/// Asks GitLab what it and the token are; POST only.
pub fn gitlab_connection_check(id: impl Display) -> String {
    verb("gitlab", "connection", id, "check")
}

/// Makes a webhook in GitLab what it is to be; POST only.
pub fn gitlab_connection_fix(id: impl Display) -> String {
    verb("gitlab", "connection", id, "fix")
}

/// The calls of GitLab's API.
pub const fn gitlab_calls() -> &'static str {
    "/admin/gitlab/call/"
}

/// The projects to choose from.
pub const fn gitlab_projects() -> &'static str {
    "/admin/gitlab/project/"
}

/// The jobs.
pub fn jobs() -> String {
    changelist("hooks", "job")
}

/// A job's page.
pub fn job(id: &JobId) -> String {
    object("hooks", "job", id)
}

/// Runs a job again; POST only.
pub fn job_run_again(id: &JobId) -> String {
    verb("hooks", "job", id, "run-again")
}

/// The workers, and what is paused.
pub fn workers() -> String {
    changelist("hooks", "worker")
}

/// Pauses jobs; POST only.
pub fn pause() -> &'static str {
    "/admin/hooks/worker/pause/"
}

/// Lets paused jobs go; POST only.
pub fn resume() -> &'static str {
    "/admin/hooks/worker/resume/"
}

/// What jobs did in a period.
pub fn job_stats() -> &'static str {
    "/admin/hooks/job/stats/"
}

/// Where GitLab sends events.
pub fn gitlab() -> &'static str {
    "/webhooks/gitlab"
}

/// Where GitLab sends the Test that registers a webhook.
pub fn gitlab_register() -> &'static str {
    "/webhooks/gitlab/register"
}

/// `next` as it may be followed: a path of the panel on this very site, else the index.
///
/// Browsers read a backslash as a slash and drop tabs and newlines, so none of them gets
/// through; `//host` does not begin with `/admin`.
pub fn safe_next(next: Option<&str>) -> String {
    let is_panel = |path: &str| {
        path.strip_prefix(ADMIN).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    next.filter(|next| is_panel(next))
        .filter(|next| next.chars().all(|c| c.is_ascii_graphic() && c != '\\'))
        .filter(|next| !next.starts_with(login()) && !next.starts_with(logout()))
        .filter(|next| !next.split(['?', '#']).next().unwrap_or_default().contains("/.."))
        .map_or_else(|| index().to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_stays_in_the_panel() {
        for good in ["/admin/", "/admin", "/admin/hooks/job/?q=a%20b&o=1", "/admin?x=1"] {
            assert_eq!(safe_next(Some(good)), good);
        }
        for bad in [
            "https://evil.example/",
            "//evil.example/admin/",
            "/\\evil.example",
            "/admin\\..\\x",
            "/admin/../webhooks",
            "/adminx/",
            "/admin/\t/evil",
            "javascript:alert(1)",
            "",
            "/admin/login/?next=/admin/",
            "/admin/logout/",
        ] {
            assert_eq!(safe_next(Some(bad)), index(), "{bad:?}");
        }
        assert_eq!(safe_next(None), index());
    }

    #[test]
    fn a_next_survives_its_way_through_the_login_page() {
        assert_eq!(
            login_then("/admin/hooks/job/?q=a+b&p=2"),
            "/admin/login/?next=%2Fadmin%2Fhooks%2Fjob%2F%3Fq%3Da%2Bb%26p%3D2"
        );
        assert_eq!(login_then("/admin/"), "/admin/login/");
    }
}
