//! Whom a command runs as: names of users and groups of this machine, as numbers.
//!
//! Names are looked up in `/etc/passwd` and `/etc/group` alone; an account from elsewhere (LDAP)
//! is written as a number.

use super::trust;
use signalbox_core::action::Command;
use signalbox_core::sentence::Sentence;
use signalbox_process::Ids;
use std::fs;
use std::path::{Path, PathBuf};

/// A user, with the home that passwd gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) ids: Ids,
    pub(super) home: PathBuf,
    pub(super) name: String,
}

/// Whom a command runs as; `None` = as we do.
///
/// # Errors
/// There is no such user or group, or we may not become them.
pub(super) fn resolve_identity(command: &Command, us: u32) -> Result<Option<Identity>, Sentence> {
    let Some(user) = &command.user else { return Ok(None) };
    let read = |file: &str| {
        fs::read_to_string(file).map_err(|error| trust::describe_io_error(Path::new(file), &error))
    };
    let mut identity = find_user(&read("/etc/passwd")?, user)?;
    if let Some(group) = &command.group {
        identity.ids.gid = find_group(&read("/etc/group")?, group)?;
    }
    if us == 0 {
        Ok(Some(identity))
    } else if identity.ids.uid == us && command.group.is_none() {
        Ok(None)
    } else {
        let why = "user = {user}: only a Signalbox that runs as root may become somebody else";
        Err(Sentence::new(why).with("user", format!("{user:?}")))
    }
}

/// Source: passwd(5), name:password:uid:gid:comment:home:shell.
fn find_user(passwd: &str, user: &str) -> Result<Identity, Sentence> {
    let number: Option<u32> = user.parse().ok();
    let found = passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, ..] = fields.as_slice() else { return None };
        let ids = Ids { uid: uid.parse().ok()?, gid: gid.parse().ok()? };
        let is_meant = *name == user || number == Some(ids.uid);
        is_meant.then(|| Identity { ids, home: home.into(), name: (*name).to_owned() })
    });
    let unlisted = number.map(|uid| Identity {
        ids: Ids { uid, gid: uid },
        home: PathBuf::from("/"),
        name: user.to_owned(),
    });
    found.or(unlisted).ok_or_else(|| {
        let why = Sentence::new("user = {user}: /etc/passwd has no such user");
        why.with("user", format!("{user:?}"))
    })
}

/// Source: group(5), name:password:gid:members.
fn find_group(groups: &str, group: &str) -> Result<u32, Sentence> {
    let named = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == group).then_some(())?;
        fields.nth(1)?.parse().ok()
    });
    named.or_else(|| group.parse().ok()).ok_or_else(|| {
        let why = Sentence::new("group = {group}: /etc/group has no such group");
        why.with("group", format!("{group:?}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34::/var/www:/bin/false\n";

    #[test]
    fn users_are_found_by_name_and_number() {
        let www =
            Identity { ids: Ids { uid: 33, gid: 34 }, home: "/var/www".into(), name: "www".into() };
        assert_eq!(find_user(PASSWD, "www"), Ok(www.clone()));
        assert_eq!(find_user(PASSWD, "33"), Ok(www));
        assert_eq!(find_user(PASSWD, "4711").unwrap().ids, Ids { uid: 4711, gid: 4711 });
        assert!(find_user(PASSWD, "nobody").unwrap_err().to_string().contains("no such user"));
        assert_eq!(find_group("docker:x:999:www\n", "docker"), Ok(999));
        assert_eq!(find_group("", "999"), Ok(999));
        assert!(find_group("", "docker").is_err());
    }

    #[test]
    fn only_root_may_become_somebody_else() {
        let text = "command = ['/bin/true']\nuser = 'root'";
        let spec = signalbox_core::action::ActionSpec::from_toml("x", text).unwrap();
        let signalbox_core::action::ActionKind::Command(command) = &spec.kind else { panic!() };
        assert_eq!(resolve_identity(command, 0).unwrap().unwrap().ids.uid, 0);
        assert!(
            resolve_identity(command, 1000)
                .unwrap_err()
                .to_string()
                .contains("only a Signalbox that runs as root")
        );
    }
}
