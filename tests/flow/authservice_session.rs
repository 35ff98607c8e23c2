//! A session by its cookie's bare name, and in a header: who counts, what is told, and what no application ever gets.

use std::time::Duration;

use serde_json::json;

use crate::{
    authservice::{
        COOKIE, HEADERS, OVER, PUBLIC, config, is_kim, is_refused, lee_comes, script, signed_in, text, world,
        world_with,
    },
    choosing::rule,
    message::Request,
    programs::{MALFORMED, told},
    world::{Travel, World, cognito_config},
};

// M-8, F-8
#[test]
fn the_cookie_has_just_its_name_and_all_its_attributes() {
    let mut world = world("authorization");
    let answer = world.sign_in();
    assert!(answer.got("cookie").is_empty());
    let mut cookies = world.replies.iter().flat_map(|reply| reply.headers()).filter(|(name, _)| *name == "set-cookie");
    let ours = format!("{COOKIE}=");
    let line = cookies.find(|(_, line)| line.starts_with(&ours)).map(|(_, line)| line.clone()).unwrap();
    assert!(line.contains("; Secure; HttpOnly; SameSite=Lax") && !line.contains("Domain"), "{line}");
    assert!(cookies.all(|(_, line)| !line.starts_with("__")));
    // A large one has pieces, of the same name.
    world.provider.response.tokens.insert("refresh_token", Some(json!("r".repeat(9000))));
    world.jar().cookies().clear();
    assert!(world.visit("/large").passed());
    let names = world.jars[0].names(world.now).join(" ");
    assert!(names.contains(&format!("{COOKIE} {COOKIE}_1 {COOKIE}_2")) && !names.contains("__"), "{names}");
}

// N-1
#[test]
fn what_authservice_left_in_the_browser_is_replaced_without_a_word() {
    let mut world = world("authorization");
    let left = "MTYwMDAwMDAwMHxOd3dBTkVsWFZWSkhOMEpaUVVoWVJVUkpTRk5YTlVWWFFsVXpWRkk9fGPFDYpW";
    let stale = Request::navigation("/deep").with("cookie", &format!("{COOKIE}={left}; oidc_state_csrf=x"));
    let answer = world.send(&stale);
    assert_eq!(answer.status(), 302);
    assert!(
        answer.cookies().iter().any(|line| line.starts_with(&format!("{COOKIE}=; ")) && line.contains("Max-Age=0"))
    );
    assert_eq!(world.follow(answer).got(":path"), ["/deep"]);
}

#[test]
fn a_cookie_with_a_prefix_is_another_cookie() {
    let mut world = signed_in(world("authorization"));
    let line = world.cookie_line().replace(COOKIE, &format!("__Host-{COOKIE}"));
    assert_eq!(world.send(&Request::bare("/").with("cookie", &line)).status(), 401);
    let mut tree = config("authorization");
    tree["session"]["cookie"]["prefix"] = json!(true);
    world.restart(&tree);
    assert_eq!(world.send(&Request::bare("/").with("cookie", &line)).status(), 401, "it is bound to its name");
}

// M-9
#[test]
fn a_program_sends_the_text_of_the_cookie_with_or_without_the_scheme() {
    for header in HEADERS {
        let mut world = signed_in(world(header));
        let text = text(&world);
        for form in ["Bearer TEXT", "bearer TEXT", "BEARER  TEXT ", "Bearer\tTEXT", "TEXT", " TEXT "] {
            let value = form.replace("TEXT", &text);
            is_kim(&world.send(&script("/api", header, &value)), header);
        }
        for form in ["BearerTEXT", "Basic TEXT", "Bearer Bearer TEXT", "TEXT=", "TEXT TEXT", "\"TEXT\"", "Bearer-TEXT"]
        {
            let answer = world.send(&script("/api", header, &form.replace("TEXT", &text)));
            let code = if header == "authorization" { "login_required" } else { "header_session_invalid" };
            assert_eq!(answer.said(), (401, code.to_owned()), "{form}");
        }
    }
}

#[test]
fn the_texts_of_all_pieces_are_joined_in_order() {
    for header in HEADERS {
        let mut world = world(header);
        world.provider.response.tokens.insert("refresh_token", Some(json!("r".repeat(9000))));
        let mut world = {
            world.sign_in();
            world
        };
        let whole = text(&world);
        assert!(whole.len() > 8000);
        is_kim(&world.send(&script("/", header, &format!("Bearer {whole}"))), header);
        let (first, rest) = whole.split_at(whole.len() / 2);
        for wrong in [
            format!("{rest}{first}"),
            first.to_owned(),
            format!("{whole}A"),
            whole.replacen(&whole[..9], "AAAAAAAAA", 1),
        ] {
            assert_eq!(world.send(&script("/", header, &wrong)).status(), 401);
        }
        // Longer than any session: not even tried.
        assert_eq!(world.send(&script("/", header, &"A".repeat(60_000))).status(), 401);
    }
}

