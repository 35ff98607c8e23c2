//! Applications that no registry has as a package: each is an application of ours that learns who asks as its documents say, behind
//! the configuration that its page shows.

mod stub;

use std::time::{Duration, Instant};

use devkit::cognito::Client;
use e2e::{APP, Answer, CLIENT_ID, DOMAIN, Person, WebSocket, World};
use http::Method;
use serde_json::{Value, json};

use crate::page::Page;
use crate::people::signed_in;
use crate::tokens::Tokens;
use crate::world::{MALLORY, in_front_of, lies, without_filter};
use stub::{Reads, Stub};

const ROBOT: &str = "6h9kq2v0s4m1c3b5n7x8z0a2d4";
/// The public client of a command line.
const COMMAND: &str = "4k1b0n2v8c6x3z9a7s5d4f2g1h";

/// An application behind its page's configuration.
struct Recipe {
    configuration: Value,
    stub: Stub,
    world: World,
}

impl Recipe {
    async fn start(page: &str, mark: &str, reads: Reads, leave: Option<(&'static str, &'static str)>) -> Recipe {
        let text = Page::of(page).fence("yaml", mark);
        let configuration: Value = serde_saphyr::from_str(&text).expect("YAML");
        let stub = Stub::start(reads, leave).await;
        let clients = [
            Client::machine(ROBOT, "hunter2robot0with0many0characters", &["edge/read"]),
            Client::public(COMMAND).with_urls(&["http://localhost:8085/auth/callback"], &[]),
        ];
        let builder = in_front_of(stub.addr, configuration.clone());
        let world = builder.cognito(|options| options.clients.extend(clients)).start().await;
        stub.trusts(Tokens::of(&world).await.and_of(COMMAND));
        Recipe { configuration, stub, world }
    }

    /// Whom the application took a request for; it must have answered.
    #[track_caller]
    fn user(answer: &Answer) -> String {
        answer.expect(200).json()["user"].as_str().map(str::to_owned).unwrap_or_default()
    }

    /// People are whom the filter says; what they make up, and what strangers send, counts for nothing.
    async fn knows_people(&self, page: &str, api: &str) -> Person {
        let (ada, landed) = signed_in(&self.world, "ada", page).await;
        assert!(landed.expect(200).text().contains("<h1 id=user>ada@example.com</h1>"), "{landed}");
        assert_eq!(Self::user(&ada.get(api).await), "ada@example.com");
        let lies = self.lies();
        let lies: Vec<_> = lies.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert!(!lies.is_empty());
        assert_eq!(Self::user(&ada.ask(Method::GET, api).headers(&lies).send().await), "ada@example.com");
        let seen = self.stub.last();
        let lied = seen.iter().any(|(_, value)| value.to_str().is_ok_and(|value| value.contains(MALLORY)));
        assert!(!lied && !format!("{seen:?}").contains("edge_oidc"), "{seen:?}");
        let arrived = self.stub.arrived();
        let stranger = self.world.person();
        assert_eq!(stranger.look(page).await.expect(302).location().host_str(), Some(DOMAIN));
        let liar = self.world.person();
        let page = liar.ask(Method::GET, page).headers(&lies).navigation().send().await;
        assert!(matches!(page.status, 302 | 401), "{page}");
        assert_eq!(self.stub.arrived(), arrived, "nothing of a stranger arrived");
        ada
    }

    /// A rule of the page opens this to everybody, and to nobody as somebody.
    async fn opens(&self, path: &str) {
        let lies = self.lies();
        let lies: Vec<_> = lies.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for headers in [&[][..], &lies] {
            let answer = self.world.person().ask(Method::GET, path).headers(headers).send().await;
            assert_eq!(answer.expect(200).json()["user"], Value::Null, "{path}");
        }
    }

    /// A stream comes piece by piece, and a WebSocket opens for pages of this host alone.
    async fn streams(&self, person: &Person, below: &str) {
        let mut raw = self.world.raw().await;
        let cookie = person.cookie_header();
        raw.send(format!("GET {below}/stream HTTP/1.1\r\nHost: {APP}\r\nCookie: {cookie}\r\n\r\n")).await;
        assert_eq!(raw.head().await.expect("an answer").status, 200);
        let mut events = raw.take(30).await.expect("an event");
        let first = Instant::now();
        while !events.ends_with(b"0\r\n\r\n") {
            events.extend(raw.take(1).await.expect("the end of the stream"));
        }
        assert!(first.elapsed() > Duration::from_millis(250), "it was held back until its end");
        assert_eq!(String::from_utf8_lossy(&events).matches("data: ada@example.com").count(), 6);
        let path = format!("{below}/ws");
        let own = format!("https://{APP}");
        let open = async |origin: &str| {
            WebSocket::open(&self.world.net, &path, &[("Cookie", &cookie), ("Origin", origin)]).await
        };
        let mut socket = open(&own).await.unwrap_or_else(|answer| panic!("{}", answer.status));
        assert_eq!(socket.receive().await, "ada@example.com");
        socket.send("hello").await;
        assert_eq!(socket.receive().await, "hello");
        assert_eq!(open("https://elsewhere.example.com").await.err().map(|answer| answer.status), Some(403));
    }

