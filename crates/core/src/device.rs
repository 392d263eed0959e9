//! A browser that an account has signed in from: a value it keeps, signed by the server. It opens nothing; it
//! gives the browser a count of wrong passwords of its own, so that strangers cannot lock its person out.
//!
//! Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".

use super::ids::UserId;
use super::seal::hmac_sha256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// The value for a browser of this account.
#[must_use]
pub fn sign_device(key: &[u8], user: UserId, device: &str) -> String {
    format!("{device}.{}", device_signature(key, user, device))
}

/// What the browser is called, if this account signed in from it.
#[must_use]
pub fn verify_device<'v>(key: &[u8], user: UserId, value: &'v str) -> Option<&'v str> {
    let (device, signed) = value.split_once('.')?;
    let right = device_signature(key, user, device);
    bool::from(right.as_bytes().ct_eq(signed.as_bytes())).then_some(device)
}

fn device_signature(key: &[u8], user: UserId, device: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac_sha256(key, format!("device {} {device}", user.0).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_of_one_account_and_one_installation() {
        let value = sign_device(b"key", UserId(7), "chance");
        assert_eq!(verify_device(b"key", UserId(7), &value), Some("chance"));
        assert_eq!(verify_device(b"key", UserId(8), &value), None);
        assert_eq!(verify_device(b"another", UserId(7), &value), None);
        for bad in ["", ".", "chance", "chance.", &format!("x{value}"), &format!("{value}x")] {
            assert_eq!(verify_device(b"key", UserId(7), bad), None, "{bad:?}");
        }
    }
}
