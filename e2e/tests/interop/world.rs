//! The shipped Envoy file in front of the provider that is not ours, and a person who knows its pages.

use std::path::PathBuf;
use std::sync::Arc;

use devkit::envoy::local::{APP_CLUSTER, DOMAIN_CLUSTER, ISSUER_CLUSTER, session_key};
use devkit::envoy::{Envoy, Setup, free_port};
use devkit::oidc_provider::{Client, OidcProvider, Options};
use devkit::tls::{self, TestCa};
use devkit::upstream::Upstream;
use e2e::{APP, Answer, CALLBACK, CLIENT_SECRET, Form, Habits, Net, Person};
use serde_json::{Value, json};
use url::Url;

/// With what means something in a URL and in Basic credentials.
const CLIENT_ID: &str = "edge-oidc:app+1";

/// How a client proves itself at the token endpoint.
pub const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

/// A gateway, an application and the provider.
pub struct World {
    pub provider: OidcProvider,
    net: Net,
    _envoy: Envoy,
    _files: Files,
}

impl World {
    /// A client that proves itself in this way and gets ID tokens of this algorithm.
    pub async fn start(method: &str, algorithm: &str) -> World {
        Self::accepting(method, algorithm, algorithm).await
    }

    /// The same, where the filter accepts ID tokens of another algorithm.
    pub async fn accepting(method: &str, algorithm: &str, accepted: &str) -> World {
        tls::use_ring();
        let secret = (method != "none").then_some(CLIENT_SECRET);
        let client = Client::new(CLIENT_ID, method, secret, algorithm, CALLBACK);
        let claims = |name: &str, groups: &[&str]| json!({ "email": format!("{name}@example.com"), "groups": groups });
        let users = [("ada", &["admins", "data-science"][..]), ("grace", &["data-science"][..])];
        let provider = OidcProvider::start(Options {
            port: 0,
            algorithms: vec![algorithm.to_owned()],
            clients: vec![client],
            users: users.map(|(name, groups)| (name.to_owned(), claims(name, groups))).into(),
        });
        let provider = provider.await.expect("the provider");
        let upstream = Arc::new(Upstream::start(([127, 0, 0, 1], 0).into()).await.expect("the application"));
        let (ca, files) = (TestCa::new().expect("a CA"), Files::new());
        let setup =
            setup(&ca, &files, &provider, &upstream).plugin_config(|plugin| fill(plugin, &provider, method, accepted));
        let envoy = setup.expect("the shipped file").start().await.expect("Envoy");
        let hosts = vec![(APP.to_owned(), envoy.addr())];
        World { net: Net { ca_pem: ca.pem().to_owned(), hosts, upstream }, provider, _envoy: envoy, _files: files }
    }

    /// A person with a browser of their own.
    pub fn person(&self) -> Person {
        Person::new(&self.net, Habits::default())
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
