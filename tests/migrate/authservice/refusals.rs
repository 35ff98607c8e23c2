//! What stands in the way: named by variable and place, with the mend, and nothing is written.

use super::given::{FIRST, LAST, MIDDLE, Migrated, migrate, migrate_at, with};

#[track_caller]
fn refuses(migrated: &Migrated, said: &str) {
    migrated.says(said);
    migrated.says("Nothing was written");
    assert_eq!((migrated.outcome.code, migrated.files().len()), (1, 0), "{said}");
    assert!(!migrated.said().contains("mistake of edge-oidc's own"), "{}", migrated.said());
}

#[track_caller]
fn each(base: &str, cases: &[(&str, &str)]) {
    cases.iter().for_each(|(line, said)| refuses(&with(base, line), said));
}

/// `base` with another prefix.
fn prefix(base: &str, prefix: &str) -> Migrated {
    migrate(&[("a.env", &base.replace("=/authservice/", &format!("={prefix}")))], &[])
}

// F-3
#[test]
fn a_prefix_that_opened_everything() {
    for open in ["", "/", "//", "https://kubeflow.example.com", "https://kubeflow.example.com/", "/a/.."] {
        refuses(
            &prefix(MIDDLE, open),
            "AUTHSERVICE_URL_PREFIX (a.env:4) has no path of its own, which opened everything to everyone with authservice: give \
             `--url-prefix /authservice/`",
        );
    }
}

#[test]
fn a_prefix_that_is_no_path() {
    let said = "AUTHSERVICE_URL_PREFIX (a.env:4) is an absolute URL, of which the path alone counts here: give `--url-prefix /authservice/`, and the host \
                as `--public-url https://k.example`";
    refuses(&prefix(LAST, "https://k.example/authservice/"), said);
    refuses(&prefix(MIDDLE, "authservice/"), "AUTHSERVICE_URL_PREFIX (a.env:4) does not begin with `/`");
    refuses(&prefix(MIDDLE, "/auth service/"), "AUTHSERVICE_URL_PREFIX (a.env:4) is no URL");
    refuses(&prefix(MIDDLE, "/auth%20service/"), "AUTHSERVICE_URL_PREFIX (a.env:4): paths.");
    let mended = migrate(&[("a.env", &MIDDLE.replace("=/authservice/", "=/"))], &["--url-prefix", "/authservice/"]);
    assert_eq!(mended.outcome.code, 0, "{}", mended.said());
}

#[test]
fn open_paths_that_opened_everything_or_mean_something_else() {
    for list in ["/", "/dex,/", "/dex /"] {
        refuses(
            &with(MIDDLE, &format!("SKIP_AUTH_URLS={list}")),
            "SKIP_AUTH_URLS (a.env:5) holds `/`, which opens everything to everyone",
        );
    }
    each(
        MIDDLE,
        &[("SKIP_AUTH_URLS=/a*", "SKIP_AUTH_URLS (a.env:5) holds `/a*`"), ("SKIP_AUTH_URLS=/%64ex", "holds `/%64ex`")],
    );
    refuses(&with(FIRST, "SKIP_AUTH_URI=/"), "SKIP_AUTH_URI (a.env:7) holds `/`");
}

#[test]
fn verify_that_let_everybody_pass() {
    each(
        LAST,
        &[(
            "VERIFY_AUTH_URL=https://kubeflow.example.com/verify",
            "VERIFY_AUTH_URL (a.env:6) is no path: write its path alone",
        )],
    );
}

// M-3
#[test]
fn transforms_that_go_refuses() {
    let not_an_array = "USERID_TRANSFORMERS (a.env:5) is no JSON array";
    let no_rule = "USERID_TRANSFORMERS (a.env:5) has an element that is no rule, number";
    each(
        MIDDLE,
        &[
            ("USERID_TRANSFORMERS=", not_an_array),
            ("USERID_TRANSFORMERS={\"matches\":\"a\",\"replaces\":\"b\"}", not_an_array),
            ("USERID_TRANSFORMERS=[{\"matches\":\"a\"}]", no_rule),
            ("USERID_TRANSFORMERS=[{\"matches\":\"a\",\"replaces\":null}]", no_rule),
            (
                "USERID_TRANSFORMERS=[{\"matches\":\"a\",\"replaces\":\"b\"},{\"matches\":1,\"replaces\":\"b\"}]",
                "no rule, number 2",
            ),
            (
                "USERID_TRANSFORMERS=[{\"matches\":\"(?<=a)b\",\"replaces\":\"\"}]",
                "USERID_TRANSFORMERS (a.env:5): identity.userId.transforms[0].matches",
            ),
        ],
    );
}

