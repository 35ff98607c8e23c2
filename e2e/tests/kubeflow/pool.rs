//! Deployments at a Cognito pool: with authservice; and AWS's own, where a load balancer signed people in and a Lua filter believed
//! its header, and clients'.

use devkit::cognito::{Options, User};
use e2e::{CLIENT_ID, CLIENT_SECRET, DOMAIN, PASSWORD, World};
use http::Method;
use serde_json::json;

use crate::world::{CALLBACK, DASHBOARD, FORGED, HOST, SCRIPT, Settings, expect_identity};

const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012";

/// Of a person whose address has capitals, with a group whose name has a comma.
fn kim(options: &mut Options) {
    let kim = User::new("kim", PASSWORD).with_groups(["a", "b,c"]);
    options.users.push(User { email: Some("Kim@Example.com".to_owned()), ..kim });
}

// F-11, F-12. authservice's second image signed nobody in here: the pool says `email_verified` as a text.
#[tokio::test]
async fn authservice_at_a_pool_with_its_groups_and_its_user_ids_rewritten() {
    let rules = json!([{ "matches": r"(?i)@example\.com$", "replaces": "" }]);
    let lines = format!(
        "OIDC_PROVIDER={ISSUER}\nCLIENT_ID={CLIENT_ID}\nCLIENT_SECRET={CLIENT_SECRET}\nAUTHSERVICE_URL_PREFIX=/authservice/\n\
         OIDC_SCOPES=openid,email,profile\nGROUPS_CLAIM=cognito:groups\nUSERID_TRANSFORMERS={rules}\nUSERID_PREFIX=pool:\n"
    );
    let settings = Settings::published(&[]).file("authservice.env", &lines).option("--dialect", "0c4ea9a");
    let settings = settings.option("--domain", DOMAIN);
    let Some(tool) = settings.folder() else { return };
    let (rendered, _) = settings.rendered(&tool);
    let (rendered, pool) = rendered
        .with_pool(|options| {
            kim(options);
            options.clients[0].callback_urls = vec![format!("https://{HOST}{CALLBACK}")];
        })
        .await;
    let mut gateway = rendered.start(DASHBOARD).await;
    // The secret of this client has every character that a shell, a URL and Basic credentials take for something else.
    for (user, id, groups) in [("ada", "pool:ada", "admins,data-science"), ("kim", "pool:Kim", "a,b%2Cc")] {
        let person = gateway.person();
        let landing = person.sign_in(user, "/_/").await;
        expect_identity(&landing.answer, id, groups);
        let token = pool.control().mint_id_token(user, CLIENT_ID, None, |_| {});
        let program = gateway.person();
        let ask = program.ask(Method::GET, "/x").headers(&FORGED).header("authorization", format!("Bearer {token}"));
        expect_identity(&ask.send().await, id, groups);
        // authservice never took these, for want of an `aud`.
        let token = pool.control().mint_access_token(user, CLIENT_ID, |_| {});
        let answer = program.ask(Method::GET, "/x").header("authorization", format!("Bearer {token}")).send().await;
        answer.expect(401).expect_not_forwarded();
    }
    gateway.envoy.assert_alive().await.unwrap_or_else(|error| panic!("{error:#}"));
}

// F-13
#[tokio::test]
async fn whoever_has_capitals_in_the_pool_owns_a_namespace_in_lower_case() {
    let lower = World::builder().cognito(kim).plugin(|plugin| {
        plugin["identity"]["userId"]["lowercase"] = json!(true);
        plugin["providers"][0]["bearer"] = json!([{ "kind": "id_token", "audiences": [CLIENT_ID] }]);
    });
    let mut world = lower.start().await;
    let kim = world.person();
    assert_eq!(kim.sign_in("kim", "/").await.upstream.all("kubeflow-userid"), ["kim@example.com"]);
    let token = world.control().mint_id_token("kim", CLIENT_ID, None, |_| {});
    let program = world.person();
    let ask = program.ask(Method::GET, "/x").header("authorization", format!("Bearer {token}"));
    expect_identity(&ask.send().await, "kim@example.com", "a,b%2Cc");
    world.assert_no_vm_died().await;
}

#[tokio::test]
async fn the_pool_of_aws_without_its_load_balancer() {
    let files = ["awslabs-cognito-ingress-params-9a6b9e85.env", "awslabs-aws-authservice-params-9a6b9e85.env"];
    let settings = Settings::published(&files).option("--issuer", ISSUER);
    let settings = settings.option("--client-id", CLIENT_ID).option("--domain", DOMAIN);
    let Some(tool) = settings.folder() else { return };
    let (rendered, said) = settings.rendered(&tool);
    let callback = said.split('`').find(|text| text.starts_with("https://") && text.contains("callback"));
    let callback = callback.unwrap_or_else(|| panic!("no callback to register: {said}")).to_owned();
    let (rendered, pool) = rendered
        .env("OIDC_CLIENT_SECRET", CLIENT_SECRET)
        .with_pool(|options| {
            options.clients[0].callback_urls = vec![callback];
            options.clients[0].logout_urls = vec![format!("https://{HOST}/")];
        })
        .await;
    let mut gateway = rendered.start(DASHBOARD).await;
    let ada = gateway.person();
    let landing = ada.sign_in("ada", "/_/?ns=ada").await;
    assert_eq!(landing.path, "/_/?ns=ada");
    for method in [Method::GET, Method::POST] {
        let mut forged = FORGED.to_vec();
        forged.push(("x-amzn-oidc-data", "e30.eyJlbWFpbCI6InJvb3RAZXhhbXBsZS5jb20ifQ.x"));
        let answer = ada.ask(method.clone(), "/x").headers(&forged).send().await;
        expect_identity(&answer, "ada@example.com", "admins,data-science");
        gateway.person().ask(method, "/x").headers(&forged).send().await.expect(401).expect_not_forwarded();
    }
    // The script of AWS's logout server, as the dashboard of 1.7 calls it: the answer ends the pool's session.
    let ask = ada.ask(Method::POST, "/authservice/logout").headers(&SCRIPT);
    let answer = ask.header("authorization", "Bearer").send().await;
    let away = answer.expect(201).json()["afterLogoutURL"].as_str().map(str::to_owned).expect("a text");
    let prefix = format!("https://{DOMAIN}/logout?client_id={CLIENT_ID}&logout_uri=");
    assert!(away.starts_with(&prefix), "{away}");
    assert_eq!(ada.look(&away).await.expect(302).location().as_str(), format!("https://{HOST}/"));
    assert_eq!(pool.control().counters().interactive_sign_ins, 1);
    let again = ada.look("/").await.expect(302).location();
    let login = ada.look(again.as_str()).await;
    assert!(login.status == 302 && login.location().path() == "/login", "the pool has forgotten her: {login}");
    gateway.envoy.assert_alive().await.unwrap_or_else(|error| panic!("{error:#}"));
}
