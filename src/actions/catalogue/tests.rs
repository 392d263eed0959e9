//! The catalogue on folders that are sound, broken, and open to others.

use super::*;
