//! oauth2-proxy's users after the move: what applications are told of who is there is what oauth2-proxy told them, but for the
//! differences that stand in the guide.
//!
//! | File | Facts about |
//! |---|---|
//! | here | configuration files, variables, the alpha configuration, a Deployment that another proxy asked |
//! | `kubeflow` | Kubeflow's own |

mod kubeflow;

use devkit::upstream::Received;
use e2e::{APP, CLIENT_ID, CLIENT_SECRET, DOMAIN, ISSUER};
use http::Method;

use crate::world::{Moved, Settings};

/// What no client may say of itself.
const FORGED: [(&str, &str); 8] = [
    ("x-forwarded-user", "root"),
    ("x-forwarded-email", "root@example.com"),
    ("x-forwarded-groups", "admins"),
    ("x-forwarded-preferred-username", "root"),
    ("x-forwarded-access-token", "forged"),
    ("x-auth-request-user", "root"),
    ("x-auth-request-email", "root@example.com"),
    ("x-auth-request-groups", "admins"),
];

/// The settings that every way of writing them shares, as a configuration file has them.
fn file(more: &str) -> String {
    format!(
        "provider = \"oidc\"\noidc_issuer_url = \"https://{ISSUER}/us-east-1_AbCdEf012\"\nclient_id = \"{CLIENT_ID}\"\n\
         client_secret = \"{CLIENT_SECRET}\"\nredirect_url = \"https://{APP}/oauth2/callback\"\n\
         cookie_secret = \"hunter2-cookie-secret-of-32-byte\"\nupstreams = [\"http://127.0.0.1:8080/\"]\n{more}"
    )
}

async fn moved(settings: Settings) -> Moved {
    settings.option("--domain", DOMAIN).start(|_| {}).await
}

fn of(text: &str) -> Settings {
    Settings::of("oauth2-proxy", APP).file("oauth2_proxy.cfg", text)
}

/// Asserts that these of the headers reached the application, and none of the others.
#[track_caller]
fn expect_headers(received: &Received, expected: &[(&str, &str)]) {
    for (name, _) in FORGED.iter().filter(|(name, _)| *name != "x-forwarded-access-token") {
        let wanted: Vec<&str> = expected.iter().filter(|(header, _)| header == name).map(|(_, value)| *value).collect();
        assert_eq!(received.all(name), wanted, "{name}: {received:?}");
    }
}

/// Who ada is to the application; the subject is what the pool made of her name.
fn subject(received: &Received, header: &str) -> String {
    received.header(header).unwrap_or_else(|| panic!("no {header}: {received:?}")).to_owned()
}

#[tokio::test]
async fn a_configuration_file_in_front_of_an_application() {
    let text = file(
        "email_domains = [\"*\"]\nallowed_groups = [\"admins\"]\noidc_groups_claim = \"cognito:groups\"\npass_access_token = true\n\
         skip_auth_routes = [\"GET=^/healthz$\", \"^/static/\"]\napi_routes = [\"^/api\"]\nskip_provider_button = true\n",
    );
    let moved = moved(of(&text)).await;
    let ada = moved.person();
    // A link of the application's own: `rd` says where to go.
    let landing = ada.sign_in("ada", "/oauth2/start?rd=%2Fdeep%3Fx%3D1").await;
    assert_eq!(landing.path, "/deep?x=1");
    let sub = subject(&landing.upstream, "x-forwarded-user");
    let told = [
        ("x-forwarded-email", "ada@example.com"),
        ("x-forwarded-groups", "admins,data-science"),
        ("x-forwarded-user", &sub),
    ];
    expect_headers(&landing.upstream, &told);
    assert!(sub.len() > 20 && !sub.contains('@'), "{sub}");
    let answer = ada.ask(Method::POST, "/").headers(&FORGED).send().await;
    expect_headers(answer.expect(200).forwarded(), &told);
    let token = answer.forwarded().all("x-forwarded-access-token");
    assert!(matches!(token.as_slice(), [token] if token.split('.').count() == 3), "{token:?}");

    // Nobody, by each path.
    let stranger = moved.person();
    for path in ["/healthz", "/static/a.css"] {
        let answer = stranger.ask(Method::GET, path).headers(&FORGED).send().await;
        expect_headers(answer.expect(200).forwarded(), &[]);
        assert!(answer.forwarded().all("x-forwarded-access-token").is_empty(), "{answer}");
    }
    stranger.ask(Method::POST, "/healthz").headers(&FORGED).send().await.expect(401).expect_not_forwarded();
    stranger.look("/api/things").await.expect(401).expect_not_forwarded();
    stranger.ask(Method::GET, "/").headers(&FORGED).send().await.expect(401).expect_not_forwarded();

    // Somebody of another group.
    let grace = moved.person();
    let callback = grace.approve("grace", &grace.begin("/").await).await;
    grace.navigate(callback.as_str()).await.expect(403).expect_not_forwarded();
    grace.look("/oauth2/sign_in").await.expect(200).expect_not_forwarded();

    ada.look("/oauth2/sign_out").await.expect(302);
    ada.get("/").await.expect(401).expect_not_forwarded();
}

