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
    let clear = migrate(&[("proxy.cfg", &text)], &[]);
    clear.says("is at http://app.example.com, where cookies would go in clear text: give `--public-url https://HOST`");
    assert!(!clear.said().contains("publicUrls"), "{}", clear.outcome.output);
    let moved = migrate(&[("proxy.cfg", &text)], &["--public-url=https://app.example.com"]);
    assert_eq!(moved.at("/paths/callback"), "/oauth2/callback");
    moved.says("people come by https alone");
    let elsewhere = of("email_domains = \"*\"", &["--public-url=https://other.example.com"]);
    elsewhere.says("is at a host that is no public URL: add `--public-url https://app.example.com`");
}

#[test]
fn a_member_of_a_value_that_is_none_is_a_problem() {
    let text = format!("{LEAST}email_domains = \"*\"\n");
    for value in ["{ clame: user }", "{ claimSource: { clame: user } }"] {
        let alpha = format!("injectRequestHeaders: [{{ name: X-Typo, values: [{value}] }}]\n");
        let migrated = migrate(&[("proxy.cfg", &text), ("alpha.yaml", &alpha)], &[]);
        assert_eq!(migrated.outcome.code, 1, "{value}");
        migrated.says("injectRequestHeaders[0].values[0]");
        migrated.says("clame (alpha.yaml) is no member of oauth2-proxy's alpha configuration");
    }
}

#[test]
fn what_cannot_be_read_is_all_that_is_said() {
    let chart = "config:\n  clientID: abc\n  clientSecret: hunter2-client\nextraArgs:\n  provider: oidc\n";
    for (file, text, why) in [
        ("values.yaml", chart, "is the chart's values: give what `helm template` prints with them"),
        ("flags.txt", "oauth2-proxy --client-secret='hunter2-client", "has a quote that does not end"),
        ("flags.txt", "oauth2-proxy --client-secret=$HUNTER2", "takes a variable of the shell: write its value"),
        ("compose.yaml", "services:\n  a: { image: nginx }\n", "has no service that runs an oauth2-proxy"),
        (
            "compose.yaml",
            "services:\n  oauth2-proxy: { environment: [ 'OAUTH2_PROXY_CLIENT_ID=${ID}' ] }\n",
            "takes a variable: give what `docker compose config` prints",
        ),
        (
            "compose.yaml",
            "services:\n  oauth2-proxy: { env_file: x.env }\n",
            "takes a variable: give what `docker compose config` prints",
        ),
        ("proxy.cfg", "a b", "is neither TOML"),
    ] {
        let migrated = migrate(&[(file, text)], &[]);
        assert_eq!(migrated.outcome.code, 1, "{text}");
        migrated.says(why);
        let said = migrated.said();
        assert!(said.contains("1 thing stands in the way") && !said.contains("hunter2"), "{said}");
    }
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
