//! Mistakes of people: blanks, quotes, parts of a segment, names that two settings share. Each is said of what they wrote, and
//! none is called ours.

use super::given::{FIRST, LAST, MIDDLE, Migrated, migrate, migrate_at, with};

#[track_caller]
fn refuses(migrated: &Migrated, said: &str) {
    migrated.says(said);
    assert_eq!((migrated.outcome.code, migrated.files().len()), (1, 0), "{said}");
    assert!(!migrated.said().contains("mistake of edge-oidc's own"), "{}", migrated.said());
}

fn provider(value: &str) -> Migrated {
    migrate(&[("a.env", &MIDDLE.replace("https://idp.example.com", value))], &[])
}

#[test]
fn white_space_around_an_issuer() {
    for issuer in ["https://idp.example.com ", " https://idp.example.com", "https://idp.example.com\t"] {
        refuses(&provider(issuer), "OIDC_PROVIDER (a.env:1): providers[0].issuer has white space: remove it");
    }
}

#[test]
fn quotes_belong_to_a_value() {
    for issuer in ["\"https://idp.example.com\"", "'https://idp.example.com'"] {
        let said = "OIDC_PROVIDER (a.env:1): providers[0].issuer is not an absolute URL: write an `https://` URL as the provider \
                    publishes it. The quotes around it belong to the value, as kustomize reads it";
        refuses(&provider(issuer), said);
    }
    let said = "SESSION_MAX_AGE (a.env:5) is no whole number: write a whole number";
    let number = with(MIDDLE, "SESSION_MAX_AGE=\"86400\"");
    refuses(&number, said);
    number.says("nor with an empty one. The quotes around it belong to the value");
    assert!(!with(MIDDLE, "SESSION_MAX_AGE=1d").said().contains("quotes"));
    with(MIDDLE, "USERID_PREFIX=\"kf:\"")
        .says("USERID_PREFIX the quotes around it belong to the value: kustomize keeps them");
    assert!(!with(MIDDLE, "USERID_PREFIX=kf:\"").said().contains("quotes"));
    assert!(!with(MIDDLE, "CLIENT_NAME=\"").said().contains("quotes"));
}

// F-4
#[test]
fn an_open_path_that_ends_within_a_segment() {
    for element in ["/api-", "/api_", "/.", "/api.v", "/a/..", "/x~"] {
        let migrated = with(MIDDLE, &format!("SKIP_AUTH_URLS=/dex,{element}"));
        match element {
            "/api.v" => assert_eq!(migrated.at("/routes/1/match/path/prefix"), element),
            _ => {
                let said = format!(
                    "SKIP_AUTH_URLS (a.env:5) holds `{element}`, which opened whatever begins so: a prefix means"
                );
                refuses(&migrated, &said);
            }
        }
    }
    let whole = migrate(&[("a.env", MIDDLE)], &["--open", "/api-"]);
    assert_eq!(whole.at("/routes/0/match/path/prefix"), "/api-");
}

#[test]
fn an_open_path_that_is_none() {
    let open = |path: &str| migrate(&[("a.env", MIDDLE)], &["--open", path]);
    refuses(&open("dex"), "--open `dex` does not begin with `/`: name a path that everyone may see");
    refuses(&open("/dex?x"), "--open `/dex?x` holds a query or a fragment");
    refuses(&open("/a/../b"), "--open `/a/../b` is no clean path");
    refuses(&open("/dex/*"), "--open holds `/dex/*`, which has a `*`");
    refuses(&open("/"), "--open holds `/`, which opens everything to everyone: name a path");
    assert!(!open("dex").said().contains("opened nothing"));
    let twice = migrate(&[("a.env", &format!("{MIDDLE}SKIP_AUTH_URLS=/dex\n"))], &["--open", "/dex"]);
    twice.says("--open `routes`: `/dex` with `action: allow`");
    assert_eq!(twice.at("/routes").as_array().unwrap().len(), 1);
}

