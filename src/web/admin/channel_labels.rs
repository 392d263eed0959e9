//! What pages call the fields of channels and rules.

/// Each field as it is stored, and its label.
pub const LABELS: [(&str, &str); 12] = [
    ("kind", "Kind"),
    ("target", "Target"),
    ("settings", "Where it sends"),
    ("language", "Language"),
    ("gather_s", "Wait for more (seconds)"),
    ("interval_s", "Least time between two (seconds)"),
    ("quiet_hours", "Quiet hours"),
    ("channel", "Channel"),
    ("number", "Number"),
    ("webhook", "Webhook"),
    ("enabled", "Enabled"),
    ("name", "Name"),
];
