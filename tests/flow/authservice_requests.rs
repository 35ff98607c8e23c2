//! What oidc-authservice did with every kind of request, and what is done here instead: the same, or the safe thing.

use std::time::Duration;

use serde_json::json;

use crate::{
    authservice::{PUBLIC, SIGN_OUT, VERIFY, is_kim, script, signed_in, text, world, world_with},
    choosing::rule,
    message::{Answer, Request},
    programs::{id_token, program},
    world::{ORIGIN, Travel, World, url},
};

const CALLBACK: &str = "/authservice/oidc/callback";

/// With the header that says how somebody is known, and bearer tokens.
fn telling() -> World {
    world_with("authorization", |tree| {
        tree["identity"]["authMethod"] = json!({ "header": "auth-method" });
        tree["providers"][0]["bearer"] = json!([{ "kind": "id_token", "audiences": ["kubelogin"] }]);
    })
}

fn lied(request: Request) -> Request {
    let names = ["kubeflow-userid", "kubeflow-groups", "auth-method", "Auth_Method", "kubeflow_userid"];
    names.into_iter().fold(request, |request, name| request.with(name, "root").with(name, "root"))
}

fn has_lies(answer: &Answer) -> bool {
    answer.upstream().iter().any(|(_, value)| value == b"root")
}

// M-1
#[test]
fn each_identity_header_has_one_value_and_the_method_says_how_they_are_known() {
    let mut world = signed_in(telling());
    let (text, token) = (text(&world), id_token(&world, &json!({})));
    for (request, method) in [
        (Request::navigation("/"), "cookie"),
        (Request::fetch("/").with("authorization", "Basic x"), "cookie"),
        (script("/", "authorization", &text), "header"),
        (program("/", &token).with("cookie", ""), "header"),
    ] {
        let answer = world.send(&lied(request));
        assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
        assert_eq!(answer.got("kubeflow-groups"), ["team-a,b%2Cc"]);
        assert_eq!(answer.got("auth-method"), [method]);
        assert!(!has_lies(&answer));
    }
    for (request, method) in
        [(Request::fetch("/oauth2/whoami"), "cookie"), (script("/oauth2/whoami", "authorization", &text), "header")]
    {
        let body: serde_json::Value = serde_json::from_str(world.send(&request).reply().body()).unwrap();
        assert_eq!(
            (&body["headers"]["auth-method"], &body["headers"]["kubeflow-userid"]),
            (&json!(method), &json!("kim@example.com"))
        );
    }
    // Without the setting it is a header of the application's.
    let mut world = signed_in(crate::authservice::world("authorization"));
    assert_eq!(world.send(&Request::fetch("/").with("auth-method", "x")).got("auth-method"), ["x"]);
}

#[test]
fn the_method_is_told_after_a_renewal_too() {
    for (header, method) in [(false, "cookie"), (true, "header")] {
        let mut world = signed_in(telling());
        let text = text(&world);
        world.advance(Duration::from_secs(4000));
        let request = if header { script("/", "authorization", &text) } else { Request::fetch("/") };
        assert_eq!(world.send(&request).got("auth-method"), [method]);
        assert_eq!(world.provider.refreshed, 1);
    }
}

// F-1
#[test]
fn no_client_brings_an_identity_on_any_path() {
    let mut world = telling();
    let preflight =
        Request::bare("/api").by("OPTIONS").with("origin", "https://x").with("access-control-request-method", "PUT");
    for request in
        [Request::navigation(PUBLIC), Request::bare(PUBLIC).by("OPTIONS"), Request::web_socket(PUBLIC), preflight]
    {
        assert!(!has_lies(&world.send(&lied(request))));
    }
}

// F-1
#[test]
fn a_header_that_nobody_sets_comes_from_no_client_either() {
    let mut world = signed_in(world_with("authorization", |tree| {
        tree["identity"].as_object_mut().unwrap().remove("groups");
        tree["identity"]["remove"] = json!(["kubeflow-groups"]);
        let path = json!({ "path": { "prefix": "/open" } });
        rule(tree, json!({ "match": path, "action": "authenticate", "unauthenticated": "pass" }));
    }));
    let stranger = |path| Request::bare(path).with("cookie", "");
    for request in [Request::navigation("/"), Request::bare("/open"), stranger("/open"), stranger(PUBLIC)] {
        let forged = request.with("kubeflow-groups", "root").with("Kubeflow_Groups", "root").with("x-kept", "kept");
        let answer = world.send(&forged);
        assert!(!has_lies(&answer));
        assert_eq!(answer.got("x-kept"), ["kept"]);
    }
}

