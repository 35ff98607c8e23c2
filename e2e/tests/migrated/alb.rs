//! AWS's Application Load Balancer's users after the move.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::{APP, CLIENT_ID, CLIENT_SECRET, DOMAIN, ISSUER};
use http::Method;
use serde_json::{Value, json};

use crate::world::{Moved, Settings};

const CALLBACK: &str = "https://app.example.com/oauth2/idpresponse";
const HEADERS: [&str; 3] = ["x-amzn-oidc-identity", "x-amzn-oidc-accesstoken", "x-amzn-oidc-data"];

/// What a user pool's rule says, and more.
fn pool(more: Value) -> Value {
    let mut config = json!({
        "UserPoolArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf012",
        "UserPoolClientId": CLIENT_ID,
        "UserPoolDomain": "demo",
        "SessionCookieName": "AWSELBAuthSessionCookie",
        "Scope": "openid email",
        "SessionTimeout": 604_800,
    });
    config.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    json!([{ "Type": "authenticate-cognito", "AuthenticateCognitoConfig": config, "Order": 1 }, { "Type": "forward", "Order": 2 }])
}

fn path(priority: &str, patterns: &[&str], actions: &Value) -> Value {
    let conditions = [json!({ "Field": "path-pattern", "PathPatternConfig": { "Values": patterns } })];
    json!({ "Priority": priority, "Conditions": conditions, "Actions": actions })
}

async fn start(settings: Settings) -> Moved {
    let settings = settings.option("--public-url", "https://app.example.com");
    settings.start(|options| options.clients[0].callback_urls = vec![CALLBACK.to_owned()]).await
}