// M-9
#[test]
fn a_session_in_the_header_decides_whatever_cookie_comes_along() {
    for header in HEADERS {
        let mut world = signed_in(world(header));
        let kim = text(&world);
        lee_comes(&mut world, Duration::from_secs(31));
        let both = |client: Request| client.with(header, &kim);
        is_kim(&world.send(&both(Request::navigation("/"))), header);
        // It ends; the cookie beside it is Lee's and as good as ever.
        world.send(&script(crate::authservice::SIGN_OUT, header, &kim).by("POST"));
        for client in [Request::navigation("/"), Request::fetch("/api"), Request::navigation("/authservice/verify/x")] {
            is_refused(&world.send(&both(client)));
        }
        assert_eq!(world.get("/").got("kubeflow-userid"), ["lee@example.com"]);
    }
}

// F-5
#[test]
fn nobody_is_redirected_and_nobody_passes_as_nobody_with_a_session_that_is_over() {
    for header in HEADERS {
        let mut world = signed_in(world_with(header, |tree| {
            let path = |path: &str| json!({ "path": { "prefix": path } });
            for way in ["login", "pass", "challenge"] {
                let at = format!("/{way}");
                rule(tree, json!({ "match": path(&at), "action": "authenticate", "unauthenticated": way }));
            }
        }));
        let text = text(&world);
        world.send(&script(crate::authservice::SIGN_OUT, header, &text).by("POST"));
        for path in
            ["/", "/login", "/pass", "/challenge", "/oauth2/whoami", "/oauth2/sign-in", "/authservice/verify/login"]
        {
            for client in [
                Request::navigation(path),
                Request::bare(path),
                Request::navigation(path).with("sec-purpose", "prefetch"),
            ] {
                is_refused(&world.send(&client.with("cookie", "").with(header, &text)));
            }
        }
        let grpc = Request::bare("/s").by("POST").with("content-type", "application/grpc").with(header, &text);
        assert_eq!(world.send(&grpc).reply().grpc_status().map(edge_oidc::http::reply::GrpcStatus::code), Some(16));
        assert!(world.send(&script(PUBLIC, header, &text)).got(header).is_empty());
    }
}

#[test]
fn a_header_of_its_own_is_for_sessions_only() {
    let mut world = signed_in(world("x-auth-token"));
    for value in ["x", "Bearer x", "Basic a2ltOnB3", "a.b.c", ",", "Bearer ,", "x, y"] {
        let request = Request::navigation("/").with("x-auth-token", value);
        is_refused(&world.send(&request));
        for path in ["/oauth2/whoami", "/oauth2/sign-in"] {
            is_refused(&world.send(&Request::navigation(path).with("x-auth-token", value)));
        }
        let public = world.send(&Request::bare(PUBLIC).with("x-auth-token", value).with("X_Auth.Token", value));
        assert!(public.got("x-auth-token").is_empty() && public.got("x_auth.token").is_empty());
    }
    for empty in ["", "Bearer", "bearer ", " "] {
        is_kim(&world.send(&Request::navigation("/").with("x-auth-token", empty)), "x-auth-token");
    }
    // `authorization` is nobody's business then.
    let text = text(&world);
    let basic = script("/", "x-auth-token", &text).with("authorization", "Basic a2ltOnB3");
    assert_eq!(world.send(&basic).got("authorization"), ["Basic a2ltOnB3"]);
    let answer = world.send(&Request::navigation("/").with("authorization", &format!("Bearer {text}")));
    assert_eq!(answer.got("authorization").len(), 1);
}

#[test]
fn in_authorization_what_is_no_session_stays_the_applications() {
    let mut world = signed_in(world("authorization"));
    for value in ["Basic a2ltOnB3", "Bearer x", "Bearer a.b.c", "x", "", "Bearer", "Digest a=b, c=d", &"A".repeat(80)] {
        let answer = world.send(&Request::fetch("/").with("authorization", value));
        assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
        assert_eq!(answer.got("authorization"), [value]);
    }
}