    /// The application's own button, by which the session ends here and at the provider.
    async fn leaves(&self, person: &Person, button: &str, api: &str) {
        let click = async |to: &str| {
            person.ask(Method::GET, to).navigation().header("sec-fetch-site", "same-origin").send().await
        };
        let mut answer = click(button).await;
        while answer.location().host_str() == Some(APP) {
            answer = click(answer.location().as_str()).await;
        }
        assert_eq!((answer.location().host_str(), answer.location().path()), (Some(DOMAIN), "/logout"), "{answer}");
        assert_ne!(person.get(api).await.status, 200, "the session is over");
        assert!(person.cookie("__Host-edge_oidc").is_none());
    }

    /// Every header of an identity, and every one that the configuration removes, with a lie in it.
    fn lies(&self) -> Vec<(String, String)> {
        let removed = self.configuration["identity"]["remove"].as_array().into_iter().flatten();
        let removed = removed.filter_map(|name| Some((name.as_str()?.to_owned(), MALLORY.to_owned())));
        // A stranger's Authorization would be judged as a token where those are taken, and not as a lie.
        lies(&self.configuration).into_iter().chain(removed).collect()
    }

    /// What the application does where the filter is not there.
    async fn without(&self, api: &str) -> Answer {
        let lies = self.lies();
        let lies: Vec<_> = lies.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        without_filter(&self.world).await.person().ask(Method::GET, api).headers(&lies).send().await
    }

    async fn end(mut self) {
        self.world.assert_no_vm_died().await;
    }
}

async fn with(recipe: &Recipe, path: &str, header: &str, value: &str) -> Answer {
    recipe.world.person().ask(Method::GET, path).header(header, value).send().await
}

const GRAFANA_LEAVES: Option<(&str, &str)> = Some(("/logout", "https://app.example.com/oauth2/sign-out"));

#[tokio::test]
async fn grafana_by_its_token() {
    let recipe =
        Recipe::start("grafana", "x-jwt-assertion }", Reads::Tokens(&["x-jwt-assertion"]), GRAFANA_LEAVES).await;
    let ada = recipe.knows_people("/d/home?orgId=1", "/api/user").await;
    recipe.opens("/api/health").await;
    let token = recipe.world.control().mint_id_token("grace", CLIENT_ID, None, |_| {});
    let program = with(&recipe, "/api/user", "authorization", &format!("Bearer {token}")).await;
    assert_eq!(Recipe::user(&program), "grace@example.com");
    assert_eq!(recipe.without("/api/user").await.status, 401, "Grafana verifies by itself");
    recipe.streams(&ada, "/api/live").await;
    recipe.leaves(&ada, "/logout", "/api/user").await;
    recipe.end().await;
}

#[tokio::test]
async fn grafana_by_a_header() {
    let recipe = Recipe::start("grafana", "x-webauth-name", Reads::Header("x-webauth-user"), GRAFANA_LEAVES).await;
    let ada = recipe.knows_people("/d/home", "/api/user").await;
    assert_eq!(recipe.stub.last()["x-webauth-groups"], "admins,data-science");
    recipe.opens("/api/health").await;
    let own = with(&recipe, "/api/user", "authorization", "Bearer glsa_made0by0grafana").await;
    assert_eq!(own.expect(401).json(), json!({ "user": null }), "it arrived, as nobody, and Grafana itself decided");
    assert_eq!(recipe.stub.last()["authorization"], "Bearer glsa_made0by0grafana");
    assert_eq!(Recipe::user(&recipe.without("/api/user").await), MALLORY, "it believes whatever it is sent");
    recipe.streams(&ada, "/api/live").await;
    recipe.leaves(&ada, "/logout", "/api/user").await;
    recipe.end().await;
}

