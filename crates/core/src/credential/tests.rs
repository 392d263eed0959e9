//! Tokens and signatures held to what proves them.

use super::*;
use chrono::TimeDelta;

const KEY: [u8; 32] = [9; 32];
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn with_token(token: &[u8]) -> Presented {
    Presented { token: Some(token_digest(&KEY, token)), signed: None }
}

#[test]
fn only_the_very_token_is_accepted() {
    let stored = token_digest(&KEY, b"Geheim-123");
    let required = Required { token: Some(&stored), ..Required::default() };
    let ask = |token: &[u8]| check_credential(&with_token(token), required, b"", NOW);
    assert_eq!(ask(b"Geheim-123"), Check::TOKEN);
    for wrong in
        [&b"geheim-123"[..], b"Geheim-12", b"Geheim-1234", b"", b" Geheim-123", b"\xff\xfe"]
    {
        assert_eq!(ask(wrong), Check::Wrong);
    }
    assert_eq!(check_credential(&Presented::default(), required, b"", NOW), Check::Absent);
}

#[test]
fn an_absent_secret_is_no_empty_one() {
    let required = Required::default();
    let check = check_credential(&with_token(b""), required, b"", NOW);
    assert_eq!(check, Check::NotRequired);
    assert!(!check.is_accepted(false));
    assert!(check.is_accepted(true));
}

#[test]
fn the_published_example_of_standard_webhooks_verifies() {
    let key = SigningKey::from_shown("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signature =
        key.sign_message("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_signature_holds_for_its_body_key_and_five_minutes() {
    let key = SigningKey::from_shown("plain text secret").unwrap();
    let required = Required { signing: Some(&key), ..Required::default() };
    let signed = |at: i64, body: &[u8]| Presented {
        token: None,
        signed: Some(Signed {
            id: "id-1".into(),
            timestamp: at.to_string(),
            signatures: format!("v1,AAAA {}", key.sign_message("id-1", &at.to_string(), body)),
        }),
    };
    assert_eq!(check_credential(&signed(0, b"{}"), required, b"{}", NOW), Check::SIGNATURE);
    assert_eq!(check_credential(&signed(0, b"{}"), required, b"{ }", NOW), Check::Wrong);
    for (seconds, expected) in [
        (WINDOW_S, Check::SIGNATURE),
        (WINDOW_S + 1, Check::StaleSignature),
        (-WINDOW_S, Check::SIGNATURE),
        (-WINDOW_S - 1, Check::StaleSignature),
    ] {
        let now = NOW + TimeDelta::seconds(seconds);
        assert_eq!(
            check_credential(&signed(0, b"{}"), required, b"{}", now),
            expected,
            "{seconds}"
        );
    }
    let other = SigningKey::from_shown("another secret").unwrap();
    let required = Required { signing: Some(&other), ..Required::default() };
    assert_eq!(check_credential(&signed(0, b"{}"), required, b"{}", NOW), Check::Wrong);
}

#[test]
fn the_previous_secrets_are_accepted_beside_the_present_ones_and_told_apart() {
    let (new, old) = (token_digest(&KEY, b"new"), token_digest(&KEY, b"old"));
    let keys = ["new key", "old key"].map(|key| SigningKey::from_shown(key).unwrap());
    let required = Required {
        token: Some(&new),
        previous_token: Some(&old),
        signing: Some(&keys[0]),
        previous_signing: Some(&keys[1]),
        signature: false,
    };
    let signed = |key: &SigningKey| Signed {
        id: "i".into(),
        timestamp: "0".into(),
        signatures: key.sign_message("i", "0", b"{}"),
    };
    let ask = |token: Option<&[u8]>, key: Option<&SigningKey>| {
        let token = token.map(|token| token_digest(&KEY, token));
        let presented = Presented { token, signed: key.map(signed) };
        check_credential(&presented, required, b"{}", NOW)
    };
    let valid = |token, signature| Check::Valid(Proof { token, signature });
    let (present, previous) = (Some(Which::Present), Some(Which::Previous));
    assert_eq!(ask(Some(b"new"), Some(&keys[0])), valid(present, present));
    assert_eq!(ask(Some(b"old"), None), valid(previous, None));
    assert_eq!(ask(None, Some(&keys[1])), valid(None, previous));
    assert_eq!(ask(Some(b"other"), Some(&keys[1])), valid(None, previous));
    assert_eq!(ask(Some(b"other"), None), Check::Wrong);
}

#[test]
fn where_a_signature_is_required_the_token_alone_is_not_enough() {
    let (token, key) = (token_digest(&KEY, b"t"), SigningKey::from_shown("key").unwrap());
    let required = Required {
        token: Some(&token),
        signing: Some(&key),
        signature: true,
        ..Required::default()
    };
    let ask = |token: &[u8], at: &str| {
        let signatures = key.sign_message("i", at, b"{}");
        let signed = Signed { id: "i".into(), timestamp: at.into(), signatures };
        check_credential(
            &Presented { signed: Some(signed), ..with_token(token) },
            required,
            b"{}",
            NOW,
        )
    };
    assert_eq!(check_credential(&with_token(b"t"), required, b"{}", NOW), Check::SignatureRequired);
    assert!(!Check::SignatureRequired.is_accepted(true));
    assert_eq!(check_credential(&with_token(b"x"), required, b"{}", NOW), Check::Wrong);
    assert!(ask(b"t", "0").is_signature());
    assert!(ask(b"wrong", "0").is_signature());
    assert_eq!(ask(b"t", "-301"), Check::SignatureRequired);
}

#[test]
fn a_secret_token_and_the_key_give_one_signing_token_such_as_gitlab_takes() {
    let token = SigningKey::token_beside(&KEY, "secret");
    assert!(SigningKey::is_gitlabs(&token));
    assert_eq!(token, SigningKey::token_beside(&KEY, "secret"));
    assert_ne!(token, SigningKey::token_beside(&KEY, "another"));
    assert_ne!(token, SigningKey::token_beside(&[8; 32], "secret"));
    // What is stored of the secret token does not give it away.
    assert!(!token.contains(&STANDARD.encode(token_digest(&KEY, b"secret"))));
}

#[test]
fn a_broken_signing_token_is_none() {
    assert!(SigningKey::from_shown("").is_none());
    assert!(SigningKey::from_shown("whsec_").is_none());
    assert!(SigningKey::from_shown("whsec_not base64!").is_none());
}
