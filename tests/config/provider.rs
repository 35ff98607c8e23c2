//! `providers`: each option has a value that is refused, and a safe default.

use edge_oidc::oidc::{client_auth::ClientAuthentication, provider::LogoutKind};
use serde_json::{Value, json};

use crate::{good, places, read, with};

#[test]
fn a_secret_is_sent_as_the_kind_of_provider_wants_it() {
    let with_secret = |issuer: &str| {
        let mut tree = with("/providers/0/clientSecret", json!({ "env": "SECRET" }));
        tree["providers"][0]["issuer"] = issuer.into();
        read(&tree).unwrap().providers()[0].client_authentication.clone()
    };
    let cognito = with_secret("https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x");
    assert!(matches!(cognito, ClientAuthentication::Post { .. }));
    assert!(matches!(with_secret("https://idp.example.com/"), ClientAuthentication::Basic { .. }));
}

#[test]
fn an_issuer_keeps_its_spelling() {
    for issuer in ["https://idp.example.com", "https://idp.example.com/", "https://idp.example.com/realms/a%20b"] {
        let config = read(&with("/providers/0/issuer", issuer.into())).unwrap();
        assert_eq!(config.providers()[0].issuer, issuer);
    }
}

#[test]
fn plain_http_is_for_this_machine_or_by_an_explicit_switch() {
    let issuer = |issuer: &str, insecure: bool| {
        let mut tree = with("/providers/0/insecureHttp", insecure.into());
        tree["providers"][0]["issuer"] = issuer.into();
        tree["providers"][0]["endpoints"] = json!({ "token": format!("{issuer}/token") });
        places(&tree)
    };
    for here in ["http://localhost:9000", "http://idp.localhost", "http://127.0.0.1:9", "http://[::1]:9"] {
        assert!(issuer(here, false).is_empty(), "{here}");
    }
    for elsewhere in ["http://dex.auth.svc:5556", "http://localhost.evil.com", "http://10.0.0.1"] {
        assert_eq!(issuer(elsewhere, false), ["providers[0].issuer", "providers[0].endpoints.token"], "{elsewhere}");
        assert!(issuer(elsewhere, true).is_empty(), "{elsewhere}");
    }
}

/// The places of the problems that `provider` causes beside a good one.
fn provider_places(provider: Value) -> Vec<String> {
    let mut tree = good();
    for (name, value) in provider.as_object().unwrap() {
        tree["providers"][0][name] = value.clone();
    }
    places(&tree).iter().map(|place| place.replace("providers[0].", "")).collect()
}

#[test]
fn a_client_proves_itself_in_one_way() {
    let secret = json!({ "env": "SECRET" });
    for (provider, place) in [
        (json!({ "clientAuthentication": "none", "clientSecret": secret }), "clientAuthentication"),
        (json!({ "clientAuthentication": "client_secret_post" }), "clientAuthentication"),
        (json!({ "clientAuthentication": "client_secret_basic" }), "clientAuthentication"),
        (json!({ "clientAuthentication": "private_key_jwt", "clientSecret": secret }), "clientAuthentication"),
        (json!({ "basicEncoding": "raw", "clientSecret": secret }), "basicEncoding"),
        (json!({ "clientSecret": { "env": "SECRET", "file": "x" } }), "clientSecret.file"),
        (json!({ "clientId": " padded " }), "clientId"),
    ] {
        assert_eq!(provider_places(provider.clone()), [place], "{provider}");
    }
    let raw = json!({ "clientAuthentication": "client_secret_basic", "basicEncoding": "raw", "clientSecret": secret });
    assert!(provider_places(raw).is_empty());
    assert!(provider_places(json!({ "clientAuthentication": "none" })).is_empty());
}

