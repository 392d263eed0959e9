//! The address of a repository, and when two of them mean the same one.
//!
//! GitLab writes one project's address in several forms (`git@host:group/name.git`,
//! `ssh://git@host:2222/group/name.git`, `https://host/group/name`), so webhooks and events are
//! compared in a canonical form: the host whatever its case, the path exactly, never a part of
//! either.

use std::fmt;

/// A repository's address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryUrl {
    /// Host in lower case; empty for a path on a disk.
    host: String,
    /// Port of an http address that is not the usual one.
    web_port: Option<u16>,
    /// Whether the address is an http one, of which the port tells servers apart.
    is_web: bool,
    /// Path without leading and trailing slashes and without `.git`.
    path: String,
    /// The same behind its first segment, where that may be a port: `host:2222/group/name`.
    path_behind_port: Option<String>,
}

/// What a project's own pages are called behind its path; GitLab reserves these names.
const PAGES: [&str; 8] = ["-", "blame", "blob", "commits", "edit", "raw", "tree", "wikis"];

impl RepositoryUrl {
    /// Takes an address apart. Every text is some address; an empty one equals nothing.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some((scheme, rest)) = text.split_once("://") {
            let scheme = scheme.to_ascii_lowercase();
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let (host, port) = host_and_port(authority);
            let is_web = scheme == "http" || scheme == "https";
            let web_port = port.filter(|port| is_web && !matches!(port, 80 | 443));
            let path = canonical_path(path);
            return Self { host, web_port, is_web, path, path_behind_port: None };
        }
        // `user@host:path`, as scp and git write it: a colon before any slash.
        let (host, path) = match scp_parts(text) {
            Some((authority, path)) => (host_and_port(authority).0, canonical_path(path)),
            None => (String::new(), canonical_path(text)),
        };
        let path_behind_port =
            behind_port(&path).filter(|_| !host.is_empty()).map(ToOwned::to_owned);
        Self { host, web_port: None, is_web: false, path, path_behind_port }
    }

    /// Whether both mean one repository.
    ///
    /// Ports are compared only between two http addresses: ssh and http of one server have
    /// different ones. A path that may begin with a port is equal to both readings of it.
    pub fn same_as(&self, other: &Self) -> bool {
        let same_path = match (&self.path_behind_port, &other.path_behind_port) {
            (Some(path), None) if *path == other.path => true,
            (None, Some(path)) if *path == self.path => true,
            _ => self.path == other.path,
        };
        !self.path.is_empty()
            && self.host == other.host
            && same_path
            && (!(self.is_web && other.is_web) || self.web_port == other.web_port)
    }

    /// Why no repository of GitLab's can have this address, if none can.
    pub fn find_fault(&self) -> Option<&'static str> {
        if self.host.is_empty() {
            Some("Enter the full URL, such as https://gitlab.example.com/group/app.")
        } else if !self.path.contains('/') {
            Some("Enter the URL of a project, such as https://gitlab.example.com/group/app.")
        } else {
            None
        }
    }

    /// Whether both are addresses of one server.
    pub fn is_beside(&self, other: &Self) -> bool {
        !self.host.is_empty()
            && self.host == other.host
            && (!(self.is_web && other.is_web) || self.web_port == other.web_port)
    }

    /// The path, `group/name`.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// The repository's address in that of one of its web pages: `https://host/group/name/-/tree/main`
/// becomes `https://host/group/name`. Any other text stays as it is.
pub fn without_page(text: &str) -> &str {
    let text = text.trim();
    let Some((scheme, rest)) = text.split_once("://") else { return text };
    if !["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)) {
        return text;
    }
    let bare = rest.split(['?', '#']).next().unwrap_or_default();
    // The host, a group and a name come first.
    let mut length = 0;
    for (index, segment) in bare.split('/').enumerate() {
        if index > 2 && PAGES.contains(&segment.trim()) {
            break;
        }
        length += segment.len() + usize::from(index > 0);
    }
    let blank = |sign: char| sign == '/' || sign.is_whitespace();
    let kept = bare.get(..length).unwrap_or(bare).trim_end_matches(blank);
    text.get(..scheme.len() + "://".len() + kept.len()).unwrap_or(text)
}

/// Whether two written addresses mean one repository.
pub fn same_repository(left: &str, right: &str) -> bool {
    RepositoryUrl::parse(left).same_as(&RepositoryUrl::parse(right))
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.host)?;
        if let Some(port) = self.web_port {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.path)
    }
}

fn scp_parts(text: &str) -> Option<(&str, &str)> {
    let (authority, path) = match text.find("]:") {
        // A bracketed IPv6 address has colons of its own.
        Some(end) => (text.get(..=end)?, text.get(end + 2..)?),
        None => text.split_once(':')?,
    };
    (!authority.contains('/')).then_some((authority, path))
}

fn host_and_port(authority: &str) -> (String, Option<u16>) {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (host, None),
    };
    (host.trim_end_matches('.').to_lowercase(), port)
}

/// What stands behind a first segment that may be a port, if that may be a group and a name.
fn behind_port(path: &str) -> Option<&str> {
    let (port, rest) = path.split_once('/')?;
    let is_port = port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse::<u16>().is_ok();
    (is_port && rest.contains('/')).then_some(rest)
}

