//! Collects what is wrong with the settings, so that one look mends them all.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Faults(Vec<String>);

/// Settings that cannot be used; says every fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSettings(Vec<String>);

impl Faults {
    /// Notes a fault of a setting.
    pub fn add_fault(&mut self, setting: &str, reason: impl fmt::Display) {
        self.0.push(format!("{setting}: {reason}"));
    }

    /// A whole number within a range; a fault and the range's start if it is none.
    pub fn parse_number<N>(&mut self, setting: &str, text: &str, range: RangeInclusive<N>) -> N
    where
        N: FromStr + PartialOrd + Copy + fmt::Display,
    {
        match text.trim().parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (from, to) = (range.start(), range.end());
                self.add_fault(setting, format!("{text:?} is no whole number from {from} to {to}"));
                *from
            }
        }
    }

    /// Yes or no; a fault and no if it is neither.
    pub fn parse_switch(&mut self, setting: &str, text: &str) -> bool {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => true,
            "false" | "no" | "off" | "0" | "" => false,
            _ => {
                self.add_fault(setting, format!("{text:?} is neither true nor false"));
                false
            }
        }
    }

    /// What was read, if nothing is wrong with it.
    pub(super) fn none_or<T>(self, value: T) -> Result<T, BadSettings> {
        if self.0.is_empty() { Ok(value) } else { Err(BadSettings(self.0)) }
    }
}

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "a setting cannot be used: {one}"),
            many => {
                write!(f, "{} settings cannot be used:", many.len())?;
                many.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

impl std::error::Error for BadSettings {}
