//! Real programs, run as an action runs them.

use super::*;
