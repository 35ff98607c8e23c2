//! The shipped Envoy file in front of the provider that is not ours, and a person who knows its pages.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use devkit::envoy::local::{APP_CLUSTER, DOMAIN_CLUSTER, ISSUER_CLUSTER, session_key};
use devkit::envoy::{Envoy, Setup, free_port};
use devkit::oidc_provider::{Client, OidcProvider, Options};
use devkit::tls::{self, TestCa};
use devkit::upstream::Upstream;
use e2e::{APP, Answer, CALLBACK, CLIENT_SECRET, Form, Habits, Net, Person};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use url::Url;

use crate::relay::Relay;

/// With what means something in a URL and in Basic credentials.
pub const CLIENT_ID: &str = "edge-oidc:app+1";

/// How a client proves itself at the token endpoint.
pub const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

/// Where the provider posts logout tokens to.
const BACK_CHANNEL: &str = "/oauth2/back-channel";
const FILTER: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config";
/// For what the provider says, and for what it does when nobody waits for it.
const SOON: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A gateway, an application and the provider.
pub struct World {
    pub provider: OidcProvider,
    pub envoy: Envoy,
    net: Net,
    _files: Files,
}

/// A world to be.
pub struct Shape {
    method: &'static str,
    algorithm: &'static str,
    accepted: &'static str,
    workers: u32,
    session_required: Option<bool>,
    client: Box<dyn FnOnce(Client) -> Client>,
    provider: Box<dyn FnOnce(&mut Options)>,
    plugin: Box<dyn Fn(&mut Value)>,
}

impl Shape {
    /// Where the filter accepts ID tokens of another algorithm.
    pub fn accepting(self, accepted: &'static str) -> Shape {
        Shape { accepted, ..self }
    }

    /// How many workers; one, if nobody says.
    pub fn workers(self, workers: u32) -> Shape {
        Shape { workers, ..self }
    }

    /// The provider tells the gateway when somebody has left, by naming its own session or the person.
    pub fn back_channel(self, session_required: bool) -> Shape {
        Shape { session_required: Some(session_required), ..self }
    }

    /// Changes what the provider knows of the client.
    pub fn client(self, change: impl FnOnce(Client) -> Client + 'static) -> Shape {
        Shape { client: Box::new(change), ..self }
    }

    /// Changes what else the provider knows: machines, resource servers, ways to sign in.
    pub fn provider(self, change: impl FnOnce(&mut Options) + 'static) -> Shape {
        Shape { provider: Box::new(change), ..self }
    }

    /// Changes the filter's configuration.
    pub fn plugin(self, change: impl Fn(&mut Value) + 'static) -> Shape {
        Shape { plugin: Box::new(change), ..self }
    }

    pub async fn start(self) -> World {
        tls::use_ring();
        let secret = (self.method != "none").then_some(CLIENT_SECRET);
        let mut client = (self.client)(Client::new(CLIENT_ID, self.method, secret, self.algorithm, CALLBACK));
        let relay = Relay::bind().await;
        if let Some(session_required) = self.session_required {
            client = client.with_backchannel_logout(&relay.uri(BACK_CHANNEL), session_required);
        }
        let claims = |name: &str, groups: &[&str]| json!({ "email": format!("{name}@example.com"), "groups": groups });
        let users = [("ada", &["admins", "data-science"][..]), ("grace", &["data-science"][..])];
        let mut options = Options {
            port: 0,
            algorithms: vec![self.algorithm.to_owned()],
            clients: vec![client],
            users: users.map(|(name, groups)| (name.to_owned(), claims(name, groups))).into(),
            ..Options::default()
        };
        (self.provider)(&mut options);
        let provider = OidcProvider::start(options).await.expect("the provider");
        let upstream = Arc::new(Upstream::start(([127, 0, 0, 1], 0).into()).await.expect("the application"));
        let (ca, files) = (TestCa::new().expect("a CA"), Files::new());
        let mut setup = setup(&ca, &files, &provider, &upstream).workers(self.workers);
        if self.session_required.is_some() {
            let fill = |plugin: &mut Value| plugin["paths"]["backChannel"] = json!(BACK_CHANNEL);
            setup = setup.plugin_config(fill).expect("the shipped file").patch(|config| {
                config.pointer_mut(FILTER).expect("the filter")["allow_on_headers_stop_iteration"] = json!(true);
            });
        }
        let setup = setup.plugin_config(|plugin| {
            fill(plugin, &provider, self.method, self.accepted);
            (self.plugin)(plugin);
        });
        let envoy = setup.expect("the shipped file").start().await.expect("Envoy");
        let net = Net { ca_pem: ca.pem().to_owned(), hosts: vec![(APP.to_owned(), envoy.addr())], upstream };
        relay.serve(Person::new(&net, Habits::default()));
        World { provider, envoy, net, _files: files }
    }
}

impl World {
    /// A client that proves itself in this way and gets ID tokens of this algorithm.
    pub async fn start(method: &'static str, algorithm: &'static str) -> World {
        Self::shape(method, algorithm).start().await
    }

