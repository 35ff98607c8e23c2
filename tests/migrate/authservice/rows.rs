//! Rows say what is so: what is written, what an option overrules, and what is no secret.

use super::given::{LAST, MIDDLE, migrate, with};

#[track_caller]
fn never_says(text: &str, said: &str) {
    assert!(!said.contains(text), "{text:?} is in: {said}");
}

#[test]
fn nothing_is_carried_over_to_where_nothing_stands() {
    let method = with(LAST, "AUTH_METHOD_HEADER=");
    method.says("AUTH_METHOD_HEADER empty: no header says");
    never_says("identity.authMethod", &method.said());
    let cache = with(LAST, "CACHE_ENABLED=true\nCACHE_EXPIRATION_MINUTES=20");
    cache.says("CACHE_ENABLED it was for opaque tokens, and none are taken");
    cache.says("CACHE_EXPIRATION_MINUTES nothing is kept for so long");
    never_says("`cache` of an entry", &cache.said());
    never_says("ten minutes, the most", &cache.said());
    with(LAST, "CACHE_ENABLED=true\nACCESS_TOKEN_AUTHN=opaque")
        .says("CACHE_ENABLED `cache` of an entry with `kind: user_info`");
    with(LAST, "CACHE_ENABLED=false").says("CACHE_ENABLED off");
    with(MIDDLE, "AUDIENCES=x").says("AUDIENCES for Kubernetes tokens alone");
}

const BALANCER: &str = "CognitoUserPoolArn=arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_x\nCognitoAppClientId=a\n\
                        CognitoUserPoolDomain=a.auth.us-east-1.amazoncognito.com\n";

#[test]
fn what_an_option_overrules_is_said_of_what_was_written() {
    let issuer = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_y";
    let domain = "b.auth.us-east-1.amazoncognito.com";
    let options = ["--issuer", issuer, "--client-id", "b", "--domain", domain];
    let migrated = migrate(&[("a.env", BALANCER)], &options);
    assert_eq!(migrated.at("/providers/0/issuer"), issuer);
    migrated.says("CognitoUserPoolArn `--issuer` says otherwise, and counts");
    migrated.says("CognitoAppClientId `--client-id` says otherwise, and counts");
    migrated.says("CognitoUserPoolDomain `--domain` says otherwise, and counts");
    migrated.says("--issuer `providers[0].issuer`");
    migrated.says("--client-id `providers[0].clientId`");
    ["OIDC_PROVIDER", "CLIENT_ID ", "empty: as if"].iter().for_each(|text| never_says(text, &migrated.said()));
    let inside = migrate(&[("a.env", MIDDLE)], &["--issuer", "http://dex.auth.svc:5556/dex"]);
    inside.says("--issuer plain http to the provider");
    let plain = migrate(&[("a.env", BALANCER)], &[]);
    plain.says("CognitoUserPoolArn `providers[0].issuer`");
    never_says("OIDC_PROVIDER", &plain.said());
    let same = migrate(&[("a.env", BALANCER)], &["--client-id", "a"]);
    same.says("CognitoAppClientId as `--client-id` says");
    let page = format!("{BALANCER}LOGOUT_URL=https://a.auth.us-east-1.amazoncognito.com/logout?client_id=z\n");
    migrate(&[("a.env", &page)], &[]).says("LOGOUT_URL `CognitoAppClientId` says otherwise, and counts");
}

#[test]
fn a_query_that_is_left_out_is_named() {
    let query = with(MIDDLE, "REDIRECT_URL=/x/cb?tenant=1");
    query.says("REDIRECT_URL without its query");
    assert_eq!(query.at("/paths/callback"), "/x/cb");
    never_says("without its query", &with(MIDDLE, "REDIRECT_URL=/x/cb").said());
}

#[test]
fn the_secret_that_kubeflow_publishes_is_called_none_and_not_shown() {
    let published = "pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok";
    let migrated = migrate(&[("a.env", &MIDDLE.replace("hunter2", published))], &[]);
    assert_eq!(migrated.outcome.code, 0);
    migrated.says("CLIENT_SECRET warning: it is no secret. Kubeflow's repository publishes this one");
    never_says(published, &migrated.said());
    never_says("it is no secret", &with(MIDDLE, "").said());
}

#[test]
fn a_session_that_ends_with_its_token_is_foretold() {
    const FORETOLD: &str =
        "OIDC_SCOPES no `offline_access`, so most providers give no refresh token, and a session ends";
    with(MIDDLE, "").says(FORETOLD);
    never_says(FORETOLD, &with(MIDDLE, "OIDC_SCOPES=email offline_access").said());
    never_says(FORETOLD, &migrate(&[("a.env", MIDDLE)], &["--offline-access"]).said());
    never_says(FORETOLD, &migrate(&[("a.env", BALANCER)], &[]).said());
}