#[tokio::test]
async fn argo_cd() {
    let recipe = Recipe::start("argo-cd", "forward:", Reads::Tokens(&["token", "authorization"]), None).await;
    let ada = recipe.knows_people("/applications?proj=x", "/api/v1/session/userinfo").await;
    for path in [
        "/healthz",
        "/api/version",
        "/api/v1/settings",
        "/cluster.SettingsService/Get",
        "/version.VersionService/Version",
    ] {
        recipe.opens(path).await;
    }
    let token = recipe.world.control().mint_id_token("grace", COMMAND, None, |_| {});
    let command = with(&recipe, "/api/v1/applications", "token", &token).await;
    assert_eq!(Recipe::user(&command), "grace@example.com");
    assert_eq!(recipe.stub.last()["authorization"], format!("Bearer {token}"), "plain requests are judged by this");
    let arrived = recipe.stub.arrived();
    let forged = ada.ask(Method::GET, "/api/v1/applications").header("token", "x.y.z").send().await;
    assert_eq!((forged.status, recipe.stub.arrived()), (401, arrived), "a bad token is not the session's");
    assert_eq!(recipe.without("/api/v1/applications").await.status, 401, "Argo CD verifies by itself");
    recipe.streams(&ada, "/api/v1").await;
    recipe.leaves(&ada, "/auth/logout", "/api/v1/session/userinfo").await;
    let again = recipe.world.person().look("/auth/login?return_url=%2Fapplications").await;
    assert_eq!(again.expect(302).location().host_str(), Some(DOMAIN), "its own page for signing in is ours");
    recipe.end().await;
}

#[tokio::test]
async fn tekton() {
    let recipe = Recipe::start("tekton", "forward:", Reads::Tokens(&["authorization"]), None).await;
    let pods = "/api/v1/namespaces/red/pods";
    let ada = recipe.knows_people("/", pods).await;
    assert!(!recipe.stub.last().keys().any(|name| name.as_str().starts_with("impersonate")));
    recipe.opens("/health").await;
    let token = recipe.world.control().mint_id_token("grace", CLIENT_ID, None, |_| {});
    let program = with(&recipe, pods, "authorization", &format!("Bearer {token}")).await;
    assert_eq!(Recipe::user(&program), "grace@example.com");
    assert_eq!(recipe.without(pods).await.status, 401, "the API server verifies by itself");
    recipe.streams(&ada, "/apis/tekton.dev/v1").await;
    recipe.leaves(&ada, "/oauth2/sign-out", pods).await;
    recipe.end().await;
}

#[tokio::test]
async fn kiali() {
    let recipe = Recipe::start("kiali", "forward:", Reads::Tokens(&["authorization"]), None).await;
    let ada = recipe.knows_people("/kiali/console", "/kiali/api/namespaces").await;
    recipe.opens("/kiali/healthz").await;
    let token = recipe.world.control().mint_id_token("grace", CLIENT_ID, None, |_| {});
    let program = with(&recipe, "/kiali/api/namespaces", "authorization", &format!("Bearer {token}")).await;
    assert_eq!(Recipe::user(&program), "grace@example.com");
    assert_eq!(recipe.without("/kiali/api/namespaces").await.status, 401, "the API server verifies by itself");
    recipe.leaves(&ada, "/oauth2/sign-out", "/kiali/api/namespaces").await;
    recipe.end().await;
}

#[tokio::test]
async fn spinnaker() {
    let recipe = Recipe::start("spinnaker", "x-spinnaker-user }", Reads::Header("x-spinnaker-user"), None).await;
    let ada = recipe.knows_people("/#/applications", "/gate/auth/user").await;
    recipe.opens("/gate/health").await;
    let token = recipe.world.control().mint_machine_token(ROBOT, |_| {});
    let program = with(&recipe, "/gate/applications", "authorization", &format!("Bearer {token}")).await;
    assert_eq!(Recipe::user(&program), ROBOT);
    assert_eq!(Recipe::user(&recipe.without("/gate/auth/user").await), MALLORY, "it believes whatever it is sent");
    // Deck's own button is a script's, which cannot end the provider's session.
    let left = ada.get("/gate/auth/logout").await;
    assert_eq!(left.expect(200).json()["signed_out"], true, "{left}");
    assert_eq!(ada.get("/gate/auth/user").await.status, 401);
    let (grace, _) = signed_in(&recipe.world, "grace", "/").await;
    recipe.leaves(&grace, "/gate/auth/logout", "/gate/auth/user").await;
    recipe.end().await;
}
