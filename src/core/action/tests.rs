//! Entries, their parameters and what a program gets of them.

use super::*;
