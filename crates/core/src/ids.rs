//! Identifiers as types of their own, so that a job's id is never passed for a delivery's.
//!
//! Deliveries and jobs carry ULIDs (26 characters, sortable by time); webhooks and users carry
//! database integers. Making a ULID needs a clock and randomness: that is `signalbox::clock`'s.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Text that is not the 26 characters of a ULID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an id (26 letters and digits)")]
pub struct BadId(pub String);

macro_rules! ulid_id {
    ($name:ident, $what:literal) => {
        #[doc = concat!("The id of ", $what, ": a ULID as text.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a ULID.
            #[must_use]
            pub fn from_ulid(ulid: ulid::Ulid) -> Self {
                Self(ulid.to_string())
            }

            /// The 26 characters.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                ulid::Ulid::from_string(text)
                    .map(Self::from_ulid)
                    .map_err(|_| BadId(text.chars().take(40).collect()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

ulid_id!(DeliveryId, "a delivery");
ulid_id!(JobId, "a job");

macro_rules! integer_id {
    ($name:ident, $what:literal) => {
        #[doc = concat!("The id of ", $what, ".")]
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

integer_id!(WebhookId, "a webhook");
integer_id!(UserId, "a user");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_in_either_case_and_shown_in_capitals() {
        let id: DeliveryId = "01hzy3v7q8x9k2m4n6p8r0s2t4".parse().unwrap();
        assert_eq!(id.as_str(), "01HZY3V7Q8X9K2M4N6P8R0S2T4");
    }

    #[test]
    fn other_text_is_refused_and_quoted() {
        let refused = "../../etc".parse::<JobId>().unwrap_err();
        assert_eq!(refused.to_string(), "\"../../etc\" is not an id (26 letters and digits)");
    }
}
