//! A person's Chromium: it opens pages, reads them, clicks and types, has tabs, cookies and a window of some size.
//!
//! Names of hosts and certificates are those of the world, so that the real addresses stand in the address bar. Everything
//! waits until what it needs is there, and panics with what is there instead.

use std::path::PathBuf;
use std::time::Duration;

use devkit::install;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use url::Url;

use crate::webdriver::Session;
use crate::{APP, DOMAIN, PASSWORD, World};

/// The cookie that marks a sign-in as just completed.
pub const LANDED: &str = "__Host-edge_oidc_landed";
/// A machine may be busy with other things than this browser.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// So that the browser looks for nobody but the world; this machine has no way out.
const QUIET: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--lang=en",
];

/// A browser with an empty profile, and one tab.
pub struct Chromium {
    session: Session,
    _profile: Profile,
}

/// A cookie as the driver shows it.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The host that it was set for.
    pub domain: String,
    /// The paths that get it.
    pub path: String,
    /// Whether it goes over TLS only.
    pub secure: bool,
    /// Whether it is hidden from scripts.
    pub http_only: bool,
    /// What other sites' requests bring it.
    pub same_site: String,
}

impl Chromium {
    /// A browser that has never been anywhere.
    pub async fn start(world: &World) -> Chromium {
        let browser = tokio::task::spawn_blocking(install::chromium).await.expect("a task").expect("Chromium");
        let profile = Profile::new();
        let own = [
            format!("--user-data-dir={}", profile.0.join("profile").display()),
            format!("--ignore-certificate-errors-spki-list={}", world.spki_sha256.join(",")),
            format!("--host-resolver-rules={}", resolver_rules(world)),
        ];
        let args: Vec<_> = QUIET.iter().map(ToString::to_string).chain(own).collect();
        let session = Session::start(
            &browser.chromedriver,
            &profile.0,
            json!({
                "browserName": "chrome",
                "timeouts": { "pageLoad": 30_000, "script": 20_000 },
                "goog:chromeOptions": { "binary": browser.chromium, "args": args },
                "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            }),
        )
        .await;
        let chromium = Chromium { session, _profile: profile };
        chromium.resize(1280, 800).await;
        chromium
    }

    /// Opens an address of the application, or any other that begins with a scheme, and waits until it is loaded.
    pub async fn open(&self, target: &str) {
        self.post("/url", json!({ "url": address(target) })).await;
    }

    /// Types the name and the password into the login page and sends them.
    pub async fn log_in(&self, user: &str, password: &str) {
        let field = self.find("#username").await;
        self.post(&format!("/element/{field}/clear"), json!({})).await;
        self.type_into("#username", user).await;
        self.type_into("#password", password).await;
        self.click("button[type=submit]").await;
    }

    /// Opens an address, signs in on the way and lands there.
    pub async fn sign_in(&self, user: &str, target: &str) {
        self.open(target).await;
        self.until_at(DOMAIN).await;
        self.log_in(user, PASSWORD).await;
        self.until_landed(user, target).await;
    }

    /// Waits until the page at `target` shows that this user is known to the application.
    pub async fn until_landed(&self, user: &str, target: &str) {
        self.until_url(&address(target)).await;
        self.until_text("#user", &format!("{user}@example.com")).await;
    }

    /// Waits until the address is this one.
    pub async fn until_url(&self, url: &str) {
        self.until(&format!("the address {url}"), async || (self.url().await.as_str() == url).then_some(())).await;
    }

    /// Waits until a page of this host is open.
    pub async fn until_at(&self, host: &str) {
        self.until(&format!("a page of {host}"), async || (self.url().await.host_str() == Some(host)).then_some(()))
            .await;
    }

    /// Waits until an element has this text.
    pub async fn until_text(&self, css: &str, text: &str) {
        let script = "const e = document.querySelector(arguments[0]); return e && e.textContent";
        self.until(&format!("{text:?} in {css}"), async || {
            (self.run(script, json!([css])).await.ok()?.as_str()? == text).then_some(())
        })
        .await;
    }

    /// Waits until `holds` answers something; panics with the page that is there instead.
    pub async fn until<T>(&self, what: &str, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = holds().await {
                return found;
            }
            if Instant::now() >= end {
                let text = self.run("return document.body.innerText.slice(0, 400)", json!([])).await;
                panic!("not within {PATIENCE:?}: {what}, but {} with {text:?}", self.url().await);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// The text of an element, as soon as it is there.
    pub async fn text(&self, css: &str) -> String {
        let element = self.find(css).await;
        self.get(&format!("/element/{element}/text")).await.as_str().expect("a text").to_owned()
    }

    /// An attribute of an element, as it stands in the page.
    pub async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let element = self.find(css).await;
        let script = "return arguments[0].getAttribute(arguments[1])";
        self.script(script, json!([{ ELEMENT: element }, name])).await.as_str().map(str::to_owned)
    }

    /// Clicks an element.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Types into a field.
    pub async fn type_into(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    /// Goes where the back button goes.
    pub async fn back(&self) {
        self.post("/back", json!({})).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.post("/refresh", json!({})).await;
    }

    /// The address bar.
    pub async fn url(&self) -> Url {
        self.get("/url").await.as_str().expect("a URL").parse().expect("a URL")
    }

    /// Runs a function body in the page; what it returns, or what its promise does.
    pub async fn script(&self, body: &str, args: Value) -> Value {
        self.run(body, args).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Goes into a frame of the page.
    pub async fn enter_frame(&self, css: &str) {
        let element = self.find(css).await;
        self.post("/frame", json!({ "id": { ELEMENT: element } })).await;
    }

    /// Comes back to the page itself.
    pub async fn leave_frames(&self) {
        self.post("/frame", json!({ "id": null })).await;
    }

    /// Opens an empty tab and goes there.
    pub async fn new_tab(&self) -> String {
        let tab = self.post("/window/new", json!({ "type": "tab" })).await;
        let tab = tab["handle"].as_str().expect("a tab").to_owned();
        self.switch_to(&tab).await;
        tab
    }

    /// Goes to a tab.
    pub async fn switch_to(&self, tab: &str) {
        self.post("/window", json!({ "handle": tab })).await;
    }

    /// All tabs, oldest first.
    pub async fn tabs(&self) -> Vec<String> {
        serde_json::from_value(self.get("/window/handles").await).expect("tabs")
    }

    /// The cookies of the page's host, as the driver's own command lists them.
    pub async fn cookies(&self) -> Vec<Cookie> {
        serde_json::from_value(self.get("/cookie").await).expect("cookies")
    }

    /// The names of the application's cookies that a sign-in leaves for good, wherever the browser is. The mark that one has
    /// just completed goes by itself within half a minute.
    pub async fn app_cookies(&self) -> Vec<String> {
        self.all_app_cookies().await.into_iter().filter(|name| name != LANDED).collect()
    }

    /// The names of all cookies of the application's host.
    pub async fn all_app_cookies(&self) -> Vec<String> {
        let all = self.devtools("Network.getAllCookies", json!({})).await;
        let all = all["cookies"].as_array().expect("cookies").iter().filter(|cookie| cookie["domain"] == APP);
        all.map(|cookie| cookie["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// Puts a cookie there, as it was listed before; a page of its host must be open.
    pub async fn put_cookie(&self, cookie: &Cookie) {
        let Cookie { name, value, path, secure, http_only, same_site, .. } = cookie;
        let cookie = json!({
            "name": name, "value": value, "path": path, "secure": secure, "httpOnly": http_only, "sameSite": same_site,
        });
        self.post("/cookie", json!({ "cookie": cookie })).await;
    }

    /// Loses the cookies of the application's host, as if the session had ended there; the provider's stay.
    pub async fn lose_session(&self) {
        for name in self.all_app_cookies().await {
            self.devtools("Network.deleteCookies", json!({ "name": name, "domain": APP })).await;
        }
    }

    /// Loses all cookies of all hosts.
    pub async fn lose_all_cookies(&self) {
        self.devtools("Network.clearBrowserCookies", json!({})).await;
    }

    /// The addresses of all pages that the current tab has asked for since this was called last, redirects included.
    pub async fn requested_pages(&self) -> Vec<Url> {
        let log = self.post("/se/log", json!({ "type": "performance" })).await;
        let events = log.as_array().expect("a log").iter().filter_map(|entry| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let (method, params) = (&message["message"]["method"], &message["message"]["params"]);
            let asked = method == "Network.requestWillBeSent" && params["type"] == "Document";
            asked.then(|| params["request"]["url"].as_str()?.parse().ok())?
        });
        events.collect()
    }

    /// What the console has said of pages since this was called last, but for the status of an answer.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({ "type": "browser" })).await;
        let messages = log.as_array().expect("a log").iter().filter_map(|entry| entry["message"].as_str());
        messages.filter(|message| !message.contains("responded with a status of")).map(str::to_owned).collect()
    }

    /// Gives the page a window of this size; a narrow one is a phone's.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Prefers dark colours, or light ones.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Presses the tab key.
    pub async fn press_tab(&self) {
        self.press("Tab", 9, "").await;
    }

    /// Presses the enter key.
    pub async fn press_enter(&self) {
        self.press("Enter", 13, "\r").await;
    }

    async fn press(&self, key: &str, number: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let key = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": number, "text": text });
            self.devtools("Input.dispatchKeyEvent", key).await;
        }
    }

    /// Runs no script of any page from now on; what a test asks for by [`Chromium::script`] still runs.
    pub async fn run_no_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// A command of Chromium's own protocol.
    pub async fn devtools(&self, command: &str, params: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": params })).await
    }

    /// The picture of the page as PNG, in base64.
    pub async fn screenshot(&self) -> String {
        self.get("/screenshot").await.as_str().expect("a picture").to_owned()
    }

    async fn find(&self, css: &str) -> String {
        let query = json!({ "using": "css selector", "value": css });
        let found =
            self.until(css, async || self.session.command(Method::POST, "/element", query.clone()).await.ok()).await;
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    async fn run(&self, body: &str, args: Value) -> Result<Value, String> {
        self.session.command(Method::POST, "/execute/sync", json!({ "script": body, "args": args })).await
    }

    async fn get(&self, path: &str) -> Value {
        self.session.command(Method::GET, path, Value::Null).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.session.command(Method::POST, path, body).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Every name leads to the world: hosts that it does not know to the gateway.
fn resolver_rules(world: &World) -> String {
    let known = world.net.hosts.iter().map(|(host, addr)| format!("MAP {host}:443 {addr}"));
    known.chain([format!("MAP *:443 {}", world.envoy.addr())]).collect::<Vec<_>>().join(",")
}

fn address(target: &str) -> String {
    if target.starts_with('/') { format!("https://{APP}{target}") } else { target.to_owned() }
}

/// A folder for the profile that goes with its browser.
struct Profile(PathBuf);

impl Profile {
    fn new() -> Self {
        let name = format!("edge-oidc-chromium-{}-{}", std::process::id(), devkit::envoy::free_port());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
