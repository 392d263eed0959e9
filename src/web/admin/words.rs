//! What the log and histories call the fields of stored entries: they outlive the forms that they
//! came from.

/// Each field as it is stored, and its words; a field that is not here is told by its own name.
const WORDS: [(&str, &str); 33] = [
    ("name", "Name"),
    ("repo_name", "Repository name"),
    ("repo_url", "Repository address"),
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
    ("obey_skip", "Obeys skip marks"),
    ("require_signature", "Requires the signature"),
    ("register_on_first_event", "Registers at the main endpoint"),
    ("action", "Action"),
    ("action_params", "Parameters"),
    ("concurrency", "Jobs at once"),
    ("debounce_s", "Waits for a newer one, in seconds"),
    ("cancel_running", "Ends the one that runs"),
    ("max_attempts", "Attempts at most"),
    ("timeout_s", "Time limit, in seconds"),
    ("notes", "Notes"),
    ("delivery", "Delivery"),
    ("user_id", "User ID"),
    ("user_name", "Person"),
    ("user_email", "Address of the person"),
    ("username", "Username"),
    ("password", "Password"),
    ("role", "Role"),
    ("active", "Active"),
];

/// The words, for drawing entries.
pub fn labels() -> Vec<(String, String)> {
    WORDS.iter().map(|(field, words)| ((*field).to_owned(), (*words).to_owned())).collect()
}
