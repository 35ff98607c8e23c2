//! What becomes of each setting, and what stands in the way.

use serde_json::{Value, json};

use super::given::{ARN, Migrated, default, file, forward, oidc, path, pool, refuses, rules, with};

fn pooled(more: Value) -> Migrated {
    rules(&[default(pool(more))])
}

#[test]
fn a_pool_is_its_issuer_in_each_partition() {
    let of = |arn: &str, domain: &str| pooled(json!({ "UserPoolArn": arn, "UserPoolDomain": domain }));
    let clusters =
        |migrated: &Migrated| migrated.at("/providers/0/clusters").as_object().unwrap().keys().next().unwrap().clone();
    let usual = of(ARN, "demo");
    assert_eq!(usual.at("/providers/0/issuer"), "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012");
    assert_eq!(clusters(&usual), "demo.auth.us-east-1.amazoncognito.com");
    assert_eq!(clusters(&of(ARN, "login.example.com")), "login.example.com");
    let china = "arn:aws-cn:cognito-idp:cn-north-1:1:userpool/cn-north-1_x";
    assert_eq!(
        of(china, "login.example.cn").at("/providers/0/issuer"),
        "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_x"
    );
    refuses(&of(china, "demo"), "UserPoolDomain (the default action) is a prefix, and nobody knows below which host");
    refuses(&of("us-east-1_x", "demo"), "UserPoolArn (the default action) is no ARN of a user pool");
}

#[test]
fn headers_are_those_that_applications_read() {
    let migrated = pooled(json!({}));
    assert_eq!(migrated.at("/identity/userId"), json!({ "claim": "sub", "header": "x-amzn-oidc-identity" }));
    let forward =
        json!({ "idToken": { "header": "x-amzn-oidc-data" }, "accessToken": { "header": "x-amzn-oidc-accesstoken" } });
    assert_eq!(migrated.at("/identity/forward"), forward);
    migrated.says("An application that verifies it takes the provider's keys (`jwks_uri`) in place of the balancer's");
    let bare = with(
        &json!({ "Rules": [default(pool(json!({})))] }).to_string(),
        &["--without-data", "--without-access-token"],
    );
    assert_eq!(bare.at("/identity/forward"), json!(null));
    assert_eq!(bare.at("/identity/remove"), json!(["x-amzn-oidc-data", "x-amzn-oidc-accesstoken"]));
}

#[test]
fn sessions_last_as_long_as_they_did() {
    let lifetime = |timeout: Value| pooled(json!({ "SessionTimeout": timeout })).at("/session/lifetime");
    assert_eq!(pooled(json!({})).at("/session/lifetime"), "7d");
    assert_eq!(lifetime(json!(3600)), "1h");
    assert_eq!(lifetime(json!("86400")), "24h");
    assert_eq!(lifetime(json!(1)), "5m");
    refuses(&pooled(json!({ "SessionTimeout": "1h" })), "SessionTimeout (the default action) is no number of seconds");
    let differing = rules(&[path(1, &["/a"], pool(json!({ "SessionTimeout": 600 }))), default(pool(json!({})))]);
    assert_eq!(differing.at("/session/lifetime"), "10m");
    differing.says("SessionTimeout rule 1 and the default action differ");
}

#[test]
fn scopes_and_parameters_go_on() {
    assert_eq!(pooled(json!({})).at("/providers/0/scopes"), json!(["openid"]));
    assert_eq!(
        pooled(json!({ "Scope": "email profile" })).at("/providers/0/scopes"),
        json!(["openid", "email", "profile"])
    );
    let parameters = json!({ "lang": "de", "prompt": "login" });
    let migrated = pooled(json!({ "AuthenticationRequestExtraParams": parameters }));
    assert_eq!(migrated.at("/providers/0/authorizationParameters"), parameters);
    let silent = pooled(json!({ "AuthenticationRequestExtraParams": { "prompt": "none" } }));
    refuses(&silent, "AuthenticationRequestExtraParams (the default action): providers[0].authorizationParameters");
    let differing = rules(&[
        path(1, &["/a"], pool(json!({ "AuthenticationRequestExtraParams": parameters }))),
        default(pool(json!({}))),
    ]);
    refuses(&differing, "AuthenticationRequestExtraParams of rule 1 and the default action are not the same");
    let wider = rules(&[
        path(1, &["/a"], pool(json!({ "Scope": "openid email" }))),
        default(pool(json!({ "Scope": "phone" }))),
    ]);
    assert_eq!(wider.at("/providers/0/scopes"), json!(["openid", "email", "phone"]));
}

#[test]
fn a_secret_of_a_template_goes_into_the_file_for_secrets_alone() {
    let migrated = rules(&[default(oidc(json!({ "ClientSecret": "hunter2 of a template" })))]);
    assert!(migrated.files().iter().all(|(_, text, secret)| *secret || !text.contains("hunter2")));
    assert!(migrated.files().iter().any(|(_, text, secret)| *secret && text.contains("hunter2 of a template")));
    assert!(!migrated.said().contains("hunter2"));
    let resolved = rules(&[default(oidc(json!({ "ClientSecret": "{{resolve:ssm-secure:hunter2}}" })))]);
    assert!(resolved.files().iter().all(|(_, text, _)| !text.contains("hunter2")));
    resolved.says("which is for you to fill in");
}

