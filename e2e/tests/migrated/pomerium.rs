//! Pomerium's users after the move.

use devkit::cognito::User;
use e2e::{APP, CLIENT_SECRET, PASSWORD};
use http::Method;

use crate::world::{Moved, Settings};

const DOMAIN: &str = "demo.auth.us-east-1.amazoncognito.com";

async fn start(settings: Settings) -> Moved {
    let moved = settings.option("--domain", DOMAIN).start(|options| {
        options.clients[0].callback_urls =
            ["app", "authenticate"].map(|host| format!("https://{host}.example.com/oauth2/callback")).into();
        options.clients[0].logout_urls = vec!["https://authenticate.example.com/.pomerium/signed_out".to_owned()];
        let outsider = User { email: Some("eve@example.net".to_owned()), ..User::new("eve", PASSWORD) };
        options.users.push(outsider);
    });
    at_home(moved.await)
}

/// The gateway's certificate is for all hosts, and people call the application's first.
fn at_home(mut moved: Moved) -> Moved {
    let gateway = moved.gateway.net.hosts[0].1;
    let hosts = [APP, "authenticate.example.com", "verify.example.com"].map(|host| (host.to_owned(), gateway));
    moved.gateway.net.hosts.splice(0..1, hosts);
    moved
}

/// The settings that all of them have.
fn common() -> String {
    format!(
        "authenticate_service_url: https://authenticate.example.com\nidp_provider: oidc\n\
         idp_provider_url: https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012\n\
         idp_client_id: 304a12ktcc5djt9d7enj6dsjkg\nidp_client_secret: '{CLIENT_SECRET}'\n\
         idp_scopes: openid,profile,email\n"
    )
}

/// Names that Pomerium's applications believe, from somebody who forges them.
async fn assert_forged_headers_are_removed(moved: &Moved, user: &str, target: &str, expected: &[(&str, Option<&str>)]) {
    let person = moved.person();
    person.sign_in(user, target).await;
    let forged: Vec<_> = expected.iter().map(|(name, _)| (*name, "hunter2")).collect();
    let answer = person
        .ask(Method::GET, target)
        .headers(&forged)
        .header(&expected[0].0.replace('-', "_"), "hunter2")
        .send()
        .await;
    let forwarded = answer.expect(200).forwarded();
    expected.iter().for_each(|(name, value)| assert_eq!(forwarded.header(name), *value, "{name}"));
    assert!(!format!("{forwarded:?}").contains("hunter2"), "{forwarded:?}");
}

#[tokio::test]
async fn a_configuration_with_groups_of_cognito() {
    let routes = "jwt_claims_headers: [email, groups, user]\npass_identity_headers: true\nroutes:\n\
                  - { from: https://app.example.com, to: http://app, prefix: /admin, allowed_idp_claims: { 'cognito:groups': [admins] } }\n\
                  - { from: https://app.example.com, to: http://app, prefix: /assets/, allow_public_unauthenticated_access: true }\n\
                  - { from: https://app.example.com, to: http://app, allowed_domains: [example.com] }\n";
    let moved = start(Settings::of("pomerium", "*.example.com").file("config.yaml", &(common() + routes))).await;
    let ada = moved.person();
    let landing = ada.sign_in("ada", "/admin/users").await;
    assert_eq!(landing.upstream.header("x-pomerium-claim-email"), Some("ada@example.com"));
    assert_eq!(landing.upstream.header("x-pomerium-claim-groups"), Some("admins,data-science"));
    assert_eq!(landing.answer.url.host_str(), Some(APP));

    let grace = moved.person();
    grace.sign_in("grace", "/").await;
    grace.get("/admin/users").await.expect(403).expect_not_forwarded();
    // As with Pomerium, a prefix is its letters.
    grace.get("/administrators").await.expect(403).expect_not_forwarded();
    moved.person().get("/assets/a.css").await.expect(200).forwarded();
    moved.person().look("/assets").await.expect(302).expect_not_forwarded();
    assert_forged_headers_are_removed(
        &moved,
        "grace",
        "/",
        &[
            ("x-pomerium-claim-email", Some("grace@example.com")),
            ("x-pomerium-claim-groups", Some("data-science")),
            ("x-pomerium-jwt-assertion", None),
        ],
    )
    .await;
}

