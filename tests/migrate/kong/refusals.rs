//! What stands in the way: named by setting and place, with the mend, and nothing is written.

use serde_json::{Value, json};

use super::given::{Migrated, at_cognito, elsewhere, of_file};

#[track_caller]
fn refuses(migrated: &Migrated, said: &str) {
    migrated.says(said);
    migrated.says("Nothing was written");
    assert_eq!((migrated.outcome.code, migrated.files().len()), (1, 0), "{said}");
    assert!(!migrated.said().contains("mistake of edge-oidc's own"), "{}", migrated.said());
}

#[test]
fn each_dangerous_setting_has_its_mend() {
    for (more, said) in [
        (json!({ "login_action": "response" }), "is response, with id_token (Kong's default) as login_tokens"),
        (json!({ "login_action": "redirect" }), "Write `login_tokens: []`"),
        (json!({ "bearer_token_param_type": ["query"] }), "has no `header`, the only place for tokens here"),
        (json!({ "client_auth": ["private_key_jwt"] }), "nothing here signs assertions"),
        (
            json!({ "client_auth": ["tls_client_auth"] }),
            "client_auth (kong.yaml, plugin openid-connect) is tls_client_auth",
        ),
        (
            json!({ "response_type": ["code id_token"] }),
            "response_type (kong.yaml, plugin openid-connect) has no counterpart",
        ),
        (json!({ "response_mode": "jwt" }), "asks for a signed answer"),
        (json!({ "enable_hs_signatures": true }), "enable_hs_signatures"),
        (json!({ "proof_of_possession_mtls": "strict" }), "proof_of_possession_mtls"),
        (json!({ "token_exchange_endpoint": "https://x.example" }), "tokens of other issuers are not exchanged"),
        (json!({ "extra_jwks_uris": ["https://x.example"] }), "give each issuer a provider of its own"),
        (json!({ "issuers_allowed": ["https://x.example"] }), "holds other issuers (https://x.example)"),
        (json!({ "consumer_claim": ["email"] }), "`--without-consumers`"),
        (
            json!({ "anonymous": "x", "scopes_required": ["a"] }),
            "lets everybody pass, beside settings that say who may",
        ),
        (json!({ "auth_methods": ["password"] }), "leaves nothing that there is here"),
        (json!({ "auth_methods": ["introspection"] }), "asks for introspection, which Cognito does not have"),
        (json!({ "using_pseudo_issuer": true }), "means that there is no metadata"),
        (json!({ "authorization_query_args_names": ["a"] }), "are not equally long"),
        (
            json!({ "authorization_query_args_names": ["nonce"], "authorization_query_args_values": ["x"] }),
            "authorization_query_args_values (kong.yaml",
        ),
        (
            json!({ "logout_redirect_uri": ["https://d.auth.us-east-1.amazoncognito.com/logout?client_id=x&logout_uri=app:8446/x"] }),
            "write `https://app:8446/x`",
        ),
        (json!({ "issuer": "{vault://env/issuer}" }), "give `--issuer URL`, or write it out"),
        (json!({ "leeway": "soon" }), "leeway (kong.yaml, plugin openid-connect) is no whole number of 0 or more"),
        (json!({ "leeway": -1 }), "leeway (kong.yaml, plugin openid-connect) is no whole number of 0 or more"),
        (json!({ "client_id": ["${{ env \"DECK_ID\" }}"] }), "give `--client-id ID`, or write it out"),
        (json!({ "search_user_info": "yes" }), "is neither true nor false"),
    ] {
        refuses(&at_cognito(more.clone()), said);
    }
    refuses(&elsewhere(json!({ "auth_methods": ["bearer"] }), &[]), "`--audience AUDIENCE`");
}

#[test]
fn files_that_say_too_little_or_too_much() {
    refuses(&of_file("hello: world", &[]), "holds nothing of Kong's that is known here");
    refuses(&of_file(r#"{"name":"key-auth","config":{}}"#, &[]), "no `openid-connect` plugin is in these files");
    let plugin = |more: Value| json!({ "name": "openid-connect", "config": more });
    let pool =
        json!({ "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012", "client_id": ["a"] });
    refuses(&of_file(&plugin(pool).to_string(), &[]), "names its domain: add `--domain HOST`");
    let one = |name: &str, seconds: u32| {
        let config =
            json!({ "issuer": "https://idp.example.com", "client_id": ["a"], "session_absolute_timeout": seconds });
        json!({ "name": name, "paths": [format!("/{name}")], "plugins": [plugin(config)] })
    };
    let kong = json!({ "routes": [one("a", 3600), one("b", 7200)] });
    refuses(&of_file(&kong.to_string(), &[]), "differ in session_absolute_timeout, of which there is one here");
    let by_header = json!({ "routes": [{ "name": "a", "paths": ["/a"], "headers": { "x": ["y"] }, "plugins": [plugin(json!({ "issuer": "https://idp.example.com", "client_id": ["a"] }))] }, { "name": "b", "paths": ["/b"] }] });
    refuses(&of_file(&by_header.to_string(), &[]), "goes by headers, which no rule does");
}

#[test]
fn a_typing_error_is_named_beside_what_it_causes() {
    let plugin =
        json!({ "name": "openid-connect", "config": { "isuer": "https://idp.example.com", "client_id": ["a"] } });
    let refused = of_file(&plugin.to_string(), &[]);
    refuses(
        &refused,
        "isuer (kong.yaml, plugin openid-connect) is no setting of Kong's that is known here: look for a typing error",
    );
    refused.says("issuer (not set; kong.yaml, plugin openid-connect) is needed");
    assert!(!refused.said().contains("providers[0].issuer"), "{}", refused.said());
}

#[test]
fn what_stands_elsewhere_is_said_once() {
    let elsewhere = json!({ "name": "openid-connect", "config": { "issuer": "${{ env \"DECK_ISSUER\" }}", "client_id": ["${{ env \"DECK_ID\" }}"] } });
    let refused = of_file(&elsewhere.to_string(), &[]);
    refuses(&refused, "2 things stand in the way");
    assert!(!refused.said().contains("providers["), "{}", refused.said());
}
