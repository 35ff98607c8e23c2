//! Kong's users after the move: plugins as Kong documents them for Cognito, and what their applications get.
//!
//! Kong handed the access token on unless it was told not to, and so does what takes its place.

use devkit::cognito::{Options, User};
use devkit::upstream::Received;
use e2e::{APP, CLIENT_ID, CLIENT_SECRET, DOMAIN, PASSWORD, Person};
use http::Method;
use serde_json::json;

use crate::world::{Moved, Settings};

const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012";
const FORGED: [&str; 5] = [
    "x-consumer-username",
    "x-consumer-custom-id",
    "x-consumer-groups",
    "x-authenticated-groups",
    "x-credential-identifier",
];

async fn moved(file: &'static str, text: &str, options: &[(&str, &str)], callback: &'static str) -> Moved {
    let settings = Settings::of("kong", APP).file(file, text).option("--public-url", "https://app.example.com");
    let settings = options.iter().fold(settings, |settings, (name, value)| settings.option(name, value));
    let change = move |pool: &mut Options| {
        people(pool);
        for client in &mut pool.clients {
            if client.client_id == CLIENT_ID {
                client.callback_urls.push(format!("https://app.example.com{callback}"));
                client.logout_urls.push("https://app.example.com/default".to_owned());
            }
        }
    };
    settings.start(change).await
}

/// Two more than the usual one.
fn people(pool: &mut Options) {
    pool.users.push(User::new("kim", PASSWORD).with_groups(["ml-team"]));
    pool.users.push(User::new("lee", PASSWORD));
}

fn plugin(more: serde_json::Value) -> String {
    let mut config = json!({ "issuer": format!("{POOL}/.well-known/openid-configuration"), "client_id": [CLIENT_ID], "client_secret": [CLIENT_SECRET] });
    config.as_object_mut().expect("settings").extend(more.as_object().expect("settings").clone());
    json!({ "name": "openid-connect", "config": config }).to_string()
}

/// The values of a header, joined.
fn header(received: &Received, name: &str) -> String {
    received
        .headers
        .iter()
        .filter(|(other, _)| other.as_str().eq_ignore_ascii_case(name))
        .map(|(_, value)| format!("{value:?}"))
        .collect()
}

/// Nothing that a client sends under Kong's names arrives.
async fn forged(person: &Person, path: &str) -> Received {
    let ask = FORGED.iter().fold(person.ask(Method::GET, path).navigation(), |ask, name| ask.header(name, "mallory"));
    let answer = ask.send().await;
    let received = answer.forwarded().clone();
    assert!(!format!("{:?}", received.headers).contains("mallory"), "{:?}", received.headers);
    received
}

/// Somebody's address, and nothing of a client's own.
fn has(received: &Received, name: &str, value: &str) {
    assert_eq!(header(received, name), format!("{value:?}"), "{name}: {:?}", received.headers);
}

// The configuration of Kong's guide for Cognito: a route, the address of the metadata, the client, and nothing else.
#[tokio::test]
async fn a_service_at_cognito() {
    let kong = json!({ "_format_version": "3.0", "services": [{
        "name": "httpbin", "routes": [{ "name": "cognito", "paths": ["/cognito"] }],
        "plugins": [serde_json::from_str::<serde_json::Value>(&plugin(json!({}))).expect("JSON")],
    }] });
    let moved = moved("kong.yml", &kong.to_string(), &[("--domain", DOMAIN)], "/oauth2/callback").await;
    let person = moved.person();
    let landing = person.sign_in("ada", "/cognito/anything?x=1").await;
    assert_eq!(landing.path, "/cognito/anything?x=1");
    // Kong's default: the application gets the access token.
    let token = header(&landing.upstream, "authorization");
    assert!(token.starts_with("\"Bearer ey"), "{token}");
    let received = forged(&person, "/cognito").await;
    assert!(FORGED.iter().all(|name| header(&received, name).is_empty()), "{:?}", received.headers);
    person.forget_cookies();
    let bearer = token.trim_matches('"').to_owned();
    person.ask(Method::GET, "/cognito").header("authorization", &bearer).send().await.expect(200).forwarded();
    person.ask(Method::GET, "/cognito").send().await.expect(401).expect_not_forwarded();
}