#[test]
fn endpoints_are_kept_to_the_letter_but_for_those_of_a_pool() {
    let other = rules(&[default(oidc(json!({})))]);
    assert_eq!(other.at("/providers/0/endpoints/token"), "https://idp.example.net/token");
    let issuer = json!({
        "Issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x", "TokenEndpoint": "https://login.example.com/oauth2/token",
    });
    let pool = rules(&[default(oidc(issuer))]);
    assert_eq!(pool.at("/providers/0/endpoints"), json!(null));
    assert_eq!(pool.at("/providers/0/clusters"), json!({ "login.example.com": "outbound|443||login.example.com" }));
    assert_eq!(pool.at("/providers/0/logout/kind"), "cognito");
    refuses(&rules(&[default(oidc(json!({ "Issuer": "" })))]), "Issuer (the default action) is not there");
    let plain = rules(&[default(oidc(json!({ "TokenEndpoint": "http://idp.example.net/token" })))]);
    refuses(&plain, "TokenEndpoint (the default action): providers[0].endpoints.token");
}

#[test]
fn a_mistyped_setting_is_named() {
    pooled(json!({ "SesionTimeout": 60 }))
        .says("SesionTimeout in the default action: no setting of a sign-in that there is");
    let intrinsic = pooled(json!({ "UserPoolClientId": { "Ref": "Client" } }));
    refuses(&intrinsic, "UserPoolClientId (the default action) is no text: write out what the template works out");
}

#[test]
fn files_that_say_nothing_are_refused() {
    refuses(&file("{}"), "a.json holds no rule of a load balancer");
    refuses(&rules(&[default(forward())]), "no rule in these files signs anyone in");
    let text = |rules: &[Value]| json!({ "Rules": rules }).to_string();
    refuses(
        &file(&text(&[json!({ "Conditions": [], "Actions": pool(json!({})) })])),
        "a rule has no `Priority` that is a number",
    );
    assert_eq!(file("[").outcome.code, 2);
}

/// A listener, by the last parts of its ARN, whose default signs people in.
fn listener(id: &str) -> Value {
    let arn = format!("arn:aws:elasticloadbalancing:us-east-1:1:listener/app/front/50dc6c495c0c9188/{id}");
    json!({ "ListenerArn": arn, "Port": 443, "Protocol": "HTTPS", "DefaultActions": pool(json!({ "Scope": format!("openid {id}/x") })) })
}

#[test]
fn one_of_several_listeners_is_chosen_by_name() {
    let text = json!({ "Listeners": [listener("aaaa"), listener("bbbb")] }).to_string();
    refuses(
        &file(&text),
        "several listeners sign people in: the listener HTTPS:443 front/50dc6c495c0c9188/aaaa; the listener",
    );
    let chosen = with(&text, &["--listener-arn=50dc6c495c0c9188/bbbb"]);
    assert_eq!(chosen.at("/providers/0/scopes/1"), "bbbb/x");
    chosen.says("the listener HTTPS:443 front/50dc6c495c0c9188/aaaa a listener that is not read");
    refuses(&with(&text, &["--listener-arn=cccc"]), "--listener-arn names none of the listeners");
}

#[test]
fn the_default_alone_is_said_to_be_all_there_is() {
    let text = json!({ "Listeners": [listener("aaaa")] }).to_string();
    file(&text).says("rules only the default action is in the files");
    let rule = json!({ "RuleArn": "arn:aws:elasticloadbalancing:us-east-1:1:listener-rule/app/front/50dc6c495c0c9188/aaaa/1", "Priority": "1",
        "Conditions": [{ "Field": "path-pattern", "Values": ["/a"] }], "Actions": forward() });
    let both = json!({ "Listeners": [listener("aaaa")], "Rules": [rule] }).to_string();
    assert!(!file(&both).said().contains("only the default action"));
    assert_eq!(file(&both).at("/routes/0/action"), "allow");
}

#[test]
fn the_callback_is_the_load_balancers_unless_it_is_said_otherwise() {
    let text = json!({ "Rules": [default(pool(json!({})))] }).to_string();
    let usual = file(&text);
    assert_eq!(usual.at("/paths/callback"), "/oauth2/idpresponse");
    assert!(!usual.said().contains("as a redirect URI of the client"));
    let other = with(&text, &["--callback=/oauth2/callback"]);
    assert_eq!(other.at("/paths/callback"), "/oauth2/callback");
    other.says(
        "register `https://app.example.com/oauth2/callback` at the provider as a redirect URI of the client client",
    );
    refuses(&with(&text, &["--callback=oauth2"]), "--callback: paths.callback");
}

#[test]
fn hosts_of_keys_and_addresses_after_signing_out_are_steps() {
    let rule =
        |more: Value, arguments: &[&str]| with(&json!({ "Rules": [default(oidc(more))] }).to_string(), arguments);
    let spread = json!({ "TokenEndpoint": "https://tokens.example.net/token" });
    let keys = "that of the keys (`jwks_uri`) above all";
    let usual = rule(spread.clone(), &[]);
    usual.says(keys);
    usual.says("register the public URL and `/oauth2/signed-out` at the provider");
    assert!(!rule(spread, &["--provider-host=keys.example.net"]).said().contains(keys));
    assert!(!rule(json!({}), &[]).said().contains(keys), "the manifests' own step says it");
}