#[test]
fn values_that_authservice_would_not_have_started_with() {
    each(
        LAST,
        &[
            ("STRICT_SESSION_VALIDATION=", "STRICT_SESSION_VALIDATION (a.env:6) is no boolean"),
            ("IDTOKEN_AUTHN_ENABLED=on", "IDTOKEN_AUTHN_ENABLED (a.env:6) is no boolean"),
            ("KUBERNETES_AUTHN_ENABLED=no", "KUBERNETES_AUTHN_ENABLED (a.env:6) is no boolean"),
            ("ACCESS_TOKEN_AUTHN_ENABLED=y", "ACCESS_TOKEN_AUTHN_ENABLED (a.env:6) is no boolean"),
            ("CACHE_ENABLED=TrUe", "CACHE_ENABLED (a.env:6) is no boolean"),
            ("SESSION_MAX_AGE=", "SESSION_MAX_AGE (a.env:6) is no whole number"),
            ("SESSION_MAX_AGE=24h", "SESSION_MAX_AGE (a.env:6) is no whole number"),
            ("CACHE_EXPIRATION_MINUTES=5m", "CACHE_EXPIRATION_MINUTES (a.env:6) is no whole number"),
            ("SESSION_STORE_REDIS_DB=x", "SESSION_STORE_REDIS_DB (a.env:6) is no whole number"),
            ("ACCESS_TOKEN_AUTHN=JWT", "ACCESS_TOKEN_AUTHN (a.env:6) is neither kind"),
        ],
    );
    each(MIDDLE, &[("LOG_LEVEL=info", "LOG_LEVEL (a.env:5) is no level")]);
}

#[test]
fn sessions_that_never_counted() {
    each(
        MIDDLE,
        &[
            ("SESSION_MAX_AGE=0", "SESSION_MAX_AGE (a.env:5) is not positive"),
            ("SESSION_MAX_AGE=-1", "is not positive"),
        ],
    );
}

#[test]
fn addresses_that_cannot_be() {
    each(
        MIDDLE,
        &[
            (
                "REDIRECT_URL=https://other.example/x",
                "REDIRECT_URL (a.env:5) is at a host that is no public URL: add `--public-url https://other.example`",
            ),
            (
                "REDIRECT_URL=https://kubeflow.example.com",
                "REDIRECT_URL (a.env:5) has no path: write it as `/authservice/oidc/callback`",
            ),
            ("REDIRECT_URL=/a/%20b", "REDIRECT_URL (a.env:5): paths.callback"),
            ("OIDC_AUTH_URL=/a b", "OIDC_AUTH_URL (a.env:5) is no URL"),
            ("OIDC_AUTH_URL=dex/auth", "OIDC_AUTH_URL (a.env:5) is no path and no URL: begin it with `/`"),
            (
                "OIDC_AUTH_URL=http://sso.example.com/auth",
                "OIDC_AUTH_URL (a.env:5): providers[0].endpoints.authorization is plain http",
            ),
            ("AFTER_LOGIN_URL=//evil.example", "AFTER_LOGIN_URL (a.env:5): afterSignIn.url"),
            ("AFTER_LOGOUT_URL=bye", "AFTER_LOGOUT_URL (a.env:5): providers[0].logout.returnUrl"),
        ],
    );
    let first = migrate(&[("a.env", &FIRST.replace("/login/oidc", "/oauth/callback"))], &[]);
    refuses(&first, "REDIRECT_URL (a.env:5) does not end in `/login/oidc`");
}

