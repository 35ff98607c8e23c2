//! The callback: what it must prove before a code is worth anything (T-10, T-60, T-61, T-67, T-68, RFC 9207).

use std::time::Duration;

use serde_json::json;
use url::Url;

use crate::{
    jar::Jar,
    message::Request,
    world::{World, arrival, oidc_config},
};

/// `callback` with the value of `name` changed.
fn with(callback: &Url, name: &str, change: impl Fn(&str) -> String) -> Url {
    let pairs: Vec<(String, String)> = callback.query_pairs().into_owned().collect();
    let pairs =
        pairs.into_iter().map(|(other, value)| if other == name { (other, change(&value)) } else { (other, value) });
    let mut changed = callback.clone();
    changed.query_pairs_mut().clear().extend_pairs(pairs);
    changed
}

fn value(callback: &Url, name: &str) -> String {
    callback.query_pairs().find(|(other, _)| other == name).unwrap().1.into_owned()
}

/// `text` with its character at `place` changed to another of its alphabet.
fn flipped(text: &str, place: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

// T-60, T-153
#[test]
fn a_callback_without_its_attempt_is_refused_before_any_token_call() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    *world.jar() = Jar::default();
    let answer = world.go(&callback);
    assert_eq!(answer.said(), (400, "attempt_absent".to_owned()));
    assert!(answer.cookies().is_empty() && world.session().is_none());
    assert_eq!(world.provider.times("token"), 0);
}

// T-61
#[test]
fn an_odd_callback_is_refused_before_any_token_call() {
    let mut world = World::oidc();
    let state = value(&world.callback_for("/deep"), "state");
    let (long, huge) = ("s".repeat(300), "c".repeat(9000));
    let odd = [
        (String::new(), "callback_state_invalid"),
        ("?code=x".to_owned(), "callback_state_invalid"),
        ("?code=x&state=".to_owned(), "callback_state_invalid"),
        ("?code=x&state=%00".to_owned(), "callback_state_invalid"),
        ("?code=x&state=%FF%FE".to_owned(), "callback_state_invalid"),
        ("?code=x&state=a%2Bb%3D".to_owned(), "callback_state_invalid"),
        ("?code=x&state=https://evil.example".to_owned(), "callback_state_invalid"),
        ("?code=x&state=abc".to_owned(), "attempt_absent"),
        (format!("?code=x&state={long}"), "callback_too_long"),
        (format!("?code={huge}&state={state}"), "callback_too_long"),
        (format!("?code={}&state={state}", "c".repeat(4097)), "callback_too_long"),
        (format!("?state={state}&code=x&state={state}"), "callback_duplicate_parameter"),
        (format!("?state={state}&code=x&code=y"), "callback_duplicate_parameter"),
        (format!("?state={state}&code=x&iss=a&iss=a"), "callback_duplicate_parameter"),
        (format!("?state={state}&error=a&error=b"), "callback_duplicate_parameter"),
        (format!("?state={state}"), "callback_code_absent"),
    ];
    for (query, code) in odd {
        let answer = world.get(&format!("/oauth2/callback{query}"));
        assert_eq!(answer.said(), (400, code.to_owned()), "{query}");
        assert!(answer.header("location").is_none() && world.session().is_none());
    }
    assert_eq!(world.provider.times("token"), 0);
}

// T-10
#[test]
fn no_character_of_state_can_be_changed() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    let state = value(&callback, "state");
    for place in 0..state.len() {
        let answer = world.go(&with(&callback, "state", |state| flipped(state, place)));
        assert_eq!(answer.said(), (400, "attempt_absent".to_owned()), "{place}");
    }
    assert_eq!(world.provider.times("token"), 0);
    assert_eq!(world.go(&callback).location(), "https://app.example.com/deep");
}

// T-10, T-153
#[test]
fn no_character_of_the_attempts_cookie_can_be_changed() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    let good = world.jar().clone();
    let length = good.clone().cookies()[0].value.len();
    for place in 0..length {
        *world.jar() = good.clone();
        let cookie = &mut world.jar().cookies()[0];
        cookie.value = flipped(&cookie.value, place);
        let answer = world.go(&callback);
        assert_eq!(answer.said(), (400, "attempt_absent".to_owned()), "{place}");
    }
    assert_eq!(world.provider.times("token"), 0);
}

// T-67
#[test]
fn a_callback_is_no_use_in_another_browser() {
    let mut world = World::oidc();
    let attackers = world.callback_for("/deep");
    world.switch_to(1);
    world.callback_for("/mine");
    assert_eq!(world.go(&attackers).said(), (400, "attempt_absent".to_owned()));
    assert_eq!(world.provider.times("token"), 0);
    // Nor with the victim's own state: the code is bound to the attacker's challenge, so this fake would fail the test.
    world.sign_in();
    assert_eq!(world.go(&attackers).location(), "https://app.example.com/");
    assert_eq!(world.provider.times("token"), 1);
}

// T-68
#[test]
fn the_same_callback_twice_gives_one_session() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    let before = world.jar().clone();
    assert_eq!(world.go(&callback).location(), "https://app.example.com/deep");
    assert!(world.attempts().is_empty());
    let again = world.go(&callback);
    assert_eq!((again.location(), again.cookies().len()), ("https://app.example.com/", 0));
    // Whoever kept the attempt's cookie gets no further: here the state is spent, elsewhere the code is.
    *world.jar() = before.clone();
    assert_eq!(world.go(&callback).said(), (400, "attempt_absent".to_owned()));
    world.restart(&oidc_config());
    *world.jar() = before;
    assert_eq!(world.go(&callback).said(), (400, "token_invalid_grant".to_owned()));
    assert!(world.session().is_none());
}