// T-34
#[test]
fn every_provider_option_has_a_value_that_is_refused() {
    for (provider, place) in [
        (json!({ "name": "a b" }), "name"),
        (json!({ "kind": "oidc" }), "kind"),
        (json!({ "issuer": "https://cognito-idp.us-east-1.amazonaws.com/" }), "issuer"),
        (json!({ "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x/" }), "issuer"),
        (json!({ "issuer": "https://idp.example.com/?x" }), "issuer"),
        (json!({ "issuer": "https://idp.example.com " }), "issuer"),
        (json!({ "issuer": "\nhttps://idp.example.com" }), "issuer"),
        (json!({ "issuer": "https://idp.example.com/a b" }), "issuer"),
        (json!({ "issuer": "https://idp.example.com/#x" }), "issuer"),
        (json!({ "issuer": "ftp://idp.example.com" }), "issuer"),
        (json!({ "issuer": "idp.example.com" }), "issuer"),
        (json!({ "scopes": ["email"] }), "scopes"),
        (json!({ "scopes": ["openid", "offline_access"] }), "scopes[1]"),
        (json!({ "scopes": ["openid email"] }), "scopes"),
        (json!({ "clusters": { "idp.example.com/x": "c" } }), "clusters[\"idp.example.com/x\"]"),
        (json!({ "clusters": { "idp.example.com": "" } }), "clusters[\"idp.example.com\"]"),
        (json!({ "endpoints": { "jwks": "https://idp.example.com/#x" } }), "endpoints.jwks"),
        (json!({ "authorizationParameters": { "nonce": "x" } }), "authorizationParameters.nonce"),
        (json!({ "authorizationParameters": { "prompt": "none" } }), "authorizationParameters.prompt"),
        (json!({ "authorizationParameters": { "max_age": "300" } }), "authorizationParameters.max_age"),
        (json!({ "timeout": "0s" }), "timeout"),
        (json!({ "timeout": 5 }), "timeout"),
        (json!({ "leeway": "301s" }), "leeway"),
        (json!({ "algorithms": ["ES256"] }), "algorithms[0]"),
        (json!({ "algorithms": ["none"] }), "algorithms[0]"),
        (json!({ "logout": { "kind": "local", "logoutUri": "https://app.example.com/" } }), "logout.logoutUri"),
        (json!({ "logout": { "logoutUri": "http://app.example.com/" } }), "logout.logoutUri"),
        (json!({ "issuer": "https://idp.example.com", "logout": { "kind": "cognito" } }), "logout.kind"),
        (json!({ "logout": { "kind": "rpInitiated" } }), "logout.kind"),
        (json!({ "logout": { "kind": "rp-initiated" } }), "logout.kind"),
        (json!({ "logout": { "postLogoutRedirectUri": "https://app.example.com/" } }), "logout.postLogoutRedirectUri"),
        (json!({ "logout": { "idTokenHint": true } }), "logout.idTokenHint"),
        (json!({ "logout": { "returnUrls": [] } }), "logout.returnUrls"),
        (json!({ "logout": { "returnUrls": "https://app.example.com/" } }), "logout.returnUrls"),
        (json!({ "logout": { "returnUrls": ["/bye"] } }), "logout.returnUrls[0]"),
        (
            json!({ "logout": { "returnUrls": ["https://app.example.com/", "http://app.example.com/"] } }),
            "logout.returnUrls[1]",
        ),
    ] {
        let places = provider_places(provider.clone());
        assert!(!places.is_empty() && places.iter().all(|found| found.starts_with(place)), "{provider}: {places:?}");
    }
}

/// What an OpenID provider with `logout` is understood as.
fn sign_out(logout: Value) -> LogoutKind {
    let mut tree = with("/providers/0/issuer", "https://idp.example.com".into());
    tree["providers"][0]["logout"] = logout;
    read(&tree).unwrap().providers()[0].logout.clone()
}

#[test]
fn a_sign_out_is_local_unless_it_is_asked_for_at_an_openid_provider() {
    assert_eq!(read(&good()).unwrap().providers()[0].logout, LogoutKind::Cognito { logout_uri: None });
    assert_eq!((sign_out(json!({})), sign_out(json!({ "kind": "local" }))), (LogoutKind::LOCAL, LogoutKind::LOCAL));
    let rp_initiated = LogoutKind::RpInitiated { post_logout_redirect_uri: None, id_token_hint: true };
    assert_eq!(sign_out(json!({ "kind": "rpInitiated" })), rp_initiated);
}

#[test]
fn a_redirect_uri_is_kept_as_it_is_written() {
    for uri in ["https://WWW.example.com", "https://www.example.com:443/bye?a=%7E", "http://localhost:8080/bye"] {
        let logout = json!({ "kind": "rpInitiated", "postLogoutRedirectUri": uri, "idTokenHint": false });
        let kept = LogoutKind::RpInitiated { post_logout_redirect_uri: Some(uri.to_owned()), id_token_hint: false };
        assert_eq!(sign_out(logout), kept);
        let cognito = read(&with("/providers/0/logout", json!({ "logoutUri": uri }))).unwrap();
        assert_eq!(cognito.providers()[0].logout, LogoutKind::Cognito { logout_uri: Some(uri.to_owned()) });
    }
}

#[test]
fn return_urls_are_for_every_kind_of_sign_out_and_kept_as_they_are_written() {
    let urls = ["https://WWW.example.com/bye?a=%7E", "http://localhost:8080/bye"];
    let kept = |issuer: &str, kind: &str| {
        let mut tree = with("/providers/0/logout", json!({ "kind": kind, "returnUrls": urls }));
        tree["providers"][0]["issuer"] = issuer.into();
        read(&tree).unwrap().providers()[0].logout_return_urls.clone()
    };
    let cognito = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012";
    for (issuer, kind) in [
        (cognito, "cognito"),
        (cognito, "local"),
        ("https://idp.example.com", "rpInitiated"),
        ("https://idp.example.com", "local"),
    ] {
        assert_eq!(kept(issuer, kind), urls, "{kind}");
    }
    assert!(read(&good()).unwrap().providers()[0].logout_return_urls.is_empty());
}