// The settings of Kong's guide for the Dev Portal at Cognito, whose developers are known by their address.
#[tokio::test]
async fn the_dev_portal_at_cognito() {
    let logout = format!("https://{DOMAIN}/logout?client_id={CLIENT_ID}&logout_uri=https://app.example.com/default");
    let settings = json!({
        "issuer": format!("{POOL}/.well-known/openid-configuration"), "client_id": [CLIENT_ID], "client_secret": [CLIENT_SECRET],
        "leeway": 100, "consumer_by": ["username", "custom_id", "id"], "consumer_claim": ["email"], "scopes": ["openid", "profile", "email"],
        "login_action": "redirect", "login_tokens": {}, "login_redirect_mode": "query", "login_redirect_uri": ["https://app.example.com/default"],
        "logout_query_arg": "logout", "logout_methods": ["GET"], "logout_redirect_uri": [logout], "ssl_verify": false,
        "forbidden_redirect_uri": ["https://app.example.com/default/unauthorized"], "redirect_uri": ["https://app.example.com:8447/default/auth"],
    });
    let moved =
        moved("portal.json", &settings.to_string(), &[("--consumer", "ada@example.com")], "/default/auth").await;
    let person = moved.person();
    let landing = person.sign_in("ada", "/default/apis?q=1").await;
    assert_eq!(landing.path, "/default?next=%2Fdefault%2Fapis%3Fq%3D1");
    has(&landing.upstream, "x-consumer-username", "ada@example.com");
    has(&forged(&person, "/default").await, "x-consumer-username", "ada@example.com");
    // Whoever is no developer is sent to the page for them, which everyone may see.
    let stranger = moved.person();
    let callback = stranger.approve("kim", &stranger.begin("/default").await).await;
    let page = stranger.navigate(callback.as_str()).await;
    assert_eq!(page.expect(200).url.path(), "/default/unauthorized");
    assert_eq!(page.url.query(), Some("error=requirement_unmet"));
    assert_eq!(header(page.forwarded(), "x-consumer-username"), "");
    // The argument signs out at any path, on to Cognito and back.
    let out = person.look("/default/apis?logout=true").await;
    assert_eq!(out.expect(302).location().host_str(), Some(DOMAIN), "{out}");
    let to = out.location();
    let back = to.query_pairs().find(|(name, _)| name == "logout_uri").map(|(_, value)| value.into_owned());
    assert_eq!(back.as_deref(), Some("https://app.example.com/default"));
    assert_eq!(person.look(to.as_str()).await.expect(302).location().as_str(), "https://app.example.com/default");
    person.get("/default").await.expect(401).expect_not_forwarded();
}

