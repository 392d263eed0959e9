//! The address of a repository, and when two of them mean the same one.
//!
//! GitLab writes one project's address in several forms (`git@host:group/name.git`,
//! `ssh://git@host:2222/group/name.git`, `https://host/group/name`), so records and events are
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
}

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
            return Self { host, web_port, is_web, path: canonical_path(path) };
        }
        // `user@host:path`, as scp and git write it: a colon before any slash.
        match scp_parts(text) {
            Some((authority, path)) => {
                let (host, _) = host_and_port(authority);
                Self { host, web_port: None, is_web: false, path: canonical_path(path) }
            }
            None => Self {
                host: String::new(),
                web_port: None,
                is_web: false,
                path: canonical_path(text),
            },
        }
    }

    /// Whether both mean one repository.
    ///
    /// Ports are compared only between two http addresses: ssh and http of one server have
    /// different ones.
    pub fn same_as(&self, other: &Self) -> bool {
        !self.path.is_empty()
            && self.host == other.host
            && self.path == other.path
            && (!(self.is_web && other.is_web) || self.web_port == other.web_port)
    }

    /// The path, `group/name`.
    pub fn path(&self) -> &str {
        &self.path
    }
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

fn canonical_path(path: &str) -> String {
    let path = path.trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