// F-2
#[test]
fn options_without_a_sign_in_passes_nowhere_but_as_a_browsers_preflight() {
    let mut world = world("authorization");
    for request in [
        Request::bare("/api").by("OPTIONS"),
        Request::bare("/api").by("OPTIONS").with("origin", ORIGIN),
        Request::bare("/api").by("OPTIONS").with("access-control-request-method", "PUT"),
        Request::bare("/api")
            .by("OPTIONS")
            .with("origin", ORIGIN)
            .with("access-control-request-method", "PUT")
            .with("authorization", "Bearer x"),
    ] {
        let answer = world.send(&request);
        assert_eq!(answer.said(), (401, "login_required".to_owned()));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    let preflight =
        Request::bare("/api").by("OPTIONS").with("origin", ORIGIN).with("access-control-request-method", "PUT");
    let answer = world.send(&preflight);
    assert!(answer.got("kubeflow-userid").is_empty());
}

// F-4, M-11
#[test]
fn the_prefix_of_our_endpoints_opens_nothing_beside_them() {
    let mut world = world("authorization");
    for path in [
        "/authservice",
        "/authservice/",
        "/authservice/anything",
        "/authservice-evil",
        "/authservice/logout/x",
        "/authservice/site/themes/x.css",
        "/authservice/oidc/callback/x",
        "/authservice/LOGOUT",
    ] {
        assert!(world.get(path).location().starts_with("https://idp.example.net/"), "{path}");
        assert_eq!(world.send(&Request::fetch(path)).said(), (401, "login_required".to_owned()), "{path}");
    }
    for path in ["/publicfoo", "/Public", "/x/public"] {
        assert_eq!(world.send(&Request::fetch(path)).status(), 401, "{path}");
    }
}

// F-4
#[test]
fn no_path_is_cleaned_by_a_redirect_and_none_is_read_in_two_ways() {
    let mut world = signed_in(world("authorization"));
    for path in [
        "/public/../internal/x",
        "/public/..;/internal",
        "/public/%2e%2e/internal",
        "/public/%252e%252e/internal",
        "/public/..%5cinternal",
        "//internal",
        "/public//../internal",
    ] {
        assert_eq!(world.send(&Request::fetch(path)).said(), (400, "ambiguous_path".to_owned()), "{path}");
    }
    for path in ["/public//x", "/public/./x", "/app//x"] {
        assert_eq!(world.send(&Request::fetch(path)).got(":path"), [path]);
    }
}

// F-5
#[test]
fn only_a_person_who_asks_for_a_page_is_redirected() {
    let mut world = world("authorization");
    assert_eq!(world.get("/").status(), 302);
    let html = Request::bare("/").with("accept", "text/html");
    for request in [
        Request::fetch("/api"),
        Request::bare("/api"),
        Request::bare("/").with("accept", "application/json"),
        html.clone().with("x-requested-with", "XMLHttpRequest"),
        html.by("POST"),
        Request::navigation("/").by("POST"),
        Request::web_socket("/ws"),
    ] {
        let answer = world.send(&request);
        assert_eq!((answer.status(), answer.header("location")), (401, None));
        assert!(answer.header("www-authenticate").is_some());
    }
}

// F-6
#[test]
fn a_sign_in_has_pkce_and_a_nonce() {
    let answer = world("authorization").get("/");
    let url = url(answer.location());
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    for name in ["nonce", "code_challenge", "code_challenge_method", "state"] {
        assert!(names.iter().any(|other| other == name), "{name}");
    }
}

// F-7
#[test]
fn two_tabs_sign_in_side_by_side() {
    let mut world = world("authorization");
    let (first, second) = (world.callback_for("/first"), world.callback_for("/second"));
    assert_eq!(world.go(&second).location(), "https://app.example.com/second");
    assert_eq!(world.go(&first).location(), "https://app.example.com/first");
    assert!(world.get("/").passed());
}

// M-12
#[test]
fn a_verdict_is_204_401_or_403_and_takes_every_credential() {
    let mut world = world_with("authorization", |tree| {
        tree["identity"]["authMethod"] = json!({ "header": "auth-method" });
        let path = json!({ "path": { "prefix": "/admin" } });
        let require = json!({ "groups": { "any": ["admins"] } });
        rule(tree, json!({ "match": path, "action": "authenticate", "require": require }));
    });
    let ask = |path: &str| Request::navigation(&format!("{VERIFY}{path}"));
    assert_eq!(world.send(&ask("/x")).said(), (401, "login_required".to_owned()));
    assert_eq!(world.send(&ask(PUBLIC)).status(), 204);
    let mut world = signed_in(world);
    let text = text(&world);
    let bearer = |path: &str| ask(path).with("cookie", "").with("authorization", &format!("Bearer {text}"));
    for (request, method) in [(ask("/x"), "cookie"), (bearer("/x"), "header"), (bearer(""), "header")] {
        let answer = world.send(&lied(request));
        let said = ["kubeflow-userid", "kubeflow-groups", "auth-method"].map(|name| {
            answer
                .reply()
                .fields()
                .filter(|(other, _)| *other == name)
                .map(|(_, value)| value.to_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!((answer.status(), answer.reply().body()), (204, ""));
        assert_eq!(
            said,
            [vec!["kim@example.com".to_owned()], vec!["team-a,b%2Cc".to_owned()], vec![method.to_owned()]]
        );
    }
    for request in [ask("/admin"), bearer("/admin")] {
        assert_eq!(world.send(&request).said(), (403, "requirement_unmet".to_owned()));
    }
}

#[test]
fn a_broken_cookie_is_none() {
    let mut world = world("authorization");
    let answer = world.send(&Request::navigation("/deep").with("cookie", "authservice_session=%%%"));
    assert_eq!(answer.status(), 302);
    assert!(answer.cookies().iter().any(|line| line.starts_with("authservice_session=; ")));
}

#[test]
fn public_paths_pass_before_the_provider_was_ever_reached_and_all_others_are_told_to_wait() {
    let mut world = world("authorization");
    world.network = Box::new(|_| Travel::Status(Duration::from_millis(5), 503));
    assert!(world.get(PUBLIC).passed());
    let answer = world.get("/");
    assert_eq!((answer.said(), answer.header("retry-after")), ((503, "provider_unavailable".to_owned()), Some("5")));
}

#[test]
fn the_callback_takes_no_post_and_says_what_is_wrong_with_a_get() {
    let mut world = world("authorization");
    let post = Request::navigation(CALLBACK).posting("code=x&state=y");
    assert_eq!(world.send(&post).said(), (405, "method_not_allowed".to_owned()));
    for (query, code) in [("?code=x", "callback_state_invalid"), ("?code=x&state=abc", "attempt_absent")] {
        assert_eq!(world.get(&format!("{CALLBACK}{query}")).said(), (400, code.to_owned()));
    }
    let callback = world.callback_for("/deep");
    assert_eq!(world.go(&callback).status(), 302);
    world.jar().cookies().clear();
    assert_eq!(world.go(&callback).said(), (400, "attempt_absent".to_owned()), "used");
}

// F-10, M-14
#[test]
fn who_may_not_come_in_is_told_what_is_missing_and_stays_signed_in() {
    let mut world = world_with("authorization", |tree| {
        let require = json!({ "groups": { "any": ["<admins>", "x"] } });
        rule(tree, json!({ "match": { "path": { "prefix": "/" } }, "action": "authenticate", "require": require }));
    });
    let answer = world.visit("/deep");
    assert_eq!(answer.said(), (403, "requirement_unmet".to_owned()));
    let body = answer.reply().body();
    assert!(body.contains("&lt;admins&gt;") && !body.contains("<admins>") && !body.contains("kim@"), "{body}");
    assert_eq!(world.get("/oauth2/whoami").status(), 200);
    world.provider.response.claims.insert("groups", Some(json!(["admins", "x y", "X"])));
    world.get(SIGN_OUT);
    assert_eq!(world.visit("/deep").status(), 403, "exactly");
    world.provider.response.claims.insert("groups", Some(json!(["x"])));
    world.get(SIGN_OUT);
    assert!(world.visit("/deep").passed());
}

// F-11, F-12
#[test]
fn groups_of_any_shape_break_nothing() {
    for (groups, header) in [
        (json!(["a", "b,c", "d"]), Some("a,b%2Cc,d")),
        (json!("a"), Some("a")),
        (json!([]), None),
        (json!(null), None),
        (json!({ "a": 1 }), None),
        (json!(["a", 7, null, ["b"]]), Some("a,7")),
    ] {
        let mut world = world("authorization");
        world.provider.response.claims.insert("groups", Some(groups.clone()));
        let answer = world.visit("/");
        let got = answer.got("kubeflow-groups");
        assert_eq!(got.first().map(String::as_str), header, "{groups}");
    }
}

// F-17
#[test]
fn no_log_line_and_no_refusal_holds_the_session_that_was_sent() {
    let mut world = signed_in(world("x-auth-token"));
    let text = text(&world);
    let part = &text[..40];
    world.events.clear();
    world.send(&script(SIGN_OUT, "x-auth-token", &text).by("POST"));
    for value in [text.clone(), format!("Bearer {text}"), format!("{text}x"), format!("{text},{text}")] {
        for path in ["/", "/oauth2/whoami", PUBLIC] {
            let answer = world.send(&script(path, "x-auth-token", &value));
            let said = match &answer {
                Answer::Reply(reply) => format!("{reply:?}"),
                Answer::Upstream(headers, _) => crate::message::text(headers),
            };
            assert!(!said.contains(part), "{path}");
        }
    }
    assert!(world.events.iter().all(|event| !format!("{event:?}").contains(part)));
}

// F-8
#[test]
fn the_cookies_of_a_sign_in_are_secure_and_out_of_reach_for_scripts() {
    let mut world = signed_in(world("authorization"));
    is_kim(&world.get("/"), "authorization");
    let set = world.replies.iter().flat_map(|reply| reply.headers()).filter(|(name, _)| *name == "set-cookie");
    let lines: Vec<_> = set.map(|(_, line)| line.clone()).collect();
    assert!(lines.len() >= 4);
    for line in lines {
        assert!(line.contains("; Secure; HttpOnly; SameSite=Lax"), "{line}");
    }
}
