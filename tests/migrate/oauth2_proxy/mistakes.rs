//! What people get wrong: it is said of what they wrote, never called ours, and no secret is shown.

use super::given::{LEAST, migrate, of, refused, with};

#[test]
fn a_name_that_is_none_is_a_problem_with_the_one_that_was_meant() {
    refused(
        "allowed_group = [\"a\"]",
        "allowed_group (proxy.cfg:8) is no setting of oauth2-proxy 7, which does not start with it: write `allowed_groups`",
    );
    refused("favourite_colour = \"blue\"", "look for a typing error");
    let flags = "apiVersion: v1\nkind: Pod\nmetadata: { name: oauth2-proxy }\nspec: { containers: [{ name: oauth2-proxy, args: [--allow-group=a] }] }\n";
    let text = format!("{LEAST}email_domains = \"*\"\n");
    migrate(&[("proxy.cfg", &text), ("pod.yaml", flags)], &[])
        .says("--allow-group (pod.yaml, Pod oauth2-proxy) is no setting");
    let variable = migrate(&[("proxy.cfg", &text), ("a.env", "OAUTH2_PROXY_ALLOWED_GROUP=a\n")], &[]);
    assert_eq!(variable.outcome.code, 0, "{}", variable.outcome.output);
    variable.says("oauth2-proxy reads no such variable, so it did nothing; `OAUTH2_PROXY_ALLOWED_GROUPS` was meant");
}

#[test]
fn values_that_are_none_are_said_of_their_setting() {
    for (lines, why) in [
        ("cookie_expire = \"1 day\"", "cookie_expire (proxy.cfg:8) is no duration"),
        ("cookie_secure = \"maybe\"", "cookie_secure (proxy.cfg:8) is no boolean"),
        ("cookie_samesite = \"loose\"", "is none of `lax`, `strict` and `none`"),
        ("cookie_name = \"a b\"", "cookie_name (proxy.cfg:8): session.cookie.name"),
        ("oidc_enabled_signing_algs = [\"HS256\"]", "oidc_enabled_signing_algs (proxy.cfg:8): providers[0].algorithms"),
        ("scope = \"openid openid\\u0007\"", "scope (proxy.cfg:8)"),
        ("proxy_prefix = \"/\"", "proxy_prefix (proxy.cfg:8) is `/`"),
        ("extra_jwt_issuers = \"x\"\nskip_jwt_bearer_tokens = true", "is no issuer and audience"),
        ("client_secret = { a = 1 }", "is neither TOML"),
        ("upstreams = ", "proxy.cfg:8 is neither TOML"),
    ] {
        let migrated = with(lines);
        migrated.says(why);
        assert!(!migrated.said().contains("mistake of edge-oidc's own"), "{}", migrated.outcome.output);
        assert!(!migrated.said().contains("hunter2"), "{}", migrated.outcome.output);
    }
}

#[test]
fn a_host_must_be_known() {
    let text = LEAST.replace("https://app.example.com/oauth2/callback", "/oauth2/callback") + "email_domains = \"*\"\n";
    let files = [("proxy.cfg", text.as_str())];
    migrate(&files, &[]).says("--public-url is needed");
    assert_eq!(migrate(&files, &["--public-url=https://a.example.com"]).at("/publicUrls/0"), "https://a.example.com");
    let text = LEAST.replace("https://app", "http://app") + "email_domains = \"*\"\n";
    migrate(&[("proxy.cfg", &text)], &[]).says("is plain http");
    let elsewhere = of("email_domains = \"*\"", &["--public-url=https://other.example.com"]);
    elsewhere.says("is at a host that is no public URL: add `--public-url https://app.example.com`");
}

#[test]
fn two_places_that_differ_are_a_problem_without_their_values() {
    let other = format!("{LEAST}email_domains = \"*\"\n").replace("hunter2-client", "hunter2-other");
    let migrated = migrate(&[("a.cfg", &format!("{LEAST}email_domains = \"*\"\n")), ("b.cfg", &other)], &[]);
    migrated.says("client_secret has two values: in a.cfg:4 and in b.cfg:4");
    assert!(!migrated.said().contains("hunter2"), "{}", migrated.outcome.output);
}

#[test]
fn a_pool_needs_its_domain() {
    let text = LEAST
        .replace("https://id.example.com", "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012")
        + "email_domains = \"*\"\n";
    migrate(&[("proxy.cfg", &text)], &[]).says("no setting names the domain of the pool: add `--domain HOST`");
    refused_domain();
}

fn refused_domain() {
    of("email_domains = \"*\"", &["--domain=x.example.com"])
        .says("--domain is for a pool of Cognito's, and the issuer is none");
}