fn canonical_path(path: &str) -> String {
    let path = path.trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_repository_has_many_addresses() {
        let forms = [
            "git@git.example.com:team/app.git",
            "ssh://git@git.example.com/team/app.git",
            "ssh://git@git.example.com:2222/team/app.git",
            "http://git.example.com/team/app",
            "https://GIT.example.com/team/app.git",
            "https://git.example.com:443/team/app/",
            "https://oauth2:secret@git.example.com/team/app.git",
            "git://git.example.com/team/app.git/",
            " git.example.com:team/app ",
        ];
        for left in forms {
            for right in forms {
                assert!(same_repository(left, right), "{left} {right}");
            }
        }
    }

    #[test]
    fn nearly_the_same_is_another_one() {
        let base = "https://git.example.com/team/app.git";
        for other in [
            "https://git.example.com/team/apps.git",
            "https://git.example.com/team/App.git",
            "https://git.example.com/other/team/app.git",
            "https://git.example.com.evil.org/team/app.git",
            "https://evil-git.example.com/team/app.git",
            "https://git.example.com@evil.org/team/app.git",
            "https://git.example.com:8443/team/app.git",
            "https://git.example.com/team",
            "https://git.example.com/",
            "/git.example.com/team/app.git",
            "",
        ] {
            assert!(!same_repository(base, other), "{other}");
            assert!(!same_repository(other, base), "{other}");
        }
        assert!(!same_repository("", ""));
    }

    #[test]
    fn ports_tell_http_servers_apart_and_ssh_ports_do_not() {
        assert!(same_repository("http://h:8080/a/b", "http://h:8080/a/b.git"));
        assert!(!same_repository("http://h:8080/a/b", "http://h:9090/a/b"));
        assert!(same_repository("http://h:8080/a/b", "ssh://git@h:2222/a/b.git"));
        assert!(same_repository("https://[::1]:8443/a/b", "git@[::1]:a/b.git"));
    }

    #[test]
    fn a_first_segment_that_may_be_a_port_is_equal_to_both_readings() {
        let typed = "git@host:2222/group/app.git";
        for same in [
            "ssh://git@host:2222/group/app.git",
            "https://host/group/app",
            "git@host:group/app.git",
            "https://host/2222/group/app",
            "ssh://git@host/2222/group/app.git",
            "host:2222/group/app",
        ] {
            assert!(same_repository(typed, same) && same_repository(same, typed), "{same}");
        }
        for other in [
            "git@host:2223/group/app.git",
            "ssh://git@host:2222/group/apps.git",
            "ssh://git@other:2222/group/app.git",
            "git@host:app.git",
        ] {
            assert!(!same_repository(typed, other) && !same_repository(other, typed), "{other}");
        }
        // Behind a port stand a group and a name; `2222/app` is such a pair itself.
        assert!(!same_repository("git@host:2222/app.git", "ssh://git@host:2222/app.git"));
        assert!(!same_repository("git@host:99999/group/app", "ssh://git@host/group/app"));
    }

    proptest! {
        #[test]
        fn both_readings_hold_for_every_port_and_path(
            port in 0u16..=u16::MAX,
            path in "[a-z][a-z0-9._-]{0,8}(/[a-z][a-z0-9_-]{0,8}){1,3}",
        ) {
            let typed = format!("git@host:{port}/{path}.git");
            let as_port = format!("ssh://git@host:{port}/{path}.git");
            let as_path = format!("ssh://git@host/{port}/{path}.git");
            for reading in [&as_port, &as_path, &typed] {
                prop_assert!(same_repository(&typed, reading));
                prop_assert!(same_repository(reading, &typed));
            }
            prop_assert!(!same_repository(&as_port, &as_path));
            let other = format!("git@host:{}/{path}.git", port ^ 1);
            prop_assert!(!same_repository(&typed, &other));
        }

        #[test]
        fn a_page_of_a_repository_is_shortened_to_it_whatever_comes_behind(
            path in "[a-z]{1,8}(/[a-z]{6,8}){1,3}",
            page in "(-|tree|blob|raw)(/[a-z0-9-]{1,8}){0,4}/?([?][a-z=/&]{0,9})?(#[a-z/]{0,9})?",
        ) {
            let repository = format!("https://gitlab.example.com:8443/{path}");
            let typed = format!("{repository}/{page}");
            prop_assert_eq!(without_page(&typed), repository.as_str());
            prop_assert_eq!(without_page(&repository), repository.as_str());
        }
    }

    #[test]
    fn addresses_that_name_no_page_stay_as_they_are() {
        for text in [
            "https://gitlab.example.com/group/app.git",
            "https://gitlab.example.com/tree/raw",
            "http://gitlab.example.com/group/sub/app",
            "git@gitlab.example.com:group/app.git",
            "ssh://git@host:2222/group/app.git",
            "group/app",
            "",
        ] {
            assert_eq!(without_page(text), text);
        }
        assert_eq!(without_page(" https://h/group/app/?tab=readme#top "), "https://h/group/app");
        assert_eq!(without_page("HTTPS://h/group/app/-/issues/1"), "HTTPS://h/group/app");
        for once in ["app ?tab", "app / #top", "app//-/issues", "app /tree /-/", "app/tree ?a"] {
            assert_eq!(without_page(&format!("https://h/group/{once}")), "https://h/group/app");
        }
    }

    #[test]
    fn what_can_be_no_repository_has_its_sentence() {
        let fault = |text| RepositoryUrl::parse(text).find_fault();
        for whole in ["git@h:o/o.git", "https://h/o/o", "ssh://h:22/a/b/c.git", "h:2222/o/o"] {
            assert_eq!(fault(whole), None, "{whole}");
        }
        for bare in
            ["group/app", "/srv/git/app.git", "gitlab.example.com/group/app", "https:///a/b"]
        {
            assert!(fault(bare).unwrap().contains("full URL"), "{bare}");
        }
        for host in ["https://gitlab.example.com", "https://gitlab.example.com/group", "git@h:"] {
            assert!(fault(host).unwrap().contains("URL of a project"), "{host}");
        }
    }
}
