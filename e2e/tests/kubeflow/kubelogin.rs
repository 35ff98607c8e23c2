//! One person, one pool, two ways in: the browser's session, and the ID token that kubelogin gets for kubectl.
//!
//! kubelogin is a public client of the pool's with PKCE, whose redirect URI is on the person's own machine. The API server reads
//! its tokens by `usernameClaim`, `usernamePrefix`, `groupsClaim` and `groupsPrefix`; the same four stand here.

use devkit::cognito::Client;
use e2e::{Answer, DOMAIN, Person, World};
use http::Method;
use serde_json::{Value, json};
use url::Url;

/// kubelogin's own default.
const REDIRECT: &str = "http://localhost:8000";
const KUBELOGIN: &str = "0kubelogin0client0of0pool0";
const OTHER: &str = "0other0client0of0the0pool0";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A pool with both clients; names and groups are prefixed as an API server may be told to.
async fn world() -> World {
    let client = |id| Client::public(id).with_urls(&[REDIRECT], &[]);
    let builder = World::builder().cognito(|options| options.clients.extend([client(KUBELOGIN), client(OTHER)]));
    let builder = builder.plugin(|plugin| {
        plugin["providers"][0]["bearer"] = json!([{ "kind": "id_token", "audiences": [KUBELOGIN] }]);
        plugin["identity"]["userId"]["prefix"] = json!("oidc:");
        plugin["identity"]["groups"]["prefix"] = json!("oidc:");
    });
    builder.start().await
}

/// What kubelogin does: the browser opens the provider, kubelogin waits for it on the person's machine and redeems the code.
async fn log_in(person: &Person, client_id: &str, user: &str) -> Value {
    let mut authorize = Url::parse(&format!("https://{DOMAIN}/oauth2/authorize")).expect("a URL");
    authorize.query_pairs_mut().extend_pairs([
        ("access_type", "offline"),
        ("client_id", client_id),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("nonce", "kubelogins-nonce"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "kubelogins-state"),
    ]);
    let back = person.approve(user, &authorize).await;
    assert_eq!((back.origin().ascii_serialization().as_str(), back.path()), (REDIRECT, "/"));
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    redeem(person, client_id, &fields).await
}

async fn redeem(person: &Person, client_id: &str, fields: &[(&str, &str)]) -> Value {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    let body = form.extend_pairs(fields).extend_pairs([("client_id", client_id), ("redirect_uri", REDIRECT)]).finish();
    let ask = person.ask(Method::POST, &format!("https://{DOMAIN}/oauth2/token")).body(body);
    let answer = ask.header("content-type", "application/x-www-form-urlencoded").send().await;
    answer.expect(200).json()
}

async fn with(person: &Person, token: &Value) -> Answer {
    let token = token.as_str().expect("a token");
    person
        .ask(Method::GET, "/pipeline/apis/v2beta1/runs")
        .header("authorization", format!("Bearer {token}"))
        .send()
        .await
}

/// As whom the application took somebody.
#[track_caller]
fn identity(answer: &Answer) -> [Vec<String>; 2] {
    let seen = answer.expect(200).forwarded();
    ["kubeflow-userid", "kubeflow-groups"].map(|name| seen.all(name).into_iter().map(str::to_owned).collect())
}

#[tokio::test]
async fn kubectls_token_makes_the_same_person_of_whoever_has_a_session() {
    let mut world = world().await;
    for (user, groups) in [("ada", "oidc:admins,oidc:data-science"), ("grace", "oidc:data-science")] {
        let (browser, terminal) = (world.person(), world.person());
        browser.sign_in(user, "/").await;
        let by_session = identity(&browser.get("/x").await);
        let tokens = log_in(&terminal, KUBELOGIN, user).await;
        let by_token = identity(&with(&terminal, &tokens["id_token"]).await);
        assert_eq!(by_session, by_token);
        assert_eq!(by_token, [vec![format!("oidc:{user}@example.com")], vec![groups.to_owned()]]);
        // kubelogin renews by itself.
        let refresh = tokens["refresh_token"].as_str().expect("a refresh token");
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        let renewed = redeem(&terminal, KUBELOGIN, &fields).await;
        assert_eq!(identity(&with(&terminal, &renewed["id_token"]).await), by_session);
        assert!(terminal.cookies().is_empty(), "a token makes no session");
    }
    world.assert_no_vm_died().await;
}

// T-165
#[tokio::test]
async fn neither_another_clients_token_nor_kubelogins_access_token_is_taken() {
    let mut world = world().await;
    let terminal = world.person();
    let others = log_in(&terminal, OTHER, "ada").await;
    let own = log_in(&terminal, KUBELOGIN, "ada").await;
    identity(&with(&terminal, &own["id_token"]).await);
    for (token, code) in [
        (&others["id_token"], "bearer_aud"),
        (&others["access_token"], "bearer_kind"),
        (&own["access_token"], "bearer_kind"),
    ] {
        let answer = with(&terminal, token).await;
        answer.expect(401).expect_not_forwarded();
        assert_eq!(answer.json()["error"], code, "{answer}");
        assert!(answer.all("location").is_empty() && answer.all("set-cookie").is_empty(), "{answer}");
    }
    world.assert_no_vm_died().await;
}
