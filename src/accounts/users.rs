//! Accounts as they are made and changed: each one transaction with its audit entry.

use super::password::{self, Cost, HashError, Weak};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use signalbox_core::actor::Actor;
use signalbox_core::change::{Change, Snapshot, Value, diff_snapshots};
use signalbox_core::role::Role;
use signalbox_store::audit::{self, Entry, Verb, object};
use signalbox_store::{Conn, Pool, StoreError, run_transaction, sessions, users};

/// The most characters of a username.
pub const MAX_NAME_CHARS: usize = 150;

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name is empty, too long, or has other characters than it may.
    #[error("{0}")]
    BadName(&'static str),
    /// The name is taken.
    #[error("A user named {0} already exists.")]
    NameTaken(String),
    /// The password is not acceptable.
    #[error(transparent)]
    Weak(#[from] Weak),
    /// There is a user already, so the first one cannot be made.
    #[error("A user already exists.")]
    NotFirst,
    /// No user of this name.
    #[error("No user has this name.")]
    NoSuchUser,
    /// The present password is another one.
    #[error("This is not your current password.")]
    WrongPassword,
    /// One may not do this to one's own account, or to the last administrator's.
    #[error("{0}")]
    Refused(&'static str),
    /// Hashing failed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a person asks for: an account of this name and password.
#[derive(Debug)]
pub struct Credentials {
    /// The name to sign in with.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// Who asks, when and from where; `remote_addr` is empty for the command line.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// From where.
    pub remote_addr: &'a str,
    /// The cost of the new hash.
    pub cost: Cost,
}

/// The name without spaces around it, if it may be one.
///
/// # Errors
/// [`AccountError::BadName`] with what is wrong.
pub fn clean_name(username: &str) -> Result<&str, AccountError> {
    let name = username.trim();
    if name.is_empty() {
        return Err(AccountError::BadName("Enter a username."));
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(AccountError::BadName("Use at most 150 characters."));
    }
    if !name.chars().all(|c| c.is_alphanumeric() || "@.+-_".contains(c)) {
        return Err(AccountError::BadName("Use letters, digits and @ . + - _ only."));
    }
    Ok(name)
}

/// Makes an administrator.
///
/// # Errors
/// What is wrong with name or password; the name is taken; the database.
pub async fn create_superuser(
    pool: &Pool,
    credentials: Credentials,
    asked: Asked<'_>,
) -> Result<Actor, AccountError> {
    create_user(pool, credentials, asked, false).await
}

/// Makes the first account, an administrator, if there is none: of two that try at once, one
/// succeeds.
///
/// # Errors
/// [`AccountError::NotFirst`]; else as [`create_superuser`].
pub async fn create_first(
    pool: &Pool,
    credentials: Credentials,
    asked: Asked<'_>,
) -> Result<Actor, AccountError> {
    create_user(pool, credentials, asked, true).await
}

async fn create_user(
    pool: &Pool,
    Credentials { username, password }: Credentials,
    asked: Asked<'_>,
    must_be_first: bool,
) -> Result<Actor, AccountError> {
    let name = clean_name(&username)?.to_owned();
    password::check_strength(&password, &name)?;
    let hash = password::hash_password(password, asked.cost).await?;
    let mut conn = pool.get_conn().await?;
    let made = run_transaction::<_, StoreError, _>(&mut conn, async |conn: &mut Conn| {
        if must_be_first {
            users::lock_first(conn).await?;
            if users::any_exists(conn).await? {
                return Ok(None);
            }
        }
        let user = users::NewUser { username: &name, password_hash: &hash, role: Role::Admin };
        insert_account(conn, user, None, asked).await.map(Some)
    })
    .await;
    match made {
        Ok(Some(actor)) => Ok(actor),
        Ok(None) => Err(AccountError::NotFirst),
        Err(error) => Err(name_taken(error, username.trim())),
    }
}

/// Names the account that has the name already.
pub(super) fn name_taken(error: StoreError, name: &str) -> AccountError {
    match error {
        StoreError::Constraint(broken) if broken == "users_username_key" => {
            AccountError::NameTaken(name.to_owned())
        }
        error => error.into(),
    }
}

/// Makes an account, with its audit entry; `by` is none for the command line and the first one.
pub(super) async fn insert_account(
    conn: &mut Conn,
    user: users::NewUser<'_>,
    by: Option<&Actor>,
    asked: Asked<'_>,
) -> Result<Actor, StoreError> {
    let users::NewUser { username, password_hash, role } = user;
    let id = users::insert_user(conn, users::NewUser { username, password_hash, role }, asked.at)
        .await?;
    let actor = Actor { id, username: username.to_owned(), role };
    let after = Snapshot::from([
        ("username", Value::Text(username.to_owned())),
        ("role", Value::Text(role.as_str().to_owned())),
        ("active", Value::Bool(true)),
    ]);
    let mut changes = diff_snapshots(None, Some(&after));
    changes.push(Change::of_secret("password"));
    let entry = Entry {
        at: asked.at,
        actor: by,
        verb: Verb::Add,
        object_type: object::USER,
        object_id: &id.to_string(),
        object_name: username,
        changes,
        remote_addr: asked.remote_addr,
    };
    audit::record_entry(conn, entry).await?;
    Ok(actor)
}

/// Sets a user's password from the command line, and ends all their sessions.
///
/// # Errors
/// No such user; the password is not acceptable; the database.
pub async fn change_password(
    pool: &Pool,
    Credentials { username, password }: Credentials,
    asked: Asked<'_>,
) -> Result<(), AccountError> {
    let found = users::by_name(&mut *pool.get_conn().await?, &username).await?;
    let actor = found.ok_or(AccountError::NoSuchUser)?.as_actor();
    password::check_strength(&password, &actor.username)?;
    let hash = password::hash_password(password, asked.cost).await?;
    replace_password(pool, &actor, &hash, None, asked).await
}

/// What a person types to change their own password.
#[derive(Debug)]
pub struct OwnPassword {
    /// The present one.
    pub old: SecretString,
    /// The new one; `None` = it is refused already, only see whether the present one is right.
    pub new: Option<SecretString>,
}

/// Changes one's own password, and ends all sessions of that user: the caller renews its own.
///
/// # Errors
/// The old password is another one; the new one is not acceptable; the database.
pub async fn change_own_password(
    pool: &Pool,
    actor: &Actor,
    OwnPassword { old, new }: OwnPassword,
    asked: Asked<'_>,
) -> Result<(), AccountError> {
    let stored = users::find_user(&mut *pool.get_conn().await?, actor.id).await?.password_hash;
    if !password::verify_password(old, Some(stored), asked.cost).await?.matches {
        return Err(AccountError::WrongPassword);
    }
    let Some(new) = new else { return Ok(()) };
    password::check_strength(&new, &actor.username)?;
    let hash = password::hash_password(new, asked.cost).await?;
    replace_password(pool, actor, &hash, Some(actor), asked).await
}

/// Sets a user's password and ends all their sessions.
pub(super) async fn replace_password(
    pool: &Pool,
    user: &Actor,
    hash: &str,
    by: Option<&Actor>,
    asked: Asked<'_>,
) -> Result<(), AccountError> {
    run_transaction::<_, StoreError, _>(&mut *pool.get_conn().await?, async |conn: &mut Conn| {
        users::set_password(conn, user.id, hash).await?;
        sessions::delete_of_user(conn, user.id).await?;
        let entry = Entry {
            at: asked.at,
            actor: by,
            verb: Verb::Change,
            object_type: object::USER,
            object_id: &user.id.to_string(),
            object_name: &user.username,
            changes: vec![Change::of_secret("password")],
            remote_addr: asked.remote_addr,
        };
        audit::record_entry(conn, entry).await
    })
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_of_few_characters() {
        assert_eq!(
            clean_name("  ada.lovelace+1@example.com ").unwrap(),
            "ada.lovelace+1@example.com"
        );
        assert_eq!(clean_name("王小明").unwrap(), "王小明");
        for bad in ["", "   ", "a b", "a/b", "<b>", "a\nb", &"x".repeat(151)] {
            assert!(matches!(clean_name(bad), Err(AccountError::BadName(_))), "{bad:?}");
        }
    }
}