#[tokio::test]
async fn variables_and_an_address_as_the_user() {
    let text = format!(
        "OAUTH2_PROXY_PROVIDER=oidc\nOAUTH2_PROXY_OIDC_ISSUER_URL=https://{ISSUER}/us-east-1_AbCdEf012\n\
         OAUTH2_PROXY_CLIENT_ID={CLIENT_ID}\nOAUTH2_PROXY_CLIENT_SECRET={CLIENT_SECRET}\n\
         OAUTH2_PROXY_REDIRECT_URL=https://{APP}/oauth2/callback\nOAUTH2_PROXY_COOKIE_SECRET=hunter2\n\
         OAUTH2_PROXY_EMAIL_DOMAINS=example.com\nOAUTH2_PROXY_UPSTREAMS=http://127.0.0.1:8080/\n\
         OAUTH2_PROXY_PREFER_EMAIL_TO_USER=true\nOAUTH2_PROXY_COOKIE_NAME=__Host-app\n\
         OAUTH2_PROXY_SKIP_JWT_BEARER_TOKENS=true\n"
    );
    let moved = moved(Settings::of("oauth2-proxy", APP).file("proxy.env", &text)).await;
    let ada = moved.person();
    let landing = ada.sign_in("ada", "/").await;
    assert!(ada.cookie("__Host-app").is_some(), "{:?}", ada.cookies());
    let told = [("x-forwarded-user", "ada@example.com"), ("x-forwarded-groups", "admins,data-science")];
    expect_headers(&landing.upstream, &told);
    expect_headers(ada.ask(Method::GET, "/x").headers(&FORGED).send().await.expect(200).forwarded(), &told);
    // A token that is none is refused, whatever cookies come with it.
    ada.ask(Method::GET, "/").header("authorization", "Bearer x.y.z").send().await.expect(401).expect_not_forwarded();
}

