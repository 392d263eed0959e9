//! What exactly is run: the arguments, element by element, and the whole environment.
//!
//! The rule everything here serves: text of an event or of a person is one whole value. It is never
//! an option, never part of another argument, never the name of a variable; where it would be, the
//! run is refused with the reason.

use super::{ActionSpec, Argument, Command, EventFacts, Fact, Secrets, Values};
use crate::sentence::Sentence;

/// The longest single value, in bytes; one argument may not pass 128 KiB in any case.
pub const MAX_VALUE_BYTES: usize = 8 * 1024;

/// The `PATH` of every command whose entry does not ask for ours.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Why an event's value cannot be handed to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The argument or variable.
    pub what: Sentence,
    /// What is wrong with its value: a sentence about `{what}`.
    pub why: &'static str,
}

impl Refused {
    /// The sentence for it.
    pub fn sentence(self) -> Sentence {
        Sentence::new(self.why).with_sentence("what", self.what)
    }
}

impl Command {
    /// The arguments for one run.
    ///
    /// # Errors
    /// [`Refused`] if a value is empty, longer than [`MAX_VALUE_BYTES`], starts with `-` or has
    /// control characters.
    pub fn build_argv(&self, values: &Values, facts: &EventFacts) -> Result<Vec<String>, Refused> {
        self.args.iter().map(|argument| argument.fill_argument(values, facts)).collect()
    }

    /// The whole environment of one run: `PATH`, `HOME`, `LANG`, the variables the entry lists as
    /// far as `inherited` has them, what Signalbox says about the event, and the secrets.
    ///
    /// # Errors
    /// [`Refused`] if a value is longer than [`MAX_VALUE_BYTES`] or has a NUL byte, which an
    /// environment cannot hold.
    pub fn build_environment(
        &self,
        spec: &ActionSpec,
        (values, secrets): (&Values, &Secrets),
        facts: &EventFacts,
        inherited: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<(String, String)>, Refused> {
        let ours = [
            ("PATH", PATH.to_owned()),
            ("HOME", inherited("HOME").unwrap_or_else(|| "/".to_owned())),
            ("LANG", "C.UTF-8".to_owned()),
        ];
        let mut variables: Vec<(String, String)> = ours
            .into_iter()
            .filter(|(name, _)| !self.env.iter().any(|listed| listed == name))
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        variables.extend(self.env.iter().filter_map(|name| Some((name.clone(), inherited(name)?))));

        let secrets = secrets.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let facts = Fact::ALL
            .into_iter()
            .map(|fact| (fact.variable().to_owned(), fact.value_for(facts).into_owned()));
        let parameters = spec.parameters.iter().filter_map(|parameter| {
            let value = values.get(&parameter.name)?;
            let name = format!("SIGNALBOX_PARAM_{}", parameter.name.to_ascii_uppercase());
            Some((name, value.to_owned()))
        });
        for (name, value) in facts.chain(parameters).chain(secrets) {
            let why = match value {
                _ if value.contains('\0') => "{what} has a NUL byte, which no environment can hold",
                _ if value.len() > MAX_VALUE_BYTES => "{what} is longer than 8 KiB",
                _ => {
                    variables.push((name, value));
                    continue;
                }
            };
            let what = Sentence::new("the variable {name}").with("name", name);
            return Err(Refused { what, why });
        }
        Ok(variables)
    }
}

impl Argument {
    fn fill_argument(&self, values: &Values, facts: &EventFacts) -> Result<String, Refused> {
        let (what, value) = match self {
            Self::Literal(text) => return Ok(text.clone()),
            Self::Fact(fact) => (
                Sentence::new("the argument {{word}}").with("word", fact.as_str()),
                fact.value_for(facts).into_owned(),
            ),
            Self::Parameter(name) => {
                let value = values.get(name).unwrap_or_default();
                let what = Sentence::new("the argument {param.{name}}").with("name", name);
                (what, value.to_owned())
            }
        };
        let why = match value {
            _ if value.is_empty() => "{what} would be empty: this event has no such value",
            _ if value.starts_with('-') => {
                "{what} would start with “-”, which a program reads as an option"
            }
            _ if value.chars().any(char::is_control) => {
                "{what} would have line ends or other control characters"
            }
            _ if value.len() > MAX_VALUE_BYTES => "{what} would be longer than 8 KiB",
            _ => return Ok(value),
        };
        Err(Refused { what, why })
    }
}
