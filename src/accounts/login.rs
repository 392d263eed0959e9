//! Signing in: credentials to a person, with one answer for every way to be wrong.

use super::password::{self, Cost, HashError};
use super::throttle::{Counted, Throttle, Wait};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use signalbox_core::actor::Actor;
use signalbox_core::ids::UserId;
use signalbox_store::audit::{self, Entry, Verb, object};
use signalbox_store::{Conn, Pool, StoreError, run_transaction, sessions, users};
use std::net::IpAddr;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such user, another password, or an account that is switched off: never said which.
    #[error("The username or password is wrong.")]
    Refused,
    /// Too many wrong tries.
    #[error("Too many wrong passwords. Try again in {} seconds.", .0.seconds)]
    Throttled(Wait),
    /// Hashing failed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A try to sign in.
#[derive(Debug)]
pub struct Attempt {
    /// The name as it was typed.
    pub username: String,
    /// The password as it was typed.
    pub password: SecretString,
    /// From where.
    pub remote_addr: Option<IpAddr>,
    /// What the browser keeps of an earlier sign-in ([`Throttle::sign_device`]).
    pub device: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Signs a person in: checks the wait, the password, writes the audit log, brings an old hash up
/// to the present cost.
///
/// # Errors
/// [`LoginError`].
pub async fn sign_in(
    pool: &Pool,
    throttle: &Throttle,
    cost: Cost,
    attempt: Attempt,
) -> Result<Actor, LoginError> {
    let Attempt { username, password, remote_addr, device, at } = attempt;
    let name = username.trim();
    // PostgreSQL refuses NUL in text.
    let (folded, found) =
        if name.contains('\0') || name.chars().count() > super::users::MAX_NAME_CHARS {
            (String::new(), None)
        } else {
            let mut conn = pool.get_conn().await?;
            (users::fold_name(&mut conn, name).await?, users::by_name(&mut conn, name).await?)
        };
    let known = found.as_ref().zip(device.as_deref());
    let known = known.and_then(|(user, device)| throttle.device_of(user.id, device));
    let mut counted = match known {
        Some(device) => vec![Counted::Device(device)],
        None => vec![Counted::Account(&folded)],
    };
    // A browser that is known answers for itself alone, whoever shares its address.
    counted.extend(remote_addr.filter(|_| known.is_none()).map(Counted::Sender));
    let admitted = throttle.admit_try(&counted, at).await?.map_err(LoginError::Throttled)?;
    let remote_addr = remote_addr.map(|addr| addr.to_string()).unwrap_or_default();
    let stored = found.as_ref().map(|user| user.password_hash.clone());
    let too_long = secrecy::ExposeSecret::expose_secret(&password).len() > password::MAX_BYTES;
    let verified =
        password::verify_password(password.clone(), stored.filter(|_| !too_long), cost).await?;
    let user = found.as_ref().filter(|user| user.active && verified.matches);
    let Some(user) = user else {
        let actor = found.as_ref().map(users::User::as_actor);
        note_refusal(pool, actor.as_ref(), name, &remote_addr, at).await?;
        return Err(LoginError::Refused);
    };
    throttle.forget_success(&admitted).await?;
    let fresh =
        if verified.is_stale { Some(password::hash_password(password, cost).await?) } else { None };
    let actor = user.as_actor();
    run_transaction::<_, StoreError, _>(&mut *pool.get_conn().await?, async |conn: &mut Conn| {
        if let Some(hash) = &fresh {
            users::set_password(conn, actor.id, hash).await?;
        }
        users::touch_login(conn, actor.id, at).await?;
        sessions::delete_expired(conn, at).await?;
        let id = actor.id.to_string();
        audit::record_entry(conn, sign_in_entry(&actor, &id, Verb::Login, &remote_addr, at)).await
    })
    .await?;
    tracing::info!(user.name = actor.username, remote_addr, "{} signed in", actor.username);
    Ok(actor)
}

/// Asks a signed-in person for their password again, no faster than at the door.
///
/// # Errors
/// [`LoginError`]; a wrong password is in the log.
pub async fn confirm_password(
    pool: &Pool,
    throttle: &Throttle,
    cost: Cost,
    user: UserId,
    attempt: Attempt,
) -> Result<(), LoginError> {
    let Attempt { username, password, remote_addr, device: _, at } = attempt;
    // The session's tries alone: neither colleagues nor strangers lock anybody out of it.
    let admitted = throttle.admit_try(&[Counted::Session(user)], at).await?;
    let admitted = admitted.map_err(LoginError::Throttled)?;
    let found = users::by_name(&mut *pool.get_conn().await?, &username).await?;
    let too_long = secrecy::ExposeSecret::expose_secret(&password).len() > password::MAX_BYTES;
    let stored = found.as_ref().map(|user| user.password_hash.clone()).filter(|_| !too_long);
    if password::verify_password(password, stored, cost).await?.matches {
        throttle.forget_success(&admitted).await?;
        return Ok(());
    }
    let remote_addr = remote_addr.map(|addr| addr.to_string()).unwrap_or_default();
    let actor = found.as_ref().map(users::User::as_actor);
    note_refusal(pool, actor.as_ref(), &username, &remote_addr, at).await?;
    Err(LoginError::Refused)
}

/// Notes that a person signed out.
///
/// # Errors
/// Those of the database.
pub async fn record_sign_out(
    pool: &Pool,
    actor: &Actor,
    remote_addr: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let id = actor.id.to_string();
    let entry = sign_in_entry(actor, &id, Verb::Logout, remote_addr, now);
    audit::record_entry(&mut *pool.get_conn().await?, entry).await
}

fn sign_in_entry<'a>(
    actor: &'a Actor,
    id: &'a str,
    verb: Verb,
    remote_addr: &'a str,
    at: DateTime<Utc>,
) -> Entry<'a> {
    Entry {
        at,
        actor: Some(actor),
        verb,
        object_type: object::USER,
        object_id: id,
        object_name: &actor.username,
        changes: Vec::new(),
        remote_addr,
    }
}

/// A refusal names its account only where there is one: what else is typed into a name field may
/// be a password.
async fn note_refusal(
    pool: &Pool,
    account: Option<&Actor>,
    typed: &str,
    remote_addr: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let name = account.map_or("(unknown)", |actor| actor.username.as_str());
    tracing::warn!(
        remote_addr,
        user.name = name,
        user.name_chars = typed.chars().count(),
        "Sign-in refused"
    );
    let object_id = account.map(|actor| actor.id.to_string()).unwrap_or_default();
    let entry = Entry {
        at,
        actor: None,
        verb: Verb::LoginFailed,
        object_type: object::USER,
        object_id: &object_id,
        object_name: name,
        changes: Vec::new(),
        remote_addr,
    };
    audit::record_entry(&mut *pool.get_conn().await?, entry).await
}