// Kong's example of the authorization code flow, with headers, groups, parameters of links and a page for the refused.
#[tokio::test]
async fn a_browser_application_with_groups() {
    let text = plugin(json!({
        "client_auth": ["client_secret_post"], "auth_methods": ["authorization_code", "session"], "response_mode": "form_post",
        "preserve_query_args": true, "login_action": "redirect", "login_tokens": null, "scopes": ["openid", "email", "profile"],
        "upstream_access_token_header": null, "upstream_headers": [{ "header": "X-Authenticated-User", "path": ["email"] }],
        "authenticated_groups_claim": ["cognito:groups"], "groups_claim": ["cognito:groups"], "groups_required": ["ml-team", "audit"],
        "authorization_query_args_client": ["login_hint"], "forbidden_redirect_uri": ["https://app.example.com/no-access"],
        "logout_uri_suffix": "/logout", "logout_methods": ["POST", "GET"], "logout_revoke": true,
    }));
    let moved = moved("plugin.json", &text, &[("--domain", DOMAIN)], "/oauth2/callback").await;
    let person = moved.person();
    let landing = person.sign_in("kim", "/reports?hello=world").await;
    assert_eq!(landing.path, "/reports?hello=world");
    has(&landing.upstream, "x-authenticated-user", "kim@example.com");
    has(&landing.upstream, "x-authenticated-groups", "ml-team");
    assert_eq!(header(&landing.upstream, "authorization"), "");
    forged(&person, "/reports").await;
    let ask = person
        .ask(Method::GET, "/reports")
        .header("x-authenticated-user", "mallory")
        .header("X_Authenticated_User", "mallory");
    let answer = ask.send().await;
    has(answer.forwarded(), "x-authenticated-user", "kim@example.com");
    assert!(!format!("{:?}", answer.forwarded().headers).contains("mallory"), "{answer}");
    let hinted = moved.person().begin("/oauth2/sign-in?login_hint=kim%40example.com&prompt=none").await;
    let value = |name: &str| hinted.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert_eq!((value("login_hint").as_deref(), value("prompt")), (Some("kim@example.com"), None));
    let outsider = moved.person();
    let callback = outsider.approve("lee", &outsider.begin("/reports").await).await;
    assert_eq!(outsider.navigate(callback.as_str()).await.expect(200).url.path(), "/no-access");
    outsider.get("/reports").await.expect(403).expect_not_forwarded();
    person.look("/logout").await.expect(302);
    person.get("/reports").await.expect(401).expect_not_forwarded();
}

// Routes of several kinds: open, for members of a group, for consumers alone, for programs.
#[tokio::test]
async fn several_routes_of_one_gateway() {
    let base = |more: serde_json::Value| -> serde_json::Value {
        let mut plugin: serde_json::Value = serde_json::from_str(&plugin(more)).expect("JSON");
        let config = plugin["config"].as_object_mut().expect("settings");
        config.insert("scopes".to_owned(), json!(["openid", "email"]));
        config.insert("upstream_access_token_header".to_owned(), serde_json::Value::Null);
        plugin
    };
    let browsers = json!(["authorization_code", "session"]);
    let admins =
        base(json!({ "auth_methods": browsers, "roles_claim": ["cognito:groups"], "roles_required": ["ml-team"] }));
    let kong = json!({ "_format_version": "3.0", "services": [{
        "name": "web",
        "routes": [
            { "name": "pages", "paths": ["/"], "plugins": [base(json!({ "auth_methods": browsers }))] },
            { "name": "admin", "paths": ["/admin"], "plugins": [admins] },
            { "name": "health", "paths": ["/healthz"] },
            { "name": "jobs", "paths": ["~/v\\d+/jobs$"], "plugins": [base(json!({ "auth_methods": ["bearer"], "bearer_token_param_type": ["header"] }))] },
        ],
    }] });
    let settings =
        Settings::of("kong", APP).file("kong.yml", &kong.to_string()).option("--public-url", "https://app.example.com");
    let settings = settings.option("--domain", DOMAIN).flag("--open-routes");
    let moved = settings.start(people).await;
    let person = moved.person();
    let open = forged(&person, "/healthz").await;
    assert!(FORGED.iter().all(|name| header(&open, name).is_empty()));
    person.look("/healthzfoo").await.expect(302).expect_not_forwarded();
    person.sign_in("ada", "/").await;
    // Kong's `/admin` is the beginning of `/administrator`, too.
    for path in ["/admin", "/admin/x", "/administrator"] {
        person.get(path).await.expect(403).expect_not_forwarded();
    }
    person.get("/v1/jobs").await.expect(401).expect_not_forwarded();
    person.get("/v1/jobs/7").await.expect(200).forwarded();
    let kim = moved.person();
    assert_eq!(kim.sign_in("kim", "/administrator").await.path, "/administrator");
}