#[tokio::test]
async fn one_sign_in_is_for_all_hosts_and_signing_out_ends_it() {
    let routes = "routes:\n- from: https://app.example.com\n  to: http://app\n  policy:\n  - allow:\n      or: [{ domain: { is: example.com } }]\n\
                  - from: https://verify.example.com\n  to: http://verify\n  allow_any_authenticated_user: true\n";
    let moved = start(Settings::of("pomerium", "*.example.com").file("config.yaml", &(common() + routes))).await;
    assert_eq!(moved.configuration["callbackUrl"], "https://authenticate.example.com");
    let ada = moved.person();
    ada.sign_in("ada", "/").await;
    ada.look("https://verify.example.com/").await.expect(200).forwarded();
    ada.look("https://authenticate.example.com/x").await.expect(403).expect_not_forwarded();
    let goodbye = ada.look("/.pomerium/sign_out").await;
    let to = goodbye.expect(302).location();
    assert_eq!((to.host_str(), to.path()), (Some(DOMAIN), "/logout"));
    ada.navigate(to.as_str()).await.expect(200).expect_not_forwarded();
    ada.look("/").await.expect(302);

    let eve = moved.person();
    let authorize = eve.begin("/").await;
    let callback = eve.approve("eve", &authorize).await;
    eve.navigate(callback.as_str()).await.expect(403).expect_not_forwarded();
    eve.look("https://verify.example.com/").await.expect(200).forwarded();
}

#[tokio::test]
async fn a_policy_that_allows_and_denies() {
    let routes = "pass_identity_headers: true\njwt_claims_headers: { X-Email: email }\nroutes:\n\
                  - from: https://app.example.com\n  to: http://app\n  policy:\n  - allow:\n      and:\n      - domain: { in: [example.com, example.net] }\n\
                  \x20     - http_method: { in: [GET, HEAD] }\n  - allow:\n      or: [{ claim/cognito:groups: admins }]\n\
                  \x20 - deny:\n      or: [{ email: eve@example.net }, { http_path: { starts_with: /secret } }]\n";
    let settings = Settings::of("pomerium", "*.example.com").file("config.yaml", &(common() + routes));
    let moved = start(settings.flag("--forward-id-token")).await;
    let (ada, grace) = (moved.person(), moved.person());
    let landing = ada.sign_in("ada", "/").await;
    assert!(landing.upstream.header("x-pomerium-jwt-assertion").is_some_and(|token| token.split('.').count() == 3));
    grace.sign_in("grace", "/").await;
    ada.post("/jobs", "x").await.expect(200).forwarded();
    grace.post("/jobs", "x").await.expect(403).expect_not_forwarded();
    ada.get("/secrets").await.expect(403).expect_not_forwarded();
    let eve = moved.person();
    let callback = eve.approve("eve", &eve.begin("/").await).await;
    eve.navigate(callback.as_str()).await.expect(403).expect_not_forwarded();
    assert_forged_headers_are_removed(&moved, "ada", "/", &[("x-email", Some("ada@example.com"))]).await;
}

#[tokio::test]
async fn the_objects_of_the_ingress_controller() {
    let secret = format!("  client_id: 304a12ktcc5djt9d7enj6dsjkg\n  client_secret: '{CLIENT_SECRET}'\n");
    let settings =
        Settings::of("pomerium", "*.example.com").file("cluster.yaml", &CONTROLLER.replace("  SECRET\n", &secret));
    let moved = start(settings).await;
    let landing = moved.person().sign_in("ada", "/").await;
    assert_eq!(landing.upstream.header("x-user-email"), Some("ada@example.com"));
    moved.person().get("/healthz").await.expect(200).forwarded();
    let grace = moved.person();
    let callback = grace.approve("grace", &grace.begin("/").await).await;
    grace.navigate(callback.as_str()).await.expect(403).expect_not_forwarded();
    assert_forged_headers_are_removed(&moved, "ada", "/", &[("x-user-email", Some("ada@example.com"))]).await;
}

const CONTROLLER: &str = r#"apiVersion: ingress.pomerium.io/v1
kind: Pomerium
metadata:
  name: global
spec:
  authenticate:
    url: https://authenticate.example.com
  identityProvider:
    provider: cognito
    url: https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012
    secret: pomerium/idp
  passIdentityHeaders: true
  jwtClaimHeaders:
    x-user-email: email
---
apiVersion: v1
kind: Secret
metadata:
  name: idp
  namespace: pomerium
stringData:
  SECRET
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: app
  annotations:
    ingress.pomerium.io/policy: |
      - allow:
          or:
            - email:
                is: ada@example.com
spec:
  ingressClassName: pomerium
  rules:
    - host: app.example.com
      http:
        paths:
          - { path: /, pathType: Prefix, backend: { service: { name: app, port: { number: 80 } } } }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: health
  annotations:
    ingress.pomerium.io/allow_public_unauthenticated_access: 'true'
spec:
  ingressClassName: pomerium
  rules:
    - host: app.example.com
      http:
        paths:
          - { path: /healthz, pathType: Exact, backend: { service: { name: app, port: { number: 80 } } } }
"#;
