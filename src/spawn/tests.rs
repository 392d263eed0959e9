//! Children that are started, signalled, waited for, and die with us.

use super::*;
