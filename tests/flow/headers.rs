//! What an application gets: identity that nobody forged, cookies without ours (T-40 to T-50, T-92).

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    message::{Request, fields},
    world::{HOST, World},
};

/// `request` with every spelling of the identity headers that an application could fold to one of them.
fn forged(request: Request) -> Request {
    let names = [
        "kubeflow-userid",
        "Kubeflow-UserId",
        "kubeflow_userid",
        "KUBEFLOW.USERID",
        "kubeflow-groups",
        "kubeflow_groups",
        "x-user-name",
        "X_User_Name",
        "x.user-name",
    ];
    names.into_iter().fold(request, |request, name| request.with(name, "root").with(name, "admin"))
}

fn forgeries(answer: &crate::message::Answer) -> Vec<String> {
    let root = |value: &[u8]| value == b"root" || value == b"admin";
    answer.upstream().iter().filter(|(_, value)| root(value)).map(|(name, _)| name.clone()).collect()
}

// T-40, T-42, T-43
#[test]
fn forged_identity_is_removed_on_every_branch_that_goes_on() {
    let mut world = World::oidc();
    let preflight =
        Request::bare("/api").by("OPTIONS").with("origin", "https://x").with("access-control-request-method", "PUT");
    let branches = [Request::navigation("/public"), Request::web_socket("/public/ws"), preflight];
    for request in &branches {
        assert!(forgeries(&world.send(&forged(request.clone()))).is_empty(), "{}", request.path);
    }
    world.sign_in();
    for request in
        branches.into_iter().chain([Request::fetch("/api"), Request::navigation("/"), Request::web_socket("/ws")])
    {
        assert!(forgeries(&world.send(&forged(request.clone()))).is_empty(), "{}", request.path);
    }
}

// T-40, T-46
#[test]
fn each_identity_header_has_one_value_and_it_is_ours() {
    let mut world = World::oidc();
    world.sign_in();
    let answer = world.send(&forged(Request::fetch("/api")));
    assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
    assert_eq!(answer.got("kubeflow-groups"), ["team-a,b%2Cc"]);
    assert_eq!(answer.got("x-user-name"), ["Kim Park"]);
    assert!(answer.got("kubeflow_userid").is_empty());
}

// T-41
#[test]
fn an_absent_claim_is_an_absent_header() {
    let mut world = World::cognito();
    world.sign_in();
    let answer = world.send(&forged(Request::fetch("/api")));
    assert!(answer.got("x-user-name").is_empty() && answer.got("X_User_Name").is_empty());
}

// T-73
#[test]
fn what_we_answer_ourselves_never_goes_on() {
    let mut world = World::oidc();
    let paths = ["/", "/internal", "/oauth2/sign-in", "/oauth2/sign-out", "/oauth2/callback", "/public/..;/x", "/a#b"];
    for path in paths {
        for request in [Request::navigation(path), Request::fetch(path), Request::web_socket(path)] {
            let id = world.open(&forged(request));
            // `answer` takes the one decision; `settle` fails on a second.
            world.answer(id).reply();
            world.advance(std::time::Duration::from_secs(20));
        }
    }
}

// T-40
#[test]
fn trailers_lose_identity_as_well() {
    let world = World::oidc();
    let trailers = fields(&[("kubeflow_userid", "root"), ("x-checksum", "1"), ("Kubeflow-Groups", "admin")]);
    let mut pairs: Vec<_> = trailers.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    world.engine().handle_trailers(&trailers).apply(&mut pairs);
    assert_eq!(pairs, [("x-checksum".to_owned(), b"1".to_vec())]);
}

#[test]
fn connection_cannot_make_the_next_hop_drop_identity() {
    let mut world = World::oidc();
    world.sign_in();
    let request = Request::bare("/ws").with("upgrade", "websocket").with("connection", "Upgrade, Kubeflow-UserId");
    let answer = world.send(&request.with("trailer", "x-sum, kubeflow.userid"));
    assert_eq!(
        (answer.got("connection"), answer.got("trailer")),
        (vec!["Upgrade".to_owned()], vec!["x-sum".to_owned()])
    );
}

// T-45
#[test]
fn two_authorization_headers_are_refused_even_on_a_public_path() {
    let mut world = World::oidc();
    let request = Request::bare("/public").with("authorization", "Bearer a").with("Authorization", "Bearer b");
    assert_eq!(world.send(&request).said(), (400, "malformed_request".to_owned()));
}

