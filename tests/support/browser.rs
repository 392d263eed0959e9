//! A headless Chromium, driven through chromedriver, with a fresh profile; and its pictures.

use super::app::{ADMIN, App, PASSWORD};
use super::cluster::CLUSTER;
use super::wait;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Weak};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The widths at which pages are looked at.
pub const WIDTHS: [u32; 2] = [1280, 375];
/// Chromium's engine without a window's frame, as Debian has it: it starts in a third of the time.
const SHELL: &str = "/usr/lib/chromium/chromium-headless-shell";
/// Both colour schemes.
pub const SCHEMES: [&str; 2] = ["light", "dark"];

/// A browser keeps a core busy: more tests at once would only be slower, each of them.
static TURNS: Semaphore = Semaphore::const_new(3);

thread_local! {
    // A test has its thread for itself: its second browser needs no turn of its own.
    static TURN: RefCell<Weak<SemaphorePermit<'static>>> = const { RefCell::new(Weak::new()) };
}

/// A browser with one window.
pub struct Browser {
    pub client: Client,
    driver: Driver,
    base: String,
    _turn: Arc<SemaphorePermit<'static>>,
}

struct Driver {
    child: Child,
    // Deleted when the driver is gone.
    _profile: TempDir,
}

/// A command that chromedriver knows beside the standard ones.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    /// Starts one that looks at the Signalbox at `base`.
    pub async fn start(base: &str) -> Self {
        let turn = Self::take_turn().await;
        // On a busy machine another process may take the port that a driver has chosen before it
        // listens there, and Chromium may not be up in the time that the driver gives it.
        let (client, driver) = wait::until("a browser", Driver::start).await;
        Self { client, driver, base: base.to_owned(), _turn: turn }
    }

    /// Waits, however long, until few enough tests have a browser.
    async fn take_turn() -> Arc<SemaphorePermit<'static>> {
        if let Some(turn) = TURN.with_borrow(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(TURNS.acquire().await.unwrap());
        TURN.set(Arc::downgrade(&turn));
        turn
    }

    /// Opens an address of the panel.
    pub async fn open(&self, address: &str) {
        self.client.goto(&format!("{}{address}", self.base)).await.unwrap();
    }

    /// Starts one in which the tests' administrator is logged in.
    pub async fn logged_in(app: &App) -> Self {
        let browser = Self::start(app.base()).await;
        browser.log_in().await;
        browser
    }

    /// Logs the tests' administrator in.
    pub async fn log_in(&self) {
        self.open("/admin/login/").await;
        self.fill("username", ADMIN).await;
        self.fill("password", PASSWORD).await;
        self.submit("Sign in").await;
        self.at("/admin/").await;
    }

    /// The path and query it is at.
    pub async fn address(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.as_str().strip_prefix(&self.base).unwrap_or(url.as_str()).to_owned()
    }

    /// Types into a control, by its name, in the place of what stands there.
    pub async fn fill(&self, name: &str, value: &str) {
        let control = self.control(name).await;
        control.clear().await.unwrap();
        control.send_keys(value).await.unwrap();
    }

    /// Chooses an option, by its value.
    pub async fn choose(&self, name: &str, value: &str) {
        self.control(name).await.select_by_value(value).await.unwrap();
    }

    /// Fills a control, whatever its kind: types, or chooses by value.
    pub async fn enter(&self, name: &str, value: &str) {
        match self.control(name).await.tag_name().await.unwrap().as_str() {
            "select" => self.choose(name, value).await,
            _ => self.fill(name, value).await,
        }
    }

    /// Opens what is folded away in a fieldset of a form.
    pub async fn unfold(&self, fieldset: &str) {
        let css = format!("#fieldset-{fieldset} .fold:not([open]) > summary");
        // The bar of buttons lies over the window's end.
        let middle =
            format!("document.querySelector('{css}').scrollIntoView({{ block: 'center' }})");
        self.script(&middle).await;
        self.clicked(Locator::Css(&css)).await;
    }

    /// Presses the submit button with these words, and waits for the page that answers.
    pub async fn submit(&self, words: &str) {
        let xpath = format!("//button[@type='submit'][normalize-space(.)='{words}']");
        let button = self.clicked(Locator::XPath(&xpath)).await;
        // The page is another one once its old button is gone.
        wait::until("the answer to the form", async || button.tag_name().await.err()).await;
    }

    /// Waits until the browser is at this address.
    pub async fn at(&self, address: &str) {
        wait::until_equal("the address", address.to_owned(), async || self.address().await).await;
    }

    /// What a control holds.
    pub async fn value(&self, name: &str) -> String {
        self.control(name).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Presses a button or follows a link, by the words on it.
    pub async fn press(&self, words: &str) {
        let xpath = format!(
            "//*[self::a or self::button or self::input[@type='submit']]\
             [contains(normalize-space(.), '{words}') or @value='{words}']"
        );
        self.clicked(Locator::XPath(&xpath)).await;
    }

    /// Waits until the page's main part says `words`.
    pub async fn says(&self, words: &str) {
        wait::until(&format!("“{words}” on the page"), async || {
            let main = self.client.find(Locator::Css("main")).await.ok()?;
            main.text().await.ok()?.contains(words).then_some(())
        })
        .await;
    }

    async fn control(&self, name: &str) -> Element {
        let css = format!("[name='{name}']");
        self.found(Locator::Css(&css)).await
    }

    /// Clicks an element: anew if a live page drew it anew in between.
    pub async fn clicked(&self, locator: Locator<'_>) -> Element {
        wait::until(&format!("a click on {locator:?}"), async || {
            let element = self.client.find(locator).await.ok()?;
            element.click().await.ok()?;
            Some(element)
        })
        .await
    }

    /// Clicks as a hand does: where the element is seen, whatever it is.
    pub async fn mouse(&self, element: &Element) {
        let over =
            PointerAction::MoveToElement { element: element.clone(), duration: None, x: 0., y: 0. };
        let button = MOUSE_BUTTON_LEFT;
        let mouse = MouseActions::new("mouse".to_owned())
            .then(over)
            .then(PointerAction::Down { button })
            .then(PointerAction::Up { button });
        self.client.perform_actions(mouse).await.unwrap();
    }

    /// Waits for an element.
    pub async fn found(&self, locator: Locator<'_>) -> Element {
        wait::until(&format!("{locator:?}"), async || self.client.find(locator).await.ok()).await
    }

    /// Takes pictures of the page, whole, at both widths in both schemes:
    /// `target/screenshots/NAME-WIDTH-SCHEME.png`, if that folder is there (`make browser` makes it).
    /// Fails if the page can be moved sideways.
    pub async fn pictures(&self, name: &str) {
        for width in WIDTHS {
            self.resize(width).await;
            let overflow = self.script("return document.documentElement.scrollWidth").await;
            assert!(
                overflow.as_u64() <= Some(u64::from(width)),
                "{name} is {overflow} px wide in a window of {width} px"
            );
            let height = self.script("return document.documentElement.scrollHeight").await;
            for scheme in SCHEMES.into_iter().filter(|_| folder().is_dir()) {
                self.look(width, scheme).await;
                self.metrics(width, height.as_u64().unwrap_or(800).clamp(600, 4000)).await;
                let picture = self.client.screenshot().await.unwrap();
                let file = folder().join(format!("{name}-{width}-{scheme}.png"));
                std::fs::write(file, picture).unwrap();
            }
        }
        self.look(WIDTHS[0], SCHEMES[0]).await;
    }

    /// Sets the window's width and what the system says of colours.
    pub async fn look(&self, width: u32, scheme: &str) {
        self.resize(width).await;
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Sets the window's width alone.
    pub async fn resize(&self, width: u32) {
        self.metrics(width, 800).await;
    }

    async fn metrics(&self, width: u32, height: u64) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Sends a command of the developer tools' protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.client.issue_cmd(Vendor { path: "goog/cdp/execute", body }).await.unwrap()
    }

    /// Presses a key, wherever the focus is.
    pub async fn key(&self, key: &str) {
        let focused = self.client.active_element().await.unwrap();
        focused.send_keys(key).await.unwrap();
    }

    /// Presses a key while another is held.
    pub async fn key_with(&self, held: &str, key: &str) {
        self.key(&format!("{held}{key}")).await;
    }

    /// Sets the medium (`print`; empty = the screen) and what the system says of itself.
    pub async fn media(&self, medium: &str, features: &[(&str, &str)]) {
        let features: Vec<_> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let media = json!({ "media": medium, "features": features });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Runs a script and gives back what it returns.
    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// The console's complaints since the last call: policy violations, errors, failed loads.
    pub async fn complaints(&self) -> Vec<String> {
        let body = json!({ "type": "browser" });
        let entries = self.client.issue_cmd(Vendor { path: "se/log", body }).await.unwrap();
        entries.as_array().into_iter().flatten().map(|entry| entry["message"].to_string()).collect()
    }

    /// Ends it; what is left after a panic is ended by the drop of the driver.
    pub async fn close(self) {
        self.client.close().await.unwrap();
        drop(self.driver);
    }
}

impl Driver {
    /// Starts chromedriver and, by it, Chromium; `None` if either does not come up.
    async fn start() -> Option<(Client, Self)> {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver is missing: make test installs it");
        CLUSTER.watch(child.id());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = capabilities(profile.path());
        let driver = Self { child, _profile: profile };
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        })?;
        // It must be able to write on.
        std::thread::spawn(move || lines.for_each(drop));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await;
        match client {
            Ok(client) => Some((client, driver)),
            Err(error) => {
                eprintln!("no browser yet: {error}");
                None
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // With Chromium, which outlives its driver where a test failed.
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        self.child.wait().unwrap();
        CLUSTER.ended(self.child.id());
    }
}

/// Where pictures go: beside the folder for the tests' temporary files, as `CARGO_TARGET_DIR` may
/// lie anywhere.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screenshots")
}

fn capabilities(profile: &Path) -> Capabilities {
    let profile = format!("--user-data-dir={}", profile.display());
    let arguments = [
        "--headless",
        "--no-sandbox", // Chromium's sandbox refuses to run as root; only our own pages are opened
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-extensions",
        "--disable-sync",
        "--hide-scrollbars",
        "--no-default-browser-check",
        "--no-first-run",
        "--force-color-profile=srgb",
        // A host that is not the loopback to the browser: an address without https is insecure there.
        "--host-resolver-rules=MAP signalbox.test 127.0.0.1",
        "--lang=en",
        "--window-size=1280,800",
        &profile,
    ];
    let mut wanted = json!({
        "browserName": "chrome",
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
        // A busy machine takes its time over a long page.
        "timeouts": { "script": 120_000 },
    });
    if Path::new(SHELL).exists() {
        wanted["browserName"] = json!("chrome-headless-shell");
        wanted["goog:chromeOptions"]["binary"] = json!(SHELL);
    }
    wanted.as_object().unwrap().clone()
}