/// The payload of a JWT, as an application that decodes it only reads it.
fn payload(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

/// Whoever forges the headers is nobody: at a path that is open, and with a session.
async fn assert_forged_headers_are_removed(moved: &Moved, open: Option<&str>) {
    let forged = HEADERS.map(|name| (name, "hunter2"));
    if let Some(open) = open {
        let answer = moved.person().ask(Method::GET, open).headers(&forged).send().await;
        let answer = answer.expect(200).forwarded();
        HEADERS.iter().for_each(|name| assert_eq!(answer.header(name), None, "{name} at {open}"));
    }
    let ada = moved.person();
    ada.sign_in("ada", "/login").await;
    let answer = ada.ask(Method::GET, "/login").headers(&forged).header("x_amzn_oidc_identity", "hunter2").send().await;
    let forwarded = answer.expect(200).forwarded();
    for name in HEADERS {
        assert_eq!(forwarded.all(name).len(), 1, "{name}");
    }
    assert!(!format!("{forwarded:?}").contains("hunter2"), "{forwarded:?}");
}

#[tokio::test]
async fn the_rules_of_a_listener_as_aws_prints_them() {
    let rules = json!({ "Rules": [
        path("10", &["/healthz", "/static/*"], &json!([{ "Type": "forward", "Order": 1 }])),
        path("20", &["/api", "/api/*"], &pool(json!({ "OnUnauthenticatedRequest": "deny" }))),
        path("30", &["/old/*"], &json!([{ "Type": "redirect", "Order": 1 }])),
        { "Priority": "default", "IsDefault": true, "Conditions": [], "Actions": pool(json!({})) },
    ]});
    let settings =
        Settings::of("alb", APP).file("rules.json", &rules.to_string()).fill("OIDC_CLIENT_SECRET", CLIENT_SECRET);
    let moved = start(settings).await;
    let ada = moved.person();
    let landing = ada.sign_in("ada", "/deep?x=1").await;
    assert_eq!(landing.path, "/deep?x=1");
    let sub = landing.upstream.header("x-amzn-oidc-identity").expect("a subject").to_owned();
    let data = payload(landing.upstream.header("x-amzn-oidc-data").expect("a token"));
    assert_eq!((&data["sub"], &data["email"]), (&json!(sub), &json!("ada@example.com")));
    assert_eq!(
        (&data["iss"], &data["aud"]),
        (&json!(format!("https://{ISSUER}/us-east-1_AbCdEf012")), &json!(CLIENT_ID))
    );
    let access = payload(landing.upstream.header("x-amzn-oidc-accesstoken").expect("a token"));
    assert_eq!((&access["token_use"], &access["sub"]), (&json!("access"), &json!(sub)));

    moved.person().get("/healthz").await.expect(200).forwarded();
    moved.person().get("/static/a/b.css").await.expect(200).forwarded();
    moved.person().look("/static").await.expect(302).expect_not_forwarded();
    moved.person().look("/api/jobs").await.expect(401).expect_not_forwarded();
    ada.get("/api/jobs").await.expect(200).forwarded();
    ada.get("/old/page").await.expect(403).expect_not_forwarded();
    moved.person().get("/static/../api/jobs").await.expect_not_forwarded();
    assert_forged_headers_are_removed(&moved, Some("/healthz")).await;
}

#[tokio::test]
async fn actions_as_they_were_given_to_modify_listener() {
    let config = json!({
        "Issuer": format!("https://{ISSUER}/us-east-1_AbCdEf012"),
        "AuthorizationEndpoint": format!("https://{DOMAIN}/oauth2/authorize"),
        "TokenEndpoint": format!("https://{DOMAIN}/oauth2/token"),
        "UserInfoEndpoint": format!("https://{DOMAIN}/oauth2/userInfo"),
        "ClientId": CLIENT_ID,
        "ClientSecret": CLIENT_SECRET,
        "SessionTimeout": 3600,
        "Scope": "email",
        "OnUnauthenticatedRequest": "authenticate",
    });
    let actions = json!([{ "Type": "authenticate-oidc", "AuthenticateOidcConfig": config, "Order": 1 }, { "Type": "forward", "Order": 2 }]);
    let settings = Settings::of("alb", APP).file("actions.json", &actions.to_string());
    let moved = start(settings).await;
    assert!(!moved.said.contains(CLIENT_SECRET), "{}", moved.said);
    assert_eq!(moved.configuration["session"]["lifetime"], "1h");
    let landing = moved.person().sign_in("grace", "/").await;
    let data = payload(landing.upstream.header("x-amzn-oidc-data").expect("a token"));
    assert_eq!(landing.upstream.header("x-amzn-oidc-identity"), data["sub"].as_str());
    assert_forged_headers_are_removed(&moved, None).await;
}

#[tokio::test]
async fn a_site_whose_login_page_alone_asks() {
    let rules = json!({ "Rules": [
        path("1", &["/login"], &pool(json!({ "OnUnauthenticatedRequest": "authenticate" }))),
        { "Priority": "default", "IsDefault": true, "Actions": pool(json!({ "OnUnauthenticatedRequest": "allow" })) },
    ]});
    let settings =
        Settings::of("alb", APP).file("rules.json", &rules.to_string()).fill("OIDC_CLIENT_SECRET", CLIENT_SECRET);
    let moved = start(settings).await;
    let ada = moved.person();
    let nobody = ada.get("/news").await;
    assert_eq!(nobody.expect(200).forwarded().header("x-amzn-oidc-identity"), None);
    ada.sign_in("ada", "/login").await;
    let somebody = ada.get("/news").await;
    let data = payload(somebody.expect(200).forwarded().header("x-amzn-oidc-data").expect("a token"));
    assert_eq!(somebody.forwarded().header("x-amzn-oidc-identity"), data["sub"].as_str());
    assert_forged_headers_are_removed(&moved, Some("/news")).await;
}

#[tokio::test]
async fn ingresses_of_one_group() {
    let moved =
        start(Settings::of("alb", APP).file("ingresses.yaml", INGRESSES).fill("OIDC_CLIENT_SECRET", CLIENT_SECRET))
            .await;
    moved.person().get("/docs/a").await.expect(200).forwarded();
    moved.person().look("/docs2").await.expect(302).expect_not_forwarded();
    let landing = moved.person().sign_in("ada", "/docs2").await;
    assert!(landing.upstream.header("x-amzn-oidc-identity").is_some());
    assert_forged_headers_are_removed(&moved, Some("/docs")).await;
}

const INGRESSES: &str = r#"apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: application
  annotations:
    alb.ingress.kubernetes.io/group.name: front
    alb.ingress.kubernetes.io/group.order: '20'
    alb.ingress.kubernetes.io/auth-type: cognito
    alb.ingress.kubernetes.io/auth-idp-cognito: '{"userPoolARN":"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf012","userPoolClientID":"304a12ktcc5djt9d7enj6dsjkg","userPoolDomain":"demo.auth.us-east-1.amazoncognito.com"}'
    alb.ingress.kubernetes.io/auth-scope: 'email openid'
spec:
  ingressClassName: alb
  rules:
    - host: app.example.com
      http:
        paths:
          - { path: /, pathType: Prefix, backend: { service: { name: application, port: { number: 80 } } } }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: documents
  annotations:
    alb.ingress.kubernetes.io/group.name: front
    alb.ingress.kubernetes.io/group.order: '10'
spec:
  rules:
    - host: app.example.com
      http:
        paths:
          - { path: /docs, pathType: Prefix, backend: { service: { name: documents, port: { number: 80 } } } }
---
apiVersion: v1
kind: Service
metadata:
  name: documents
"#;
