//! What stands in the way: checks that were skipped, and what opens more than it seems to.

use super::given::{LEAST, migrate, of, refused, with};

#[test]
fn expressions_that_open_more_than_they_seem_to_are_refused_with_the_mend() {
    let holds = |expression: &str, why: &str| {
        refused(&format!("skip_auth_routes = ['{expression}']"), &format!("holds `{expression}`, {why}"));
    };
    for everything in [".*", "^/", "/", "^/.*$", "^/a$|.*"] {
        holds(everything, "which opens everything to everyone");
    }
    for anywhere in ["/healthz", "\\.css$", "health", "^.*/public/"] {
        holds(anywhere, "which is found anywhere in a path");
    }
    holds(
        "^/api",
        "which opens whatever begins so: write `^/api$` if it is one path, `^/api(/|$)` if all below it is open",
    );
    holds("^/[", "which is not a regular expression");
    holds("^/a=b$", "which was read as a method before its first `=` and opened nothing");
    refused("skip_auth_regex = ['^/a\\?x=1$']", "which looks for a query, and no rule goes by one");
}

#[test]
fn trust_that_cannot_be_kept_is_refused() {
    refused("trusted_ips = [\"10.0.0.0/8\"]", "lets addresses pass without a sign-in: leave it out");
    refused(
        "insecure_oidc_skip_issuer_verification = true",
        "is on, so that tokens of any issuer counted: give `--issuer URL`",
    );
    refused("oidc_audience_claims = [\"azp\"]", "names claims beside `aud`");
    refused("oidc_public_key_files = [\"/k.pem\"]", "names keys in files");
    refused("google_groups = [\"a@example.com\"]", "restricts who may pass by what an API of the provider's says");
    refused("gitlab_projects = [\"a/b\"]", "restricts who may pass");
    refused("allowed_groups = [\"team-*\"]", "has a `*`, which oauth2-proxy compared letter by letter");
    for name in ["allowed_groups", "keycloak_groups", "gitlab_groups", "allowed_roles", "google_groups"] {
        refused(&format!("{name} = [\"\"]"), "holds an empty name alone, which nobody has, so that nobody passed");
    }
    refused("entra_id_allowed_tenants = [\"a\", \"b\"]", "names tenants beside the issuer's");
    refused("entra_id_federated_token_auth = true", "clients prove themselves by a secret here");
}

#[test]
fn checks_that_are_always_made_are_said_and_do_not_stand_in_the_way() {
    let migrated = with(
        "ssl_insecure_skip_verify = true\ninsecure_oidc_skip_nonce = true\ncookie_secure = false\ncookie_httponly = false\nskip_auth_strip_headers = false",
    );
    assert_eq!(migrated.outcome.code, 0, "{}", migrated.outcome.output);
    for said in [
        "the provider's certificate is always verified",
        "a nonce is always sent",
        "cookies are `Secure`",
        "always `HttpOnly`",
    ] {
        migrated.says(said);
    }
}

#[test]
fn who_is_no_openid_provider_is_refused_and_another_issuer_takes_its_place() {
    for kind in ["github", "bitbucket", "facebook", "keycloak", "login.gov", "nextcloud", "linkedin", "no-such"] {
        let text = LEAST
            .replace("\"oidc\"", &format!("\"{kind}\""))
            .replace("oidc_issuer_url = \"https://id.example.com\"\n", "")
            + "email_domains = \"*\"\n";
        let files = [("proxy.cfg", text.as_str())];
        let migrated = migrate(&files, &[]);
        assert_eq!(migrated.outcome.code, 1, "{kind}");
        migrated.says(&format!("is `{kind}`, which is no OpenID provider as it stands"));
        assert!(migrated.said().contains("1 thing stands in the way"), "{}", migrated.outcome.output);
        assert_eq!(migrate(&files, &["--issuer=https://dex.example.com"]).outcome.code, 0, "{kind}");
    }
}

#[test]
fn people_must_be_named_or_all_be_meant() {
    let nobody = of("", &[]);
    nobody.says("nothing says whose addresses may pass");
    assert_eq!(nobody.outcome.code, 1);
    of("authenticated_emails_file = \"/etc/people\"", &[])
        .says("names a file that is not among these: give that file, too");
}

#[test]
fn a_sign_in_page_behind_the_gateway_must_be_open() {
    let lines = "skip_oidc_discovery = true\nlogin_url = \"/dex/auth\"\nredeem_url = \"https://id.example.com/t\"\noidc_jwks_url = \"https://id.example.com/k\"\n";
    refused(lines, "so that a sign-in would never end: open it with `--open /dex`");
    let open = with(&format!("{lines}skip_auth_routes = [\"^/dex/\"]"));
    assert_eq!(open.at("/providers/0/endpoints/authorization"), "https://app.example.com/dex/auth");
}