#[test]
fn a_sign_out_at_an_address_that_nobody_says_gives_a_warning() {
    let warnings = |endpoints: &[&str], kind: &str| {
        let mut tree = with("/providers/0/issuer", "https://idp.example.com".into());
        tree["providers"][0]["logout"] = json!({ "kind": kind });
        for name in endpoints {
            tree["providers"][0]["endpoints"][*name] = format!("https://idp.example.com/{name}").into();
        }
        let warnings: Vec<_> = read(&tree).unwrap().warnings().iter().map(|warning| warning.path.clone()).collect();
        warnings
    };
    assert_eq!(warnings(&["authorization", "token", "jwks"], "rpInitiated"), ["providers[0].logout"]);
    assert!(warnings(&["authorization", "token", "jwks", "endSession"], "rpInitiated").is_empty());
    assert!(warnings(&["authorization", "token"], "rpInitiated").is_empty(), "the metadata may say it");
    assert!(warnings(&["authorization", "token", "jwks"], "local").is_empty());
}

/// The one problem of `logout`, at Cognito or at `issuer`.
fn sign_out_problem(issuer: Option<&str>, logout: &Value) -> String {
    let mut tree = with("/providers/0/logout", logout.clone());
    if let Some(issuer) = issuer {
        tree["providers"][0]["issuer"] = issuer.into();
    }
    read(&tree).unwrap_err().to_string().replace("providers[0].logout.", "")
}

#[test]
fn what_does_not_fit_cognitos_sign_out_has_a_mend() {
    let error_page = "Cognito answers RP-initiated logout with an error page, and signs nobody out";
    for (logout, problem) in [
        (json!({ "kind": "rpInitiated" }), format!("kind is `rpInitiated` at Cognito: write `cognito`: {error_page}")),
        (
            json!({ "postLogoutRedirectUri": "https://app.example.com/" }),
            "postLogoutRedirectUri is not for Cognito's sign-out: write `logoutUri`: Cognito's `/logout` knows it by that name only".into(),
        ),
        (
            json!({ "idTokenHint": false }),
            "idTokenHint is not for Cognito's sign-out: remove it: Cognito's `/logout` takes no ID token".into(),
        ),
        (
            json!({ "kind": "local", "idTokenHint": false }),
            "idTokenHint has no effect with a local sign-out: remove it".into(),
        ),
        (
            json!({ "kind": "okta" }),
            "kind is not one of the choices: write `cognito`, `rpInitiated` or `local`".into(),
        ),
    ] {
        assert_eq!(sign_out_problem(None, &logout), problem);
    }
}

#[test]
fn what_does_not_fit_another_providers_sign_out_has_a_mend() {
    let app = "https://app.example.com/";
    for (logout, problem) in [
        (
            json!({ "kind": "cognito" }),
            "kind is Cognito's at a provider that is not Cognito: write `rpInitiated` or `local`: only Cognito has this kind of sign-out page",
        ),
        (json!({ "kind": "rpInitiated", "logoutUri": app }), "logoutUri is Cognito's: write `postLogoutRedirectUri`"),
        (
            json!({ "kind": "rpInitiated", "postLogoutRedirectUri": "/bye" }),
            "postLogoutRedirectUri is not an absolute URL: write an `https://` URL as the provider publishes it",
        ),
        (
            json!({ "kind": "rpInitiated", "idTokenHint": "no" }),
            "idTokenHint is a text, not true or false: write true or false",
        ),
        (
            json!({ "kind": "rpInitiated", "returnUrls": ["/bye"] }),
            "returnUrls[0] is not an absolute URL: write an `https://` URL as the provider publishes it",
        ),
        (
            json!({ "postLogoutRedirectUri": app }),
            "postLogoutRedirectUri has no effect with a local sign-out: remove it, or write `kind: rpInitiated`",
        ),
        (
            json!({ "kind": "local", "idTokenHint": true }),
            "idTokenHint has no effect with a local sign-out: remove it, or write `kind: rpInitiated`",
        ),
        (json!({ "kind": "local", "logoutUri": app }), "logoutUri has no effect with a local sign-out: remove it"),
    ] {
        assert_eq!(sign_out_problem(Some("https://idp.example.com"), &logout), problem);
    }
}

#[test]
fn a_provider_can_say_everything_at_once() {
    let provider = json!({
        "name": "idp",
        "issuer": "https://idp.example.com/",
        "kind": "oidc",
        "scopes": ["openid", "offline_access", "resource/read:all"],
        "clusters": { "idp.example.com": "idp", "idp.example.com:8443": "alt", "localhost:9000": "here", "[::1]:9": "v6" },
        "endpoints": { "authorization": "https://idp.example.com/authorize?tenant=x" },
        "authorizationParameters": { "prompt": "select_account", "lang": "de" },
        "timeout": "30s",
        "leeway": "0s",
        "algorithms": ["ES256", "Ed25519"],
        "logout": { "kind": "rpInitiated", "postLogoutRedirectUri": "https://app.example.com/bye", "idTokenHint": false },
    });
    assert_eq!(provider_places(provider), Vec::<String>::new());
}
