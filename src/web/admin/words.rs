//! What the log and histories call the fields of stored entries: they outlive the forms that they
//! came from.

/// Each field as it is stored, and its words; a field that is not here is told by its own name.
const WORDS: [(&str, &str); 33] = [
    ("name", "Name"),
    ("repo_name", "Repository name"),
    ("repo_url", "Repository URL"),
    ("object_kind", "Object kind"),
    ("project_id", "Project ID"),
    ("http_x_gitlab_event", "Event header"),
    ("enabled", "Enabled"),
    ("secret_token", "Secret token"),
    ("signing_token", "Signing token"),
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

/// The words, for drawing entries.
pub fn labels() -> Vec<(String, String)> {
    WORDS.iter().map(|(field, words)| ((*field).to_owned(), (*words).to_owned())).collect()
}
