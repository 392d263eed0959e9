//! Accounts as an administrator keeps them: added, given a role, switched off, deleted, their
//! sessions ended. Each is one transaction with its audit entry.
//!
//! Two rules hold under a lock, so that two administrators at once cannot break them: nobody
//! takes themselves out, and an administrator who can act remains.

use super::password;
use super::users::{
    AccountError, Asked, Credentials, clean_name, insert_account, name_taken, replace_password,
};
use signalbox_core::actor::Actor;
use signalbox_core::change::{Change, Snapshot, Value, diff_snapshots};
use signalbox_core::ids::UserId;
use signalbox_core::role::Role;
use signalbox_store::audit::{self, Entry, Verb, object};
use signalbox_store::sessions::{self, Which};
use signalbox_store::users::{self, Standing, User};
use signalbox_store::{Conn, Pool, StoreError, run_transaction};

/// Why one's own account cannot be deleted.
const NOT_YOURSELF: &str =
    "This is your own account. Another administrator can delete or disable it.";

/// Why the last administrator stays.
const LAST_ADMIN: &str = "This is the last active administrator. Make another user an \
                          administrator first.";

/// Adds an account that may read, until it is given another role.
///
/// # Errors
/// What is wrong with name or password; the name is taken; the database.
pub async fn add_account(
    pool: &Pool,
    by: &Actor,
    Credentials { username, password }: Credentials,
    asked: Asked<'_>,
) -> Result<Actor, AccountError> {
    let name = clean_name(&username)?.to_owned();
    password::check_strength(&password, &name)?;
    let password_hash = password::hash_password(password, asked.cost).await?;
    let mut conn = pool.get_conn().await?;
    run_transaction(&mut conn, async |conn: &mut Conn| {
        let (username, password_hash) = (name.as_str(), password_hash.as_str());
        let user = users::NewUser { username, password_hash, role: Role::Viewer };
        insert_account(conn, user, Some(by), asked).await
    })
    .await
    .map_err(|error| name_taken(error, &name))
}

/// Gives an account a role and a state; switched off, it loses its sessions.
///
/// # Errors
/// [`AccountError::Refused`] for oneself and the last administrator; stale; gone; the database.
pub async fn change_account(
    conn: &mut Conn,
    by: &Actor,
    (id, version): (UserId, i32),
    standing: Standing,
    asked: Asked<'_>,
) -> Result<User, AccountError> {
    run_transaction(conn, async |conn: &mut Conn| {
        users::lock_admins(conn).await?;
        let before = users::find_user(conn, id).await?;
        if before.version != version {
            return Err(StoreError::Stale.into());
        }
        let changes = diff_snapshots(
            Some(&account_snapshot(before.role, before.active)),
            Some(&of_standing(standing)),
        );
        if changes.is_empty() {
            return Ok(before);
        }
        if id == by.id {
            return Err(AccountError::Refused(if standing.active {
                "You cannot change your own role. Another administrator can."
            } else {
                "You cannot disable your own account. Another administrator can."
            }));
        }
        if !standing.is_admin() {
            keep_an_admin(conn, &before).await?;
        }
        users::set_standing(conn, id, version, standing).await?;
        if !standing.active {
            sessions::delete_of_user(conn, id).await?;
        }
        log_account(conn, by, (Verb::Change, &before, changes), asked).await?;
        Ok(before)
    })
    .await
}

/// Why an account cannot be deleted, if it cannot.
///
/// # Errors
/// It is gone; the database.
pub async fn why_undeletable(
    conn: &mut Conn,
    by: &Actor,
    id: UserId,
) -> Result<Option<&'static str>, StoreError> {
    let user = users::find_user(conn, id).await?;
    if id == by.id {
        return Ok(Some(NOT_YOURSELF));
    }
    match keep_an_admin(conn, &user).await {
        Err(AccountError::Refused(why)) => Ok(Some(why)),
        Err(AccountError::Store(error)) => Err(error),
        Ok(()) | Err(_) => Ok(None),
    }
}

