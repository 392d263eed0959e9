//! What Signalbox itself says among an attempt's output: a code with its values. Stored so
//! (`job_output.notice`) beside its English, and said in the language of whoever reads it.

use crate::failure::with_changed_texts;
use crate::sentence::Sentence;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is said. The names of its variants and fields are part of the database's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "args", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values of the sentences below")]
pub enum OutputNotice {
    /// Between the head and the tail of an output.
    BytesDropped { n: u64 },
    /// Processes were ended with the command that started them.
    ProcessesEnded,
    /// A process outside of the command's reach holds its output.
    OutputStillOpen,
    /// The command did not obey.
    Killed,
    /// A process does not end.
    NotKilled,
    /// The image's layers follow.
    Pulling { image: String },
    /// Nothing is to be done.
    NewestAlready { name: String, image: String },
    /// The container runs anew.
    Restarted { name: String },
    /// The container gives way to one of the newest image.
    Replacing { name: String },
    /// It was replaced.
    Replaced { name: String },
    /// An attempt before this one broke off.
    PuttingBack { aside: String },
    /// The connection stands.
    Calling { method: String, url: String, to: String },
    /// The answer begins.
    Answered { status: String },
    /// The answer is longer than is read.
    AnswerCut,
}

impl OutputNotice {
    /// From what is stored; none if it is of another version.
    pub fn from_stored(stored: &Value) -> Option<Self> {
        Self::deserialize(stored).ok()
    }

    /// As it is stored.
    pub fn to_stored(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// With another text for each that it holds: to take secrets out.
    #[must_use]
    pub fn with_texts(self, change: &impl Fn(&str) -> String) -> Self {
        with_changed_texts(&self, change).unwrap_or(self)
    }

    /// The sentence for it.
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::BytesDropped { n } => Sentence::new("… {n} bytes dropped here …").with("n", n),
            Self::ProcessesEnded => {
                "It left processes behind when it ended; they were ended too.".into()
            }
            Self::OutputStillOpen => {
                "A process it left behind still holds its output open; it is not read on.".into()
            }
            Self::Killed => "It went on after SIGTERM, so it was ended with SIGKILL.".into(),
            Self::NotKilled => {
                "A process that it started could not be ended, not even with SIGKILL.".into()
            }
            Self::Pulling { image } => Sentence::new("Pulling {image}").with("image", image),
            Self::NewestAlready { name, image } => {
                Sentence::new("{name} runs the newest {image} already.")
                    .with("name", name)
                    .with("image", image)
            }
            Self::Restarted { name } => Sentence::new("{name} was restarted.").with("name", name),
            Self::Replacing { name } => Sentence::new("Replacing {name}").with("name", name),
            Self::Replaced { name } => {
                Sentence::new("{name} runs the newest image.").with("name", name)
            }
            Self::PuttingBack { aside } => {
                Sentence::new("Putting {aside} back, which was left aside.").with("aside", aside)
            }
            Self::Calling { method, url, to } => Sentence::new("{method} {url} at {to}")
                .with("method", method)
                .with("url", url)
                .with("to", to),
            Self::Answered { status } => Sentence::new("Answer: {status}").with("status", status),
            Self::AnswerCut => "… the answer goes on; it is not read further.".into(),
        }
    }

    /// One of each, of data that is no English: for the tests of all languages.
    pub fn one_of_each() -> Vec<Self> {
        let text = || "〇".to_owned();
        vec![
            Self::BytesDropped { n: 4 },
            Self::ProcessesEnded,
            Self::OutputStillOpen,
            Self::Killed,
            Self::NotKilled,
            Self::Pulling { image: text() },
            Self::NewestAlready { name: text(), image: text() },
            Self::Restarted { name: text() },
            Self::Replacing { name: text() },
            Self::Replaced { name: text() },
            Self::PuttingBack { aside: text() },
            Self::Calling { method: text(), url: text(), to: text() },
            Self::Answered { status: text() },
            Self::AnswerCut,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_is_read_back_as_it_was_stored() {
        for notice in OutputNotice::one_of_each() {
            assert_eq!(OutputNotice::from_stored(&notice.to_stored()), Some(notice));
        }
        let later = serde_json::json!({ "code": "of_a_later_version" });
        assert_eq!(OutputNotice::from_stored(&later), None);
    }

    #[test]
    fn its_texts_are_changed_and_its_words_are_not() {
        let notice = OutputNotice::NewestAlready { name: "code".into(), image: "runs".into() };
        let masked = notice.with_texts(&|text| text.replace("runs", "••••").replace("code", "app"));
        assert_eq!(masked.sentence().to_string(), "app runs the newest •••• already.");
    }
}
