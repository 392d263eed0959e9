//! The server's address as `DATABASE_URL` gives it: one host, or those of a cluster, one of which leads.

use std::fmt::Write;
use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

/// How long one of several hosts may take to answer, in seconds: the one that leads may be the last of
/// three, and all together have five.
const ANSWER_S: u32 = 1;
/// How long what was sent to one of several hosts may go unacknowledged, in seconds, until the
/// connection counts as broken: a machine that has vanished does not say so.
const SILENCE_S: u32 = 10;

/// The address, completed for several hosts as far as it does not say so itself: only one that can
/// write will do, and one that does not answer is given up soon.
///
/// # Errors
/// What is wrong with it. The address is not quoted: it may hold a password.
pub fn complete_address(url: &str) -> Result<String, String> {
    let config: Config = url.parse().map_err(|error: tokio_postgres::Error| error.to_string())?;
    let mut complete = url.to_owned();
    if config.get_hosts().len() < 2 {
        return Ok(complete);
    }
    let mut add = |name: &str, value: &str| {
        let before = if complete.contains('?') { '&' } else { '?' };
        // Writing to a string cannot fail.
        let _ = write!(complete, "{before}{name}={value}");
    };
    if config.get_target_session_attrs() == TargetSessionAttrs::Any {
        add("target_session_attrs", "read-write");
    }
    if config.get_connect_timeout().is_none() {
        add("connect_timeout", &ANSWER_S.to_string());
    }
    if config.get_tcp_user_timeout().is_none() {
        add("tcp_user_timeout", &SILENCE_S.to_string());
    }
    Ok(complete)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_stays_as_it_is_and_several_are_completed() {
        for one in ["postgres://a:b@c:1/d?sslmode=disable", "postgres:///d?host=/run&user=e"] {
            assert_eq!(complete_address(one).unwrap(), one);
        }
        let several = "postgres://a:b@c:1,d:2/e";
        let added = "target_session_attrs=read-write&connect_timeout=1&tcp_user_timeout=10";
        assert_eq!(complete_address(several).unwrap(), format!("{several}?{added}"));
        let said = format!("{several}?{added}");
        assert_eq!(complete_address(&said).unwrap(), said);
        let own = complete_address("postgres://c,d/e?connect_timeout=9").unwrap();
        assert!(own.contains("connect_timeout=9&target_session_attrs=read-write"), "{own}");
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        for wrong in ["postgres://a:secret@c:port/d", "postgres://a:secret@c/d?nonsense=1"] {
            let error = complete_address(wrong).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