/// Deletes an account and its sessions; what it did stays in the log.
///
/// # Errors
/// [`AccountError::Refused`] for oneself and the last administrator; gone; the database.
pub async fn delete_account(
    conn: &mut Conn,
    by: &Actor,
    id: UserId,
    asked: Asked<'_>,
) -> Result<User, AccountError> {
    run_transaction(conn, async |conn: &mut Conn| {
        users::lock_admins(conn).await?;
        let user = users::find_user(conn, id).await?;
        if id == by.id {
            return Err(AccountError::Refused(NOT_YOURSELF));
        }
        keep_an_admin(conn, &user).await?;
        users::delete_user(conn, id).await?;
        let mut before = account_snapshot(user.role, user.active);
        before.insert("username", Value::Text(user.username.clone()));
        log_account(conn, by, (Verb::Delete, &user, diff_snapshots(Some(&before), None)), asked)
            .await?;
        Ok(user)
    })
    .await
}

/// Sets another user's password, and ends all their sessions.
///
/// # Errors
/// The password is not acceptable; the user is gone; the database.
pub async fn reset_password(
    pool: &Pool,
    by: &Actor,
    user: &Actor,
    password: secrecy::SecretString,
    asked: Asked<'_>,
) -> Result<(), AccountError> {
    password::check_strength(&password, &user.username)?;
    let hash = password::hash_password(password, asked.cost).await?;
    replace_password(pool, user, &hash, Some(by), asked).await
}

/// Ends a person's sessions; answers how many.
///
/// # Errors
/// Those of the database.
pub async fn end_sessions(
    conn: &mut Conn,
    by: &Actor,
    user: &Actor,
    which: Which<'_>,
    asked: Asked<'_>,
) -> Result<usize, StoreError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let ended = sessions::end_sessions(conn, user.id, which).await?;
        if ended > 0 {
            let count = i64::try_from(ended).unwrap_or(i64::MAX);
            let change = Change {
                field: "sessions_ended".to_owned(),
                before: None,
                after: Some(Value::Number(count)),
                secret: false,
            };
            let entry = account_entry(by, asked, Verb::Logout, user, vec![change]);
            audit::record_entry(conn, Entry { object_id: &user.id.to_string(), ..entry }).await?;
        }
        Ok(ended)
    })
    .await
}

async fn keep_an_admin(conn: &mut Conn, user: &User) -> Result<(), AccountError> {
    let is_admin = Standing { role: user.role, active: user.active }.is_admin();
    if is_admin && !users::has_other_admin(conn, user.id).await? {
        return Err(AccountError::Refused(LAST_ADMIN));
    }
    Ok(())
}

fn account_snapshot(role: Role, active: bool) -> Snapshot {
    Snapshot::from([
        ("role", Value::Text(role.as_str().to_owned())),
        ("active", Value::Bool(active)),
    ])
}

fn of_standing(standing: Standing) -> Snapshot {
    account_snapshot(standing.role, standing.active)
}

fn account_entry<'a>(
    by: &'a Actor,
    asked: Asked<'a>,
    verb: Verb,
    user: &'a Actor,
    changes: Vec<Change>,
) -> Entry<'a> {
    Entry {
        at: asked.at,
        actor: Some(by),
        verb,
        object_type: object::USER,
        object_id: "",
        object_name: &user.username,
        changes,
        remote_addr: asked.remote_addr,
    }
}

async fn log_account(
    conn: &mut Conn,
    by: &Actor,
    (verb, user, changes): (Verb, &User, Vec<Change>),
    asked: Asked<'_>,
) -> Result<(), StoreError> {
    let (actor, id) = (user.as_actor(), user.id.to_string());
    let entry = account_entry(by, asked, verb, &actor, changes);
    audit::record_entry(conn, Entry { object_id: &id, ..entry }).await
}