#[test]
fn more_than_one_thing_in_the_header_is_no_credential() {
    for header in HEADERS {
        let mut world = signed_in(world(header));
        let text = text(&world);
        let challenge = MALFORMED;
        for value in [
            format!("Bearer {text},Bearer {text}"),
            format!("Bearer {text}, Basic a2ltOnB3"),
            format!("Basic a2ltOnB3,{text}"),
            format!("{text},"),
            format!(",{text}"),
            [&*"A".repeat(80); 4].join(","),
        ] {
            let request = Request::navigation("/").with(header, &value);
            told(&world.send(&request), 400, "header_session_malformed", challenge);
            // It is the client's own secret, and no application's.
            assert!(world.send(&Request::bare(PUBLIC).with(header, &value)).got(header).is_empty());
        }
        let twice = Request::navigation("/").with(header, &text).with(header, &text);
        let code = if header == "authorization" { "malformed_request" } else { "header_session_malformed" };
        assert_eq!(world.send(&twice).said(), (400, code.to_owned()));
        let verdict = Request::bare("/authservice/verify/x").with("cookie", "").with(header, &format!("{text},{text}"));
        assert_eq!(world.send(&verdict).said(), (403, "header_session_malformed".to_owned()));
    }
}

#[test]
fn a_text_opens_on_its_own_host_only_and_for_the_provider_that_gave_it() {
    for header in HEADERS {
        let change = |tree: &mut serde_json::Value| {
            tree["publicUrls"] = json!(["https://app.example.com", "https://b.example.com"])
        };
        let mut world = signed_in(world_with(header, change));
        let text = text(&world);
        let elsewhere = |path: &str, host: &str| script(path, header, &text).on(host);
        assert_eq!(world.send(&elsewhere("/", "b.example.com")).status(), 401);
        assert_eq!(world.send(&elsewhere("/", "c.example.com")).said(), (401, "host_unknown".to_owned()));
        let mut tree = config(header);
        tree["providers"][0]["name"] = json!("other");
        world.restart(&tree);
        assert_eq!(world.send(&script("/", header, &text)).status(), 401);
        tree["providers"][0]["name"] = json!("default");
        // The client is another provider's now.
        let mut moved = tree.clone();
        moved["providers"][0]["clientId"] = json!("another");
        moved["providers"].as_array_mut().unwrap().push(tree["providers"][0].clone());
        moved["providers"][1]["name"] = json!("other");
        world.restart(&moved);
        assert_eq!(world.send(&script("/", header, &text)).status(), 401);
        tree["session"]["keys"] = json!(["n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"]);
        world.restart(&tree);
        assert_eq!(world.send(&script("/", header, &text)).status(), 401);
        world.restart(&config(header));
        is_kim(&world.send(&script("/", header, &text)), header);
    }
}

#[test]
fn an_attempt_is_no_session_and_a_session_is_no_attempt() {
    let mut world = world("x-auth-token");
    world.callback_for("/deep");
    let attempt = world.jar().cookies()[0].value.clone();
    is_refused(&world.send(&script("/", "x-auth-token", &attempt)));
}

// T-60: the cookie is what a foreign page can use, not the header.
#[test]
fn an_upgrade_with_a_session_in_the_header_needs_no_origin_of_ours() {
    for header in HEADERS {
        let mut world = signed_in(world(header));
        let text = text(&world);
        let socket = || Request::web_socket("/ws").with("origin", "https://evil.example");
        assert_eq!(world.send(&socket()).said(), (403, "cross_origin_upgrade".to_owned()));
        assert_eq!(world.send(&socket().with(header, "Bearer")).said(), (403, "cross_origin_upgrade".to_owned()));
        is_kim(&world.send(&socket().with("cookie", "").with(header, &text)), header);
        let joined = world.send(&socket().with(header, &format!("{text},{text}")));
        assert_eq!(joined.said(), (400, "header_session_malformed".to_owned()));
    }
}

#[test]
fn it_is_renewed_like_that_of_a_cookie_and_the_old_text_serves_on_for_a_while() {
    for header in HEADERS {
        let mut world = signed_in(world(header));
        world.provider.response.rotation = Some(Duration::ZERO);
        let old = text(&world);
        world.advance(OVER);
        let answer = world.send(&script("/", header, &old));
        is_kim(&answer, header);
        assert!(answer.cookies()[0].starts_with(&format!("{COOKIE}=")) && world.provider.refreshed == 1);
        assert_ne!(text(&world), old);
        world.advance(Duration::from_secs(500));
        is_kim(&world.send(&script("/", header, &old)), header);
        assert_eq!(world.provider.refreshed, 1);
        // What is forgotten is asked for, and a provider that rotates says no.
        world.advance(Duration::from_secs(200) + OVER);
        is_refused(&world.send(&script("/", header, &old)));
    }
}