    /// The same, with something else about it.
    pub fn shape(method: &'static str, algorithm: &'static str) -> Shape {
        Shape {
            method,
            algorithm,
            accepted: algorithm,
            workers: 1,
            session_required: None,
            client: Box::new(|client| client),
            provider: Box::new(|_| ()),
            plugin: Box::new(|_| ()),
        }
    }

    /// A person with a browser of their own.
    pub fn person(&self) -> Person {
        Person::new(&self.net, Habits::default())
    }

    /// Someone with cookies of their own and a new connection for each request, so that all workers get some.
    pub fn program(&self) -> Person {
        Person::new(&self.net, Habits::default().fresh_connections())
    }

    /// How often this has happened at the provider, as far as it has said.
    pub fn count(&self, event: &str) -> usize {
        self.provider.events().iter().filter(|seen| seen.event == event).count()
    }

    /// Waits until this has happened so often; panics if it was more often, or does not happen.
    pub async fn until_counted(&self, event: &str, times: usize) {
        let end = Instant::now() + SOON;
        while self.count(event) != times {
            let late = self.count(event) > times || Instant::now() > end;
            assert!(!late, "{event} not {times} times: {:?}", self.provider.events());
            sleep(LOOK_EVERY).await;
        }
    }

    /// One of the filter's metrics.
    pub async fn metric(&self, name: &str) -> u64 {
        self.envoy.stat(&format!("wasmcustom.edge_oidc.{name}")).await.unwrap_or_default()
    }

    /// Opens a page, signs in at the provider, and lands.
    pub async fn sign_in(&self, person: &Person, user: &str, target: &str) -> Answer {
        let callback = self.approve(person, user, target).await;
        person.navigate(callback.as_str()).await
    }

    /// Opens a page and says yes to everything that the provider asks; answers the callback, which is not visited.
    pub async fn approve(&self, person: &Person, user: &str, target: &str) -> Url {
        let mut answer = person.look(target).await;
        for _ in 0..20 {
            answer = match Form::first(&answer.text()).filter(|_| answer.status == 200) {
                Some(form) => {
                    person.submit(&form.action, &form.clone().fill(&["login", "password"], user).fields).await
                }
                None => match answer.location() {
                    to if to.path() == "/oauth2/callback" => return to,
                    to => person.look(to.as_str()).await,
                },
            };
        }
        panic!("the provider never sends {user} back, at last: {answer}")
    }

    /// Says yes at the provider's sign-out page; answers where the browser is sent to, which is not visited.
    pub async fn leave(&self, person: &Person, end_session: &Url) -> Url {
        let page = self.page(person, end_session.as_str()).await;
        let form = Form::first(&page.text()).unwrap_or_else(|| panic!("no form: {page}"));
        person.submit(&form.action, &form.fields).await.expect(303).location()
    }

    /// Whether a page leads to the provider's question for a name and a password.
    pub async fn asks_for_a_password(&self, person: &Person, target: &str) -> bool {
        self.page(person, target).await.text().contains("name=\"password\"")
    }

    /// Follows redirects to the provider's next page.
    pub async fn page(&self, person: &Person, target: &str) -> Answer {
        person.navigate(target).await.expect(200).clone()
    }
}

fn setup(ca: &TestCa, files: &Files, provider: &OidcProvider, upstream: &Upstream) -> Setup {
    let gateway = ca.server(&[APP]).expect("a certificate");
    let (certificate, key) = gateway.write_to(&files.0).expect("files");
    let shipped = Setup::shipped().and_then(|setup| setup.cluster_address(APP_CLUSTER, upstream.addr()));
    let setup = [ISSUER_CLUSTER, DOMAIN_CLUSTER]
        .into_iter()
        .fold(shipped, |setup, cluster| setup?.cluster_address(cluster, provider.addr())?.plain_cluster(cluster));
    setup
        .expect("the shipped file")
        .downstream_tls(certificate, key)
        .env("OIDC_CLIENT_SECRET", CLIENT_SECRET)
        .env("SESSION_KEY", &session_key().expect("a key"))
}

/// What someone writes who has a provider that is not Cognito: discovery does the rest.
fn fill(plugin: &mut Value, provider: &OidcProvider, method: &str, algorithm: &str) {
    plugin["providers"] = json!([{
        "issuer": provider.issuer(),
        "clientId": CLIENT_ID,
        "clientAuthentication": method,
        "scopes": ["openid", "email", "groups"],
        "algorithms": [algorithm],
        "clusters": { provider.addr().to_string(): ISSUER_CLUSTER },
    }]);
    if method != "none" {
        plugin["providers"][0]["clientSecret"] = json!({ "env": "OIDC_CLIENT_SECRET" });
    }
    plugin["identity"]["groups"]["claim"] = json!("groups");
}

/// A folder for the certificate that goes with the world.
struct Files(PathBuf);

impl Files {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("edge-oidc-interop-{}-{}", std::process::id(), free_port())))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