#[tokio::test]
async fn the_alpha_configuration_with_links_to_a_provider() {
    let alpha = format!(
        "upstreamConfig:\n  upstreams: [{{ id: app, path: /, uri: \"http://app:8080\" }}]\n\
         injectRequestHeaders:\n\
         - {{ name: X-Forwarded-Email, values: [{{ claimSource: {{ claim: email }} }}] }}\n\
         - {{ name: X-Forwarded-Groups, values: [{{ claim: groups }}] }}\n\
         - {{ name: X-Id, values: [{{ claim: id_token }}] }}\n\
         providers:\n- id: pool\n  provider: oidc\n  clientID: {CLIENT_ID}\n  clientSecret: \"{CLIENT_SECRET}\"\n\
         \x20 oidcConfig: {{ issuerURL: \"https://{ISSUER}/us-east-1_AbCdEf012\", groupsClaim: \"cognito:groups\" }}\n\
         \x20 loginURLParameters:\n\
         \x20 - {{ name: lang, default: [de] }}\n\
         \x20 - {{ name: login_hint, allow: [{{ pattern: '^[^@]*@example\\.com$' }}] }}\n"
    );
    let core = format!(
        "cookie_secret = \"hunter2\"\nemail_domains = \"example.com\"\nredirect_url = \"https://{APP}/oauth2/callback\"\n"
    );
    let moved = moved(of(&core).file("alpha.yaml", &alpha)).await;
    let ada = moved.person();
    let asked = ada.begin("/oauth2/start?login_hint=ada%40example.com&kc_idp_hint=x&rd=%2Fa").await;
    let value = |name: &str| asked.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert_eq!((value("lang").as_deref(), value("login_hint").as_deref()), (Some("de"), Some("ada@example.com")));
    assert_eq!(value("kc_idp_hint"), None);
    let other = moved.person().begin("/oauth2/start?login_hint=ada%40example.net").await;
    assert!(other.query_pairs().all(|(name, _)| name != "login_hint"), "{other}");

    let landing = ada.sign_in("ada", "/").await;
    expect_headers(
        &landing.upstream,
        &[("x-forwarded-email", "ada@example.com"), ("x-forwarded-groups", "admins,data-science")],
    );
    let answer = ada.ask(Method::GET, "/").headers(&FORGED).header("x-id", "forged").send().await;
    let token = answer.expect(200).forwarded().all("x-id");
    assert!(matches!(token.as_slice(), [token] if token.split('.').count() == 3), "{token:?}");
}

#[tokio::test]
async fn a_deployment_that_another_proxy_asked() {
    let manifest = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: oauth2-proxy, namespace: auth }}\nspec:\n  template:\n    spec:\n\
         \x20     containers:\n\
         \x20     - name: oauth2-proxy\n\
         \x20       image: quay.io/oauth2-proxy/oauth2-proxy:v7.14.3\n\
         \x20       args: [--config=/etc/oauth2_proxy/oauth2_proxy.cfg, --authenticated-emails-file=/etc/people/list, --set-xauthrequest]\n\
         \x20       env:\n\
         \x20       - {{ name: OAUTH2_PROXY_CLIENT_SECRET, valueFrom: {{ secretKeyRef: {{ name: oauth2-proxy, key: client-secret }} }} }}\n\
         ---\napiVersion: v1\nkind: Secret\nmetadata: {{ name: oauth2-proxy, namespace: auth }}\n\
         stringData: {{ client-secret: \"{CLIENT_SECRET}\" }}\n\
         ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: oauth2-proxy, namespace: auth }}\ndata:\n\
         \x20 list: |\n    Ada@example.com\n    bob@example.com\n\
         \x20 oauth2_proxy.cfg: |\n\
         \x20   provider = \"oidc\"\n\
         \x20   oidc_issuer_url = \"https://{ISSUER}/us-east-1_AbCdEf012\"\n\
         \x20   client_id = \"{CLIENT_ID}\"\n\
         \x20   redirect_url = \"https://{APP}/oauth2/callback\"\n\
         \x20   upstreams = [\"static://202\"]\n"
    );
    let moved = moved(Settings::of("oauth2-proxy", APP).file("oauth2-proxy.yaml", &manifest)).await;
    let ada = moved.person();
    let landing = ada.sign_in("ada", "/reports?q=1").await;
    assert_eq!(landing.path, "/reports?q=1");
    let sub = subject(&landing.upstream, "x-auth-request-user");
    let told = [
        ("x-auth-request-email", "ada@example.com"),
        ("x-auth-request-groups", "admins,data-science"),
        ("x-auth-request-user", &sub),
    ];
    expect_headers(&landing.upstream, &told);
    expect_headers(ada.ask(Method::GET, "/").headers(&FORGED).send().await.expect(200).forwarded(), &told);
    // The list has no grace.
    let grace = moved.person();
    let callback = grace.approve("grace", &grace.begin("/").await).await;
    grace.navigate(callback.as_str()).await.expect(403).expect_not_forwarded();
}