/// Whoever is sent to a sign-in page that needs a sign-in is sent there for ever.
#[test]
fn a_sign_in_page_behind_the_gateway_that_is_not_open() {
    let said = "OIDC_AUTH_URL (a.env:5) leads to https://kubeflow.example.com/dex/auth?a, which is behind this gateway and needs a sign-in itself, so that a \
                sign-in would never end: open it with `--open /dex`";
    each(
        MIDDLE,
        &[
            ("OIDC_AUTH_URL=/dex/auth?a", said),
            ("OIDC_AUTH_URL=/dex/auth?a\nSKIP_AUTH_URLS=/dex/a,/de,/dex/auth/x", said),
            ("OIDC_AUTH_URL=https://kubeflow.example.com:443/dex/auth?a", said),
        ],
    );
    let text = format!("{MIDDLE}OIDC_AUTH_URL=/dex/auth\n");
    let open = migrate(&[("a.env", &text)], &["--open", "/dex/"]);
    assert_eq!(open.at("/routes/0/match/path/prefix"), "/dex", "{}", open.said());
    assert_eq!(with(&text, "SKIP_AUTH_URLS=/dex/auth").outcome.code, 0);
    assert_eq!(with(MIDDLE, "OIDC_AUTH_URL=https://dex.example.com/dex/auth").outcome.code, 0);
    refuses(&migrate(&[("a.env", MIDDLE)], &["--open", "/"]), "--open holds `/`");
}

#[test]
fn a_relative_address_needs_one_host() {
    let machine = migrate_at("https://*.example.com", &format!("{MIDDLE}OIDC_AUTH_URL=/dex/auth\n"));
    refuses(&machine, "OIDC_AUTH_URL (a.env:5) is relative to the host that people call");
}

#[test]
fn what_is_missing_is_named_with_the_option_that_fills_it() {
    let without = |base: &str, name: &str| {
        let text: String =
            base.lines().filter(|line| !line.starts_with(name)).map(|line| format!("{line}\n")).collect();
        migrate(&[("a.env", &text)], &["--dialect", if base == FIRST { "28c59ef" } else { "e236439" }])
    };
    refuses(
        &without(MIDDLE, "OIDC_PROVIDER"),
        "OIDC_PROVIDER is empty, or in none of the files: add the file that has it, or `--issuer URL`",
    );
    refuses(
        &without(MIDDLE, "CLIENT_ID"),
        "CLIENT_ID is empty, or in none of the files: add the file that has it, or `--client-id ID`",
    );
    refuses(
        &without(MIDDLE, "AUTHSERVICE_URL_PREFIX"),
        "AUTHSERVICE_URL_PREFIX is in none of the files: add the file that has it, or `--url-prefix",
    );
    refuses(
        &migrate(&[("a.env", "CognitoUserPoolArn=us-east-1_x")], &[]),
        "CognitoUserPoolArn (a.env:1) is no ARN of a user pool",
    );
    let pool = migrate(
        &[(
            "a.env",
            "CognitoUserPoolArn=arn:aws-cn:cognito-idp:cn-north-1:1:userpool/cn-north-1_x\nCognitoAppClientId=a",
        )],
        &[],
    );
    refuses(&pool, "CognitoUserPoolDomain is empty, or in none of the files: add `--domain HOST`");
    refuses(&migrate(&[("a.env", MIDDLE)], &["--domain", "a.example"]), "--domain is for a pool of Cognito's");
}

#[test]
fn options_that_are_wrong_are_named_as_options() {
    refuses(
        &migrate(&[("a.env", MIDDLE)], &["--issuer", "idp.example.com"]),
        "--issuer: providers[0].issuer is not an absolute URL",
    );
    refuses(
        &migrate(&[("a.env", MIDDLE)], &["--kubernetes-issuer", "kubernetes"]),
        "--kubernetes-issuer: providers[1].issuer",
    );
    let url = migrate_at("https://kubeflow.example.com/pipeline", MIDDLE);
    assert_eq!(url.outcome.code, 2);
    url.says("--public-url has a path: write it as https://kubeflow.example.com");
    let http = migrate_at("http://kubeflow.example.com", MIDDLE);
    assert_ne!(http.outcome.code, 0);
    http.says("--public-url");
}

/// Everything is said at once: what the tables refuse, and what the configuration would.
#[test]
fn all_that_stands_in_the_way_is_said_at_once() {
    let migrated = with(LAST, "SESSION_MAX_AGE=0\nAFTER_LOGOUT_URL=bye\nEXTERNAL_AUTHZ_URL=authz");
    ["SESSION_MAX_AGE (a.env:6)", "AFTER_LOGOUT_URL (a.env:7)", "EXTERNAL_AUTHZ_URL (a.env:8)"]
        .iter()
        .for_each(|said| refuses(&migrated, said));
    migrated.says("3 things stand in the way");
    assert!(!migrated.said().contains("mistake of edge-oidc's own"));
}
