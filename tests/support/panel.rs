//! A person in the panel, without a browser: follows links, fills forms, stays logged in.

use super::page::{Form, Page};
use super::webhooks::WebhookForm;
use reqwest::Method;
use reqwest::cookie::Jar;
use reqwest::header::{ACCEPT_LANGUAGE, HeaderName};
use std::sync::Arc;

/// A client with cookies of its own.
pub struct Panel {
    client: reqwest::Client,
    base: String,
}

/// A client that keeps cookies, and no connection that the server may be closing meanwhile.
fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().cookie_store(true).pool_max_idle_per_host(0)
}

impl Panel {
    /// Somebody who is not logged in.
    pub fn anonymous(base: &str) -> Self {
        let client = builder().build().unwrap();
        Self { client, base: base.to_owned() }
    }

    /// Somebody who is not logged in, whose browser asks for these languages.
    pub fn reading(base: &str, languages: &'static str) -> Self {
        Self::with_header(base, ACCEPT_LANGUAGE, languages)
    }

    /// Somebody who is not logged in, whose browser says this time zone.
    pub fn in_zone(base: &str, zone: &str) -> Self {
        let jar = Jar::default();
        let cookie = format!("signalbox-zone={zone}; Path=/admin");
        jar.add_cookie_str(&cookie, &reqwest::Url::parse(base).unwrap());
        let client = builder().cookie_provider(Arc::new(jar)).build().unwrap();
        Self { client, base: base.to_owned() }
    }

    /// Somebody who is not logged in, of whom a proxy says that they send from this address.
    pub fn forwarded(base: &str, from: &str) -> Self {
        Self::with_header(base, HeaderName::from_static("x-forwarded-for"), from)
    }

    fn with_header(base: &str, name: HeaderName, value: &str) -> Self {
        let headers = [(name, value.parse().unwrap())];
        let client = builder().default_headers(headers.into_iter().collect()).build().unwrap();
        Self { client, base: base.to_owned() }
    }

    /// Logs in through the form; panics if that fails.
    pub async fn login(base: &str, username: &str, password: &str) -> Self {
        let panel = Self::anonymous(base);
        let page = panel.try_login(username, password).await;
        assert_eq!(page.address, "/admin/", "the login failed:\n{}", page.html);
        panel
    }

    /// Sends the login form and gives back what it leads to.
    pub async fn try_login(&self, username: &str, password: &str) -> Page {
        let form = self.get("/admin/login/").await.form_with("password");
        self.submit(form.set("username", username).set("password", password)).await
    }

    /// Fetches a page, following redirects.
    pub async fn get(&self, address: &str) -> Page {
        self.request(Method::GET, address, &[]).await
    }

    /// Fetches a page that must be there.
    pub async fn open(&self, address: &str) -> Page {
        let page = self.get(address).await;
        assert_eq!((page.status, page.address.as_str()), (200, address), "{}", page.html);
        page
    }

    /// Sends a form as it stands, following redirects.
    pub async fn submit(&self, form: Form) -> Page {
        let method = if form.method == "post" { Method::POST } else { Method::GET };
        self.request(method, &form.action, &form.fields).await
    }

    /// Sends fields to an address, whether or not a form for it was seen.
    pub async fn post(&self, address: &str, fields: &[(String, String)]) -> Page {
        self.request(Method::POST, address, fields).await
    }

    /// Adds a webhook through the form and gives back its id.
    pub async fn add_webhook(&self, webhook: &WebhookForm) -> String {
        let form = self.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
        let page = self.submit(form.fill(webhook)).await;
        let known = self.get("/admin/hooks/webhook/").await.rows();
        assert!(page.status == 200 && !known.is_empty(), "not saved:\n{}", page.html);
        // Ids are given upwards.
        known.into_iter().max_by_key(|id| id.parse::<i64>().unwrap()).unwrap()
    }

    async fn request(&self, method: Method, address: &str, fields: &[(String, String)]) -> Page {
        let mut url = reqwest::Url::parse(&self.base).unwrap().join(address).unwrap();
        if method == Method::GET && !fields.is_empty() {
            url.query_pairs_mut().clear().extend_pairs(fields);
        }
        let mut request = self.client.request(method.clone(), url);
        if method == Method::POST {
            request = request.form(fields).header("Origin", &self.base);
        }
        let response = request.send().await.unwrap();
        let url = response.url().clone();
        Page {
            status: response.status().as_u16(),
            address: url
                .query()
                .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())),
            headers: response.headers().clone(),
            html: response.text().await.unwrap(),
        }
    }
}
