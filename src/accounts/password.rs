//! Passwords: what makes one acceptable, and argon2id away from the async threads.
//!
//! Source for the cost: OWASP Password Storage Cheat Sheet (argon2id, 19 MiB, 2 passes). For
//! what is asked of a password: NIST SP 800-63B, 5.1.1.2 (length and a block list, no rules of
//! composition).

use crate::clock;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// The fewest characters of a password.
pub const MIN_CHARS: usize = 10;

/// The most bytes of a password: hashing more would only cost time.
pub const MAX_BYTES: usize = 1024;

/// Hashes computed at once: each takes [`Cost::memory_kib`] and a core.
const AT_ONCE: usize = 4;

static ROOM: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(AT_ONCE));

/// What a hash costs to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// For people's passwords.
    pub const STANDARD: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// For tests, which must not wait.
    pub const CHEAP: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    fn argon_params(self) -> Result<Params, HashError> {
        Params::new(self.memory_kib, self.passes, self.lanes, None)
            .map_err(|error| HashError(error.to_string()))
    }

    fn build_hasher(self) -> Result<Argon2<'static>, HashError> {
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, self.argon_params()?))
    }
}

/// A hash that could not be computed: settings out of range, or the process is stopping.
#[derive(Debug, thiserror::Error)]
#[error("Failed to hash the password: {0}")]
pub struct HashError(String);

/// Why a password is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer than [`MIN_CHARS`] characters.
    #[error("Use at least 10 characters.")]
    Short,
    /// More than [`MAX_BYTES`] bytes.
    #[error("Use at most 1024 bytes.")]
    Long,
    /// The username, or close to it.
    #[error("Use a password other than the username.")]
    LikeName,
    /// One that everybody tries first.
    #[error("This password is too common. Use another.")]
    Common,
}

/// What is asked of a password, as help beside its field.
pub const HELP: &str = "At least 10 characters. Three or four words are enough.";

/// Whether a new password is acceptable.
///
/// # Errors
/// What is wrong with it.
pub fn check_strength(password: &SecretString, username: &str) -> Result<(), Weak> {
    let password = password.expose_secret();
    if password.len() > MAX_BYTES {
        return Err(Weak::Long);
    }
    if password.chars().count() < MIN_CHARS {
        return Err(Weak::Short);
    }
    let plain = password.to_lowercase();
    let name = username.trim().to_lowercase();
    let reversed: String = name.chars().rev().collect();
    if name.chars().count() > 3 {
        let rest = plain.replace(&name, "").replace(&reversed, "");
        if rest.chars().count() < 4 {
            return Err(Weak::LikeName);
        }
    }
    if is_common(&plain) { Err(Weak::Common) } else { Ok(()) }
}

/// One character or a short piece over and over, a run along the keyboard, or a word of the list
/// with digits around it.
fn is_common(plain: &str) -> bool {
    const WORDS: [&str; 24] = [
        "password",
        "passw0rd",
        "p@ssword",
        "p@ssw0rd",
        "letmein",
        "welcome",
        "iloveyou",
        "admin",
        "administrator",
        "signalbox",
        "changeme",
        "qwerty",
        "qwertyuiop",
        "asdfghjkl",
        "monkey",
        "dragon",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "superman",
        "trustno",
        "gitlab",
        "secret",
    ];
    const RUNS: [&str; 4] = [
        "01234567890123456789",
        "qwertyuiopasdfghjklzxcvbnm",
        "abcdefghijklmnopqrstuvwxyz",
        "1q2w3e4r5t6y7u8i9o0p",
    ];
    let distinct = plain.chars().collect::<std::collections::BTreeSet<_>>().len();
    let backwards: String = plain.chars().rev().collect();
    let core = plain.trim_matches(|c: char| !c.is_alphabetic());
    distinct < 4
        || RUNS.iter().any(|run| run.contains(plain) || run.contains(&backwards))
        || WORDS.iter().any(|word| core == *word || plain == word.repeat(2))
}

/// Hashes a password, under a salt of its own.
///
/// # Errors
/// [`HashError`]: the cost is out of range, or the process is stopping.
pub async fn hash_password(password: SecretString, cost: Cost) -> Result<String, HashError> {
    run_blocking(move || {
        let salt: [u8; 16] = clock::random_bytes();
        let hash = cost
            .build_hasher()?
            .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
            .map_err(|error| HashError(error.to_string()))?;
        Ok(hash.to_string())
    })
    .await
}

