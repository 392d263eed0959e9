//! The login at a registry of images that asks for one.

use super::{Source, Text};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::json;

/// How an image without a registry in its name calls the one it is of.
const DOCKER_HUB: &str = "docker.io";
/// That one's own name for itself.
const DOCKER_HUB_ADDRESS: &str = "https://index.docker.io/v1/";

/// A registry and who logs in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Its name, as images begin with it: `registry.example.com:5000`.
    pub server: String,
    /// Who.
    pub username: Text,
    /// With what; secrets alone.
    pub password: Text,
}

/// The login of one run. Has no `Debug`: it would show the password.
pub struct Login {
    /// The registry.
    pub server: String,
    username: String,
    password: String,
}

impl Registry {
    /// The login with its secrets in it.
    #[must_use]
    pub fn fill_login(&self, source: Source<'_>) -> Login {
        Login {
            server: self.server.clone(),
            username: self.username.fill_text(source),
            password: self.password.fill_text(source),
        }
    }
}

impl Login {
    /// Whether an image is of this registry: a login is sent to no other.
    #[must_use]
    pub fn is_for(&self, image: &str) -> bool {
        registry_of(image) == self.server
    }

    /// The value of the header `X-Registry-Auth`. Source: the engine's API, "Authentication".
    #[must_use]
    pub fn auth_header(&self) -> String {
        let server = if self.server == DOCKER_HUB { DOCKER_HUB_ADDRESS } else { &self.server };
        let login = json!({
            "username": self.username, "password": self.password, "serveraddress": server,
        });
        URL_SAFE.encode(login.to_string())
    }
}

/// Source: the reference grammar of images; the first part is a host if it looks like one.
fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => DOCKER_HUB,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_tells_its_registry() {
        for (image, registry) in [
            ("registry.example.com:5000/web:1", "registry.example.com:5000"),
            ("localhost/web", "localhost"),
            ("nginx", "docker.io"),
            ("library/nginx:1.27", "docker.io"),
            ("docker.io/library/nginx", "docker.io"),
        ] {
            assert_eq!(registry_of(image), registry, "{image}");
        }
    }

    #[test]
    fn the_header_is_the_engines() {
        let login = |server: &str| Login {
            server: server.into(),
            username: "robot".into(),
            password: "p\"w".into(),
        };
        let read = |login: &Login| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE.decode(login.auth_header()).unwrap()).unwrap()
        };
        let said = read(&login("r.example.com"));
        let wanted =
            json!({"username": "robot", "password": "p\"w", "serveraddress": "r.example.com"});
        assert_eq!(said, wanted);
        assert_eq!(read(&login(DOCKER_HUB))["serveraddress"], DOCKER_HUB_ADDRESS);
    }
}