// T-45
#[test]
fn all_cookie_lines_are_read() {
    let mut world = World::oidc();
    world.sign_in();
    let now = world.now;
    let ours = world.jar().line(HOST, "/", now).unwrap();
    let request = Request::fetch("/api").with("cookie", "a=1").with("cookie", &ours).with("cookie", "b=2");
    let answer = world.send(&request);
    assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
    assert_eq!(answer.got("cookie"), ["a=1", "b=2"]);
}

// T-92
#[test]
fn our_cookies_stay_here_and_all_others_are_byte_identical_and_in_order() {
    let mut world = World::oidc();
    world.callback_for("/tab");
    world.sign_in();
    let now = world.now;
    world.get("/oauth2/sign-in");
    let ours = world.jar().line(HOST, "/", now).unwrap();
    let others = "a=1;  b=\"x y\";c; =d;e=f=g; __Host-other=1; edge_oidc=theirs";
    for line in [format!("{others}; {ours}"), format!("{ours};{others}")] {
        for path in ["/api", "/public/x"] {
            assert_eq!(world.send(&Request::fetch(path).with("cookie", &line)).got("cookie"), [others], "{path}");
        }
    }
    let untouched = world.send(&Request::fetch("/public").with("cookie", others));
    assert_eq!(untouched.got("cookie"), [others]);
    assert!(world.send(&Request::fetch("/public").with("cookie", &ours)).got("cookie").is_empty());
}

#[test]
fn an_authorization_header_of_the_applications_passes_untouched_and_signs_nobody_in() {
    let mut world = World::oidc();
    for value in ["Basic dXNlcjpwYXNz", "Bearer eyJhbGciOiJub25lIn0.e30.", "Negotiate x"] {
        assert_eq!(world.send(&Request::fetch("/api").with("authorization", value)).status(), 401);
        assert_eq!(world.send(&Request::fetch("/public").with("authorization", value)).got("authorization"), [value]);
    }
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            let code = fs::read_to_string(&path).unwrap();
            let code = code.split("#[cfg(test)]").next().unwrap().to_owned();
            found.push((path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string(), code));
        }
    }
}

/// The source files that hold `text` outside tests and comments.
fn files_with(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let code = |code: &str| code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(text));
    // The command-line tool reads what the core decides, and answers no request.
    let files = found.into_iter().filter(|(file, source)| !file.starts_with("src/cli/") && code(source));
    let mut files: Vec<String> = files.map(|(file, _)| file).collect();
    files.sort();
    files
}

// T-46
#[test]
fn headers_are_only_ever_replaced_or_removed_and_cookie_lines_added_after_a_removal() {
    assert!(files_with("add_http_request_header").is_empty());
    assert_eq!(files_with("HeaderEdit::Add"), ["src/filter/exchange.rs", "src/http/header_edits.rs"]);
    assert_eq!(files_with("abi::add("), ["src/filter/exchange.rs"]);
    assert_eq!(files_with(".replace_all("), ["src/flow/gate.rs"]);
}

// T-50
#[test]
fn claims_become_trusted_in_one_place_each() {
    assert_eq!(files_with("VerifiedJwt {"), ["src/oidc/jwks.rs"]);
    assert_eq!(files_with("IdTokenClaims {"), ["src/oidc/id_token.rs"]);
    assert_eq!(files_with("TrustedClaims(")[..1], ["src/oidc/claims.rs".to_owned()]);
    assert_eq!(files_with("Identity::from_claims"), ["src/flow/clearance.rs"]);
}

// T-8
#[test]
fn every_redirect_to_ourselves_goes_through_the_judged_path() {
    // `answer` sends people to pages of the configuration, and to nothing that a request says.
    let files = ["answer", "endpoints", "offer", "sign_in", "sign_out"].map(|name| format!("src/flow/{name}.rs"));
    assert_eq!(files_with("Reply::redirect("), files);
    assert_eq!(files_with("\"location\""), ["src/flow/sign_out.rs", "src/http/reply.rs"]);
}

// T-94
#[test]
fn two_people_never_have_one_user_id_and_nobody_has_an_empty_one() {
    let mut world = World::oidc();
    let mut ids = std::collections::BTreeSet::new();
    for (browser, person) in ["kim@example.com", "kim@example.org", "Kim@example.com", "kim"].into_iter().enumerate() {
        world.switch_to(browser);
        world.person = person.to_owned();
        world.sign_in();
        ids.extend(world.get("/").got("kubeflow-userid"));
    }
    assert_eq!(ids.len(), 4);
    world.switch_to(9);
    for nobody in [json!(""), json!(null), json!([])] {
        world.provider.response.claims.insert("email", Some(nobody));
        assert_eq!(world.visit("/").said(), (403, "user_id_absent".to_owned()));
    }
}