/// What a stored hash tells of itself, in words, and nothing of the password:
/// `argon2id, 19 MiB, 2 passes, 1 lane`.
#[must_use]
pub fn describe_hash(stored: &str) -> String {
    let Ok(hash) = PasswordHash::new(stored) else { return "not readable".to_owned() };
    let algorithm = hash.algorithm.to_string();
    let Ok(params) = Params::try_from(&hash) else { return algorithm };
    let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    let memory = match memory {
        kib if kib >= 1024 => format!("{} MiB", kib / 1024),
        kib => format!("{kib} KiB"),
    };
    let several = |count: u32, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    format!(
        "{algorithm}, {memory}, {}, {}",
        several(passes, "pass", "passes"),
        several(lanes, "lane", "lanes")
    )
}

/// What became of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Whether the password is the one.
    pub matches: bool,
    /// Whether its hash was made at another cost: hash it anew.
    pub is_stale: bool,
}

/// Compares a password with a stored hash. Without one (no such account) it takes as long and
/// says no.
///
/// # Errors
/// [`HashError`]: the stored hash cannot be read, or the process is stopping.
pub async fn verify_password(
    password: SecretString,
    stored: Option<String>,
    cost: Cost,
) -> Result<Verified, HashError> {
    run_blocking(move || {
        let hasher = cost.build_hasher()?;
        let Some(stored) = stored else {
            let _ = hasher.hash_password_with_salt(password.expose_secret().as_bytes(), &[0; 16]);
            return Ok(Verified { matches: false, is_stale: false });
        };
        let hash = PasswordHash::new(&stored).map_err(|error| HashError(error.to_string()))?;
        let matches = hasher.verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
        let used = Params::try_from(&hash).map_err(|error| HashError(error.to_string()))?;
        let wanted = cost.argon_params()?;
        let is_stale = (used.m_cost(), used.t_cost(), used.p_cost())
            != (wanted.m_cost(), wanted.t_cost(), wanted.p_cost());
        Ok(Verified { matches, is_stale })
    })
    .await
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
) -> Result<T, HashError> {
    let _room = ROOM.acquire().await.map_err(|error| HashError(error.to_string()))?;
    tokio::task::spawn_blocking(work).await.map_err(|error| HashError(error.to_string()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret_text(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn weak_passwords_are_refused_with_the_reason() {
        let weak = |text: &str| check_strength(&secret_text(text), "ada.lovelace").unwrap_err();
        assert_eq!(weak("short"), Weak::Short);
        assert_eq!(weak("näämlich!"), Weak::Short);
        assert_eq!(weak(&"x1y2".repeat(300)), Weak::Long);
        assert_eq!(weak("Ada.Lovelace"), Weak::LikeName);
        assert_eq!(weak("ada.lovelace1"), Weak::LikeName);
        assert_eq!(weak("ecalevol.ada"), Weak::LikeName);
        for common in [
            "aaaaaaaaaaaa",
            "ababababab",
            "0123456789",
            "9876543210",
            "Password123",
            "1q2w3e4r5t",
            "passwordpassword",
        ] {
            assert_eq!(weak(common), Weak::Common, "{common}");
        }
        for good in ["correct horse battery", "Tr4verse-moss", "三四五六七八九十甲乙丙"]
        {
            assert_eq!(check_strength(&secret_text(good), "ada.lovelace"), Ok(()), "{good}");
        }
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_and_knows_its_password() {
        let stored = hash_password(secret_text("correct horse"), Cost::CHEAP).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        assert_eq!(describe_hash(&stored), "argon2id, 8 KiB, 1 pass, 1 lane");
        assert_eq!(describe_hash("plain"), "not readable");
        let verify = |text: &str, stored: Option<String>, cost| {
            verify_password(secret_text(text), stored, cost)
        };
        let same = verify("correct horse", Some(stored.clone()), Cost::CHEAP).await.unwrap();
        assert_eq!(same, Verified { matches: true, is_stale: false });
        let other = verify("Correct horse", Some(stored.clone()), Cost::CHEAP).await.unwrap();
        assert!(!other.matches);
        let dearer = Cost { passes: 2, ..Cost::CHEAP };
        assert!(verify("correct horse", Some(stored), dearer).await.unwrap().is_stale);
        assert!(!verify("correct horse", None, Cost::CHEAP).await.unwrap().matches);
        assert!(verify("x", Some("not a hash".into()), Cost::CHEAP).await.is_err());
    }
}