// T-68, RFC 9700 §4.2.4
#[test]
fn another_code_with_the_same_state_is_refused_while_the_first_is_under_way_and_after() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    let another = with(&callback, "code", |_| "attackers-code".to_owned());
    let jar = world.jar().clone();
    let first = world.open(&arrival(&callback));
    assert_eq!(world.go(&another).said(), (400, "attempt_absent".to_owned()));
    assert_eq!(world.answer(first).location(), "https://app.example.com/deep");
    *world.jar() = jar;
    assert_eq!(world.go(&another).said(), (400, "attempt_absent".to_owned()));
    assert_eq!(world.provider.times("token"), 1);
}

#[test]
fn another_code_is_refused_while_the_first_ones_session_is_kept() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    let another = with(&callback, "code", |_| "attackers-code".to_owned());
    let first = world.open(&arrival(&callback));
    world.hang_up(first);
    world.advance(Duration::from_secs(1));
    let jar = world.jar().clone();
    assert_eq!(world.go(&another).said(), (400, "attempt_absent".to_owned()));
    *world.jar() = jar;
    assert_eq!(world.go(&callback).location(), "https://app.example.com/deep");
    assert_eq!(world.provider.times("token"), 1);
}

#[test]
fn an_attempt_is_over_after_ten_minutes() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    let jar = world.jar().clone();
    world.advance(Duration::from_secs(601));
    assert_eq!(world.go(&callback).said(), (400, "attempt_absent".to_owned()));
    // A browser whose clock stands still still sends the cookie; the time inside the seal decides.
    let line = jar.line("app.example.com", "/oauth2/callback", crate::world::START).unwrap();
    assert_eq!(world.send(&arrival(&callback).with("cookie", &line)).said(), (400, "attempt_absent".to_owned()));
}

#[test]
fn a_failed_callback_offers_one_link_back_to_the_same_place_and_never_restarts_by_itself() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep?x=1");
    let answer = world.go(&with(&callback, "code", |_| "made-up".to_owned()));
    assert_eq!((answer.said(), answer.header("location")), ((400, "token_invalid_grant".to_owned()), None));
    assert!(world.attempts().is_empty());
    let link = answer.link();
    assert_eq!(link, "/oauth2/sign-in?return_to=%2Fdeep%3Fx%3D1");
    assert_eq!(world.visit(&link).got(":path"), ["/deep?x=1"]);
}

// RFC 9207 §2.4, T-170
#[test]
fn iss_of_the_callback_must_be_the_issuer_and_be_there_if_announced() {
    let (right, wrong) = ("https://idp.example.net", "https://idp.example.net/");
    let table = [
        (false, Some(right), None),
        (false, None, None),
        (false, Some(wrong), Some("callback_iss_mismatch")),
        (true, Some(right), None),
        (true, None, Some("callback_iss_absent")),
        (true, Some(wrong), Some("callback_iss_mismatch")),
        (true, Some(""), Some("callback_iss_mismatch")),
    ];
    for (announced, iss, refused) in table {
        let mut world = World::oidc();
        world.provider.response.metadata["authorization_response_iss_parameter_supported"] = json!(announced);
        world.provider.response.callback = iss.iter().map(|iss| ("iss", (*iss).to_owned())).collect();
        let callback = world.callback_for("/deep");
        let answer = world.go(&callback);
        match refused {
            Some(code) => assert_eq!(answer.said(), (400, code.to_owned()), "{announced} {iss:?}"),
            None => assert_eq!(answer.location(), "https://app.example.com/deep"),
        }
        assert_eq!(world.provider.times("token"), usize::from(refused.is_none()));
    }
}

#[test]
fn a_providers_error_is_told_by_its_code_alone_with_and_without_state() {
    let table = [
        ("access_denied", 403, "provider_access_denied"),
        ("invalid_scope", 400, "provider_invalid_scope"),
        ("unauthorized_client", 400, "provider_unauthorized_client"),
        ("server_error", 400, "provider_server_error"),
        ("temporarily_unavailable", 400, "provider_server_error"),
        ("invalid_request", 400, "provider_refused"),
        ("login_required", 400, "provider_refused"),
        ("%3Cscript%3E", 400, "provider_refused"),
    ];
    let description = "error_description=%3Cb%3EMy+Secret+Reason%3C%2Fb%3E&error_uri=https%3A%2F%2Fevil.example";
    for (error, status, code) in table {
        let mut world = World::oidc();
        let state = value(&world.callback_for("/deep"), "state");
        let orders = [
            format!("error={error}&{description}"),
            format!("{description}&error={error}"),
            format!("{description}&state={state}&error={error}"),
        ];
        for query in orders {
            let answer = world.get(&format!("/oauth2/callback?{query}"));
            assert_eq!(answer.said(), (status, code.to_owned()), "{query}");
            let body = answer.reply().body().to_lowercase();
            assert!(!body.contains("secret reason") && !body.contains("evil") && !body.contains("script"), "{body}");
        }
        assert!(world.attempts().is_empty(), "an attempt that failed is over");
        assert_eq!(world.provider.times("token"), 0);
    }
}

#[test]
fn the_callback_takes_no_other_method() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    for method in ["POST", "HEAD", "PUT", "OPTIONS"] {
        let answer = world.send(&arrival(&callback).by(method));
        assert_eq!((answer.said(), answer.header("allow")), ((405, "method_not_allowed".to_owned()), Some("GET")));
        assert!(!answer.reply().body().contains("code%3D"), "{}", answer.reply().body());
    }
    assert_eq!(world.go(&callback).location(), "https://app.example.com/deep");
}

#[test]
fn a_program_at_the_callback_gets_a_document() {
    let mut world = World::oidc();
    let answer = world.send(&Request::fetch("/oauth2/callback?code=x&state=abc"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.said(), (400, "attempt_absent".to_owned()));
}