#[test]
fn one_header_for_two_things() {
    for (base, line, said) in [
        (MIDDLE, "USERID_HEADER=authorization", "USERID_HEADER (a.env:5): identity.userId.header"),
        (MIDDLE, "USERID_HEADER=kubeflow-groups", "GROUPS_HEADER (not set): identity.groups.header is the same header"),
        (MIDDLE, "GROUPS_HEADER=kubeflow-userid", "GROUPS_HEADER (a.env:5): identity.groups.header is the same header"),
        (MIDDLE, "AUTH_HEADER=kubeflow_userid", "AUTH_HEADER (a.env:5): session.header"),
        (
            LAST,
            "USERID_HEADER=auth-method",
            "AUTH_METHOD_HEADER (not set): identity.authMethod.header is the same header",
        ),
        (
            MIDDLE,
            "GROUPS_CLAIM=\nGROUPS_HEADER=a b",
            "GROUPS_HEADER (a.env:6): identity.remove[0] is not a header name",
        ),
        (MIDDLE, "USERID_HEADER=\nAUTH_HEADER=kubeflow-userid", "AUTH_HEADER (a.env:6): session.header"),
        (MIDDLE, "ID_TOKEN_HEADER=kubeflow-groups", "ID_TOKEN_HEADER (a.env:5): bearer.header"),
        (FIRST, "USERID_HEADER=x-auth-token", "X-Auth-Token, the header of sessions: session.header"),
        (
            FIRST,
            "USERID_TOKEN_HEADER=kubeflow-userid",
            "USERID_TOKEN_HEADER (a.env:7): identity.forward.idToken.header",
        ),
    ] {
        refuses(&with(base, line), said);
    }
}

#[test]
fn one_path_for_two_things() {
    let first = migrate(&[("a.env", &FIRST.replace("/login/oidc", "/logout/login/oidc"))], &[]);
    assert_eq!(first.outcome.code, 0, "{}", first.said());
    let parameters =
        "client_id=a\noidc_provider=https://idp.example.com\noidc_redirect_uri=/logout\napplication_secret=x\n";
    refuses(&migrate(&[("a.env", parameters)], &[]), "REDIRECT_URL (`oidc_redirect_uri` of a.env:3): paths.signOut");
    let sign_out = "AUTHSERVICE_URL_PREFIX (a.env:4): paths.signOut is the path of another endpoint";
    refuses(&with(MIDDLE, "REDIRECT_URL=/authservice/logout"), sign_out);
    let homepage = "HOMEPAGE_URL (not set): paths.homepage is the path of another endpoint";
    refuses(&with(MIDDLE, "REDIRECT_URL=/authservice/site/homepage"), homepage);
}

/// The address of `kubectl port-forward`.
#[test]
fn http_is_for_a_trial_on_this_machine() {
    for (base, at) in [(MIDDLE, "http://localhost:8080"), (FIRST, "http://127.0.0.1:8080")] {
        let trial = migrate_at(at, base);
        assert_eq!(trial.at("/session/cookie/insecure"), true, "{}", trial.said());
        trial.says("--public-url warning: http, so cookies are not `Secure`");
        assert_eq!(trial.check().code, 0);
    }
    assert!(with(MIDDLE, "").at("/session/cookie/insecure").is_null());
    let both = migrate(&[("a.env", MIDDLE)], &["--public-url", "http://localhost:8080"]);
    refuses(&both, "--public-url is http on this machine and something else as well: migrate twice");
    refuses(&migrate_at("http://kubeflow.example.com", MIDDLE), "--public-url: publicUrls[0] is plain http");
    let balancer = "CognitoUserPoolArn=arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_x\nCognitoAppClientId=a\n\
                    CognitoUserPoolDomain=a.auth.us-east-1.amazoncognito.com\n";
    assert_eq!(migrate_at("http://localhost:8080", balancer).at("/session/cookie/insecure"), true);
}

// M-13
#[test]
fn audiences_that_are_empty() {
    for empty in ["", ",", " , "] {
        let line = format!("AUDIENCES={empty}");
        let migrated = with(LAST, &line);
        assert_eq!(migrated.at("/providers/0/bearer").as_array().unwrap().len(), 1, "{}", migrated.said());
        migrated.says("AUDIENCES empty: no audience counted");
        let text = format!("{LAST}{line}\n");
        let cluster = migrate(&[("a.env", &text)], &["--kubernetes-issuer", "https://k.example"]);
        refuses(&cluster, "AUDIENCES (a.env:6) is empty: name the audience that programs ask the cluster for");
        cluster.says("Nothing was written: 1 thing stands in the way");
    }
}

#[test]
fn settings_that_are_taken_for_a_shells() {
    refuses(
        &with(MIDDLE, "export GROUPS_CLAIM=x"),
        "a.env:5 begins with `export`, which only a shell knows. Remove the word",
    );
}
