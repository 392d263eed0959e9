//! What pages call the fields of webhooks, deliveries and users: one label for each, in forms,
//! traces, previews and histories, whose stored entries outlive the forms that they came from.

/// Each field as it is stored, and its label.
const LABELS: [(&str, &str); 34] = [
    ("name", "Name"),
    ("repo_name", "Repository name"),
    ("repo_url", "Repository URL"),
    ("object_kind", "Object kind"),
    ("project_id", "Project ID"),
    ("http_x_gitlab_event", "Event header"),
    ("enabled", "Enabled"),
    ("secret_token", "Secret token"),
    ("signing_token", "Signing token"),
    ("credential", "Credential"),
    ("previous_secret_until", "Previous secret token valid until"),
    ("previous_signing_until", "Previous signing token valid until"),
    ("ref_filter", "Branches and tags"),
    ("path_filter", "Files"),
    ("condition", "Condition"),
    ("obey_skip", "Honor “[skip ci]”"),
    ("require_signature", "Require a signature"),
    ("register_on_first_event", "Register at main endpoint"),
    ("action", "Action"),
    ("action_params", "Parameters"),
    ("concurrency", "Concurrency"),
    ("debounce_s", "Debounce (seconds)"),
    ("cancel_running", "Cancel the running job when a newer one arrives"),
    ("max_attempts", "Max attempts"),
    ("timeout_s", "Timeout (seconds)"),
    ("notes", "Notes"),
    ("delivery", "Delivery"),
    ("user_id", "User ID"),
    ("user_name", "User"),
    ("user_email", "User e-mail"),
    ("username", "Username"),
    ("password", "Password"),
    ("role", "Role"),
    ("active", "Active"),
];

/// The label of a field; its own name where it has none here.
pub fn label(field: &str) -> &str {
    LABELS.iter().find(|(known, _)| *known == field).map_or(field, |(_, words)| *words)
}

/// All labels, for drawing entries.
pub fn labels() -> Vec<(String, String)> {
    LABELS.iter().map(|(field, label)| ((*field).to_owned(), (*label).to_owned())).collect()
}
