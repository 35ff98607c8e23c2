//! The parts of the demo and how they are joined: local Cognito, application, and Envoy with the shipped file.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use devkit::cognito::{Behaviour, Client, ClientLifetimes, Cognito, Options, User};
use devkit::envoy::local::Local;
use devkit::envoy::{Envoy, free_port};
use devkit::upstream::Upstream;
use serde_json::{Value, json};

const CLIENT_ID: &str = "304a12ktcc5djt9d7enj6dsjkg";
/// With the characters that differ between the ways to send a secret. It opens nothing but this demo.
const CLIENT_SECRET: &str = "demo+client/secret=of 32 bytes %";
/// The id of the client of a program.
pub const MACHINE_ID: &str = "2nightly0reports0client0id";
const MACHINE_SECRET: &str = "nightly0reports0client0secret";
const PASSWORD: &str = "password";

/// Everything that runs.
pub struct Stack {
    /// The proxy.
    pub envoy: Envoy,
    /// The application.
    pub upstream: Upstream,
    /// The base URL of the sign-in page.
    pub domain: String,
    cognito: Cognito,
    public_url: String,
}

impl Stack {
    /// Starts all of it; people reach it at `http://localhost:port`. `hasty` makes tokens last a second and refresh tokens
    /// good for one use.
    pub async fn start(port: u16, hasty: bool) -> Result<Self> {
        let listen = SocketAddr::from(([127, 0, 0, 1], if port == 0 { free_port() } else { port }));
        let public_url = format!("http://localhost:{}", listen.port());
        let cognito = Cognito::start(options(&public_url, hasty)).await.context("the local Cognito")?;
        let upstream = Upstream::start(([127, 0, 0, 1], 0).into()).await.context("the application")?;
        let local = Local {
            public_url: public_url.clone(),
            listen,
            kind: "cognito".to_owned(),
            issuer: (cognito.issuer().to_owned(), cognito.issuer_addr()),
            domain: (cognito.domain().to_owned(), cognito.domain_addr()),
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            app: upstream.addr(),
        };
        let setup = local.setup()?.plugin_config(programs_and_admins)?;
        let envoy = setup.workers(2).start().await?;
        Ok(Self { domain: cognito.domain().to_owned(), envoy, upstream, cognito, public_url })
    }

    /// The URL of a path of the application.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// How often tokens were asked for with a refresh token.
    pub fn refreshes(&self) -> u64 {
        self.cognito.control().counters().refresh.arrived
    }

    /// A token of the demo's program, by its own client (RFC 6749 §4.4).
    pub async fn machine_token(&self) -> Result<String> {
        let request = reqwest::Client::builder().no_proxy().build()?.post(format!("{}/oauth2/token", self.domain));
        let request = request.basic_auth(MACHINE_ID, Some(MACHINE_SECRET));
        let answer = request.form(&[("grant_type", "client_credentials")]).send().await?.error_for_status()?;
        let tokens: Value = answer.json().await?;
        Ok(tokens["access_token"].as_str().context("no access_token came")?.to_owned())
    }

    /// Who signs in.
    pub fn user(&self) -> User {
        let [ada, _] = users();
        ada
    }

    /// What a person needs to know.
    pub fn welcome(&self) -> String {
        let users: String = users().iter().map(line).collect();
        let (url, domain) = (&self.public_url, &self.domain);
        format!(
            "\nOpen   {url}/deep/link?x=1   and sign in as\n{users}\n\
             Then try\n\
             \x20 {url}/            what the application received\n\
             \x20 {url}/healthz     public: no identity arrives, whatever you send\n\
             \x20 {url}/oauth2/whoami   who you are, as a page or as JSON\n\
             \x20 {url}/admins      for the group admins: ada comes in, grace does not\n\
             \x20 {url}/oauth2/sign-out\n\
             \x20 curl -i {url}/api -H 'accept: application/json'\n\
             \x20 curl -i {url}/healthz -H 'kubeflow-userid: mallory@example.com'\n\
             and as a program, with a token of its own\n\
             \x20 TOKEN=$(curl -s {domain}/oauth2/token -u {MACHINE_ID}:{MACHINE_SECRET} -d grant_type=client_credentials \
             | grep -o 'eyJ[^\"]*')\n\
             \x20 curl -i {url}/api -H \"authorization: Bearer $TOKEN\"\n\n\
             The local Cognito has switches for its quirks and faults:  http://{}\n\
             Envoy's admin interface:  http://{}\n\n\
             Ctrl-C ends it.",
            self.cognito.admin_addr(),
            self.envoy.admin_addr(),
        )
    }

    /// Ends it in order.
    pub async fn stop(self) -> Result<()> {
        self.envoy.shutdown().await
    }
}

fn options(public_url: &str, hasty: bool) -> Options {
    let urls = (format!("{public_url}/oauth2/callback"), format!("{public_url}/"));
    let client = Client::confidential(CLIENT_ID, CLIENT_SECRET).with_urls(&[&urls.0], &[&urls.1]);
    let machine = Client::machine(MACHINE_ID, MACHINE_SECRET, &["reports/read"]);
    let mut behaviour = Behaviour { show_users: true, ..Behaviour::default() };
    if hasty {
        let lifetimes = ClientLifetimes { id_token_seconds: Some(1), ..ClientLifetimes::default() };
        behaviour.client_lifetimes.insert(CLIENT_ID.to_owned(), lifetimes);
        behaviour.rotate_refresh_tokens(0);
    }
    Options { clients: vec![client, machine], users: users().into(), behaviour, ..Options::local(0, 0) }
}

/// What the demo has beyond the shipped file: tokens of one program, and a place for one group.
fn programs_and_admins(plugin: &mut Value) {
    plugin["providers"][0]["bearer"] = json!([{
        "kind": "access_token",
        "clientIds": [MACHINE_ID],
        "identity": { "userId": { "claim": "client_id", "prefix": "program:" } },
    }]);
    if let Some(routes) = plugin["routes"].as_array_mut() {
        routes.push(json!({
            "name": "admins",
            "match": { "path": { "prefix": "/admins" } },
            "action": "authenticate",
            "require": { "groups": { "any": ["admins"] } },
        }));
    }
}

fn users() -> [User; 2] {
    [
        User::new("ada", PASSWORD).with_groups(["admins", "data-science"]),
        User::new("grace", PASSWORD).with_groups(["data-science"]),
    ]
}

fn line(user: &User) -> String {
    format!("  {:<6} {}   groups: {}\n", user.username, user.password, user.groups.join(", "))
}