#[test]
fn a_refresh_that_the_provider_refuses_or_cannot_answer_is_told_to_the_program() {
    let mut world = signed_in(world_with("x-auth-token", |tree| {
        let path = json!({ "path": { "prefix": "/pass" } });
        rule(tree, json!({ "match": path, "action": "authenticate", "unauthenticated": "pass" }));
    }));
    let text = text(&world);
    world.network = Box::new(|_| Travel::Status(Duration::from_millis(5), 503));
    world.advance(OVER);
    for path in ["/", "/pass", "/oauth2/whoami"] {
        let answer = world.send(&script(path, "x-auth-token", &text));
        assert_eq!(answer.said(), (503, "provider_unavailable".to_owned()), "{path}");
    }
    world.network = Box::new(|_| Travel::Answer(Duration::from_millis(5)));
    world.advance(Duration::from_secs(60));
    world.provider.response.instead_of_refresh = Some((400, json!({ "error": "invalid_grant" })));
    for path in ["/", "/pass", "/oauth2/whoami"] {
        is_refused(&world.send(&script(path, "x-auth-token", &text)));
    }
}

#[test]
fn the_rules_hold_for_it_as_for_any_session() {
    for header in HEADERS {
        let mut world = signed_in(world_with(header, |tree| {
            let path = |path: &str| json!({ "path": { "prefix": path } });
            let strong = json!({ "acrValues": ["mfa"] });
            rule(
                tree,
                json!({ "match": path("/admin"), "action": "authenticate", "require": { "groups": { "any": ["admins"] } } }),
            );
            rule(
                tree,
                json!({ "match": path("/mfa"), "action": "authenticate", "signIn": strong, "unauthenticated": "login" }),
            );
        }));
        let text = text(&world);
        assert_eq!(world.send(&script("/admin", header, &text)).said(), (403, "requirement_unmet".to_owned()));
        let answer = world.send(&script("/mfa", header, &text));
        assert_eq!((answer.said(), answer.header("location")), ((401, "sign_in_too_weak".to_owned()), None));
        assert_eq!(world.send(&script("/internal", header, &text)).said(), (403, "denied".to_owned()));
    }
}

#[test]
fn its_idle_time_is_that_of_the_text() {
    let mut world = signed_in(world_with("x-auth-token", |tree| tree["session"]["idle"] = json!("20m")));
    let text = text(&world);
    world.advance(Duration::from_secs(600));
    let answer = world.send(&script("/", "x-auth-token", &text));
    is_kim(&answer, "x-auth-token");
    assert_eq!(answer.cookies().len(), 1, "used, and so given out again");
    world.advance(Duration::from_secs(600));
    is_refused(&world.send(&script("/", "x-auth-token", &text)));
}

#[test]
fn whoever_has_it_may_ask_who_it_is_and_is_sent_where_a_session_leads() {
    let mut world = signed_in(world("authorization"));
    let text = text(&world);
    let answer = world.send(&script("/oauth2/whoami", "authorization", &text));
    assert!(answer.reply().body().contains("\"kubeflow-userid\":\"kim@example.com\""));
    let answer = world.send(&script("/oauth2/sign-in?return_to=/x", "authorization", &text));
    assert_eq!((answer.status(), answer.location()), (302, "https://app.example.com/x"));
}

#[test]
fn where_it_is_not_configured_a_header_holds_no_session() {
    let mut world =
        signed_in(world_with("authorization", |tree| drop(tree["session"].as_object_mut().unwrap().remove("header"))));
    let value = format!("Bearer {}", text(&world));
    assert_eq!(world.send(&script("/", "authorization", &value)).said(), (401, "login_required".to_owned()));
    assert_eq!(world.get("/").got("authorization"), [""; 0]);
    let answer = world.send(&Request::fetch("/").with("authorization", &value));
    assert_eq!(answer.got("authorization"), [value]);
}

#[test]
fn a_session_is_no_token_of_a_user_pool_either() {
    let mut tree = cognito_config();
    tree["session"]["header"] = json!("authorization");
    tree["session"]["cookie"] = json!({ "name": COOKIE, "prefix": false });
    let mut world = World::cognito();
    world.restart(&tree);
    world.sign_in();
    let value = format!("Bearer {}", text(&world));
    is_kim(&world.send(&script("/", "authorization", &value)), "authorization");
}
