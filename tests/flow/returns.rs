//! Where a person comes back to is always ours (T-1 to T-11).

use std::{env, fs, path::PathBuf};

use url::form_urlencoded::byte_serialize;

use crate::{
    jar::Jar,
    message::{Answer, Request},
    world::{HOST, ORIGIN, World, url},
};

/// The lines of one open-redirect list, or `None` where there is no data to test with.
pub fn payloads(file: &str) -> Option<Vec<Vec<u8>>> {
    let Some(data) = env::var_os("EDGE_OIDC_DATA") else {
        assert!(env::var("CI").as_deref() != Ok("true"), "EDGE_OIDC_DATA is not set, and CI runs every test");
        eprintln!("skipped: EDGE_OIDC_DATA is not set, so {file} was not tried");
        return None;
    };
    let path = PathBuf::from(data).join("vectors/open-redirect").join(file);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect())
}

/// `text` after one more decoding of a form.
pub fn decoded(text: &[u8]) -> Vec<u8> {
    let plus_kept = text.iter().map(|byte| if *byte == b'+' { "%2B".into() } else { char::from(*byte).to_string() });
    let latin: String = plus_kept.collect();
    url::form_urlencoded::parse(format!("x={}", latin.replace('&', "%26")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned().into_bytes())
        .unwrap_or_default()
}

fn sign_in_for(target: &[u8]) -> String {
    format!("/oauth2/sign-in?return_to={}", byte_serialize(target).collect::<String>())
}

/// A redirect to our own origin and nowhere else, however a browser reads it.
pub fn assert_ours(answer: &Answer, payload: &[u8]) {
    let shown = String::from_utf8_lossy(payload);
    let location = answer.location();
    assert!(location.starts_with("https://app.example.com/"), "{shown} became {location}");
    let resolved = url("https://app.example.com/oauth2/callback").join(location).unwrap();
    assert_eq!(resolved.origin(), url(ORIGIN).origin(), "{shown} became {resolved}");
    assert!(!resolved.path().starts_with("//"), "{shown} became {resolved}");
}

/// The whole way: refused at once, or through the provider and back to our own origin.
fn assert_comes_back(world: &mut World, start: &Request, payload: &[u8]) {
    *world.jar() = Jar::default();
    let answer = world.send(start);
    if answer.status() == 302 {
        let person = world.person.clone();
        let callback = world.provider.authorize(&url(answer.location()), &person);
        assert_ours(&world.go(&callback), payload);
    }
}

fn no_payload_leaves_the_origin(file: &str, at_least: usize) {
    let Some(payloads) = payloads(file) else { return };
    assert!(payloads.len() >= at_least, "{file} has {} lines", payloads.len());
    let (mut signed_in, mut world) = (World::oidc(), World::oidc());
    signed_in.sign_in();
    for payload in payloads {
        for tried in [payload.clone(), decoded(&payload), decoded(&decoded(&payload))] {
            assert_ours(&signed_in.get(&sign_in_for(&tried)), &payload);
        }
        assert_comes_back(&mut world, &Request::navigation(&sign_in_for(&payload)), &payload);
        assert_comes_back(&mut world, &Request::navigation(&sign_in_for(&decoded(&payload))), &payload);
        let mut itself = Request::navigation("/");
        itself.path = String::from_utf8_lossy(&payload).into_owned();
        assert_comes_back(&mut world, &itself, &payload);
    }
}

// T-3
#[test]
fn no_payload_of_oauth2_proxy_leaves_the_origin() {
    no_payload_leaves_the_origin("oauth2-proxy-openredirects.txt", 379);
}

// T-3
#[test]
fn no_payload_of_mod_auth_openidc_leaves_the_origin() {
    no_payload_leaves_the_origin("mod_auth_openidc-open-redirect-payload-list.txt", 551);
}

// T-1, T-2, T-7
#[test]
fn a_return_address_that_is_no_path_of_ours_becomes_the_start_page() {
    let mut world = World::oidc();
    world.sign_in();
    let controls = (0..0x20).chain([0x7f]).filter_map(char::from_u32).chain(['\u{85}', '\u{a0}', '\u{2028}']);
    let controls: Vec<String> = controls.map(|c| format!("/{c}/evil.example")).collect();
    let listed = [
        "/\\evil.example",
        "\\\\evil.example",
        "/\\/evil.example",
        "/./\\evil.example",
        "//evil.example",
        "///evil.example",
        "https://evil.example/",
        "https://app.example.com.evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
    ];
    for target in listed.into_iter().chain(controls.iter().map(String::as_str)) {
        let once: String = byte_serialize(target.as_bytes()).collect();
        for tried in [target.to_owned(), once.replace("%2F", "/")] {
            let answer = world.get(&sign_in_for(tried.as_bytes()));
            assert_eq!(answer.location(), "https://app.example.com/", "{tried:?}");
        }
    }
}

#[test]
fn a_path_of_ours_is_kept_with_query_and_fragment() {
    let mut world = World::oidc();
    for path in ["/", "/pipeline/?ns=kim#/runs", "/My%20Notebook.ipynb?q=a%20b", "/a?return_to=https://evil.example"] {
        *world.jar() = Jar::default();
        let start = world.get(&sign_in_for(path.as_bytes()));
        let callback = world.provider.authorize(&url(start.location()), "kim@example.com");
        assert_eq!(world.go(&callback).location(), format!("{ORIGIN}{path}"));
    }
}

// T-5, T-7
#[test]
fn sign_out_takes_no_return_address_from_the_query() {
    let usual = World::cognito().get("/oauth2/sign-out").location().to_owned();
    for name in ["return_to", "rd", "logout_uri", "post_logout_redirect_uri", "redirect_uri", "state"] {
        for target in ["https://evil.example/", "//evil.example", "/elsewhere"] {
            let answer = World::cognito().get(&format!("/oauth2/sign-out?{name}={target}"));
            assert_eq!(answer.location(), usual, "{name}");
        }
    }
}

// T-9
#[test]
fn no_location_ever_holds_a_code_a_token_a_verifier_or_a_session() {
    let mut world = World::cognito();
    world.visit("/deep?x=1");
    let session = world.session().unwrap().to_owned();
    world.get("/oauth2/sign-in?return_to=/a");
    world.get("/oauth2/sign-out");
    let locations: Vec<&str> = world.replies.iter().filter_map(|reply| reply.header("location")).collect();
    assert_eq!(locations.len(), 4);
    for location in locations {
        for secret in world.provider.secrets.iter().chain([&session]) {
            assert!(!location.contains(secret.as_str()), "{location}");
        }
    }
}

// T-11
#[test]
fn code_and_state_on_another_path_belong_to_the_application() {
    let mut world = World::oidc();
    let path = "/app?code=x&state=https://evil.example";
    assert!(world.get(path).header("location").unwrap().starts_with("https://idp.example.net/authorize"));
    world.sign_in();
    let answer = world.get(path);
    assert_eq!((answer.got(":path"), answer.got(":authority")), (vec![path.to_owned()], vec![HOST.to_owned()]));
    assert_eq!(world.provider.times("token"), 1);
}

// T-4, T-6: there is no list of other sites to fool, and nobody else can begin a sign-in that ends elsewhere.
#[test]
fn a_sign_in_that_a_third_party_begins_goes_to_our_provider_and_ends_on_our_own_origin() {
    let mut world = World::oidc();
    let foreign = "https%3A%2F%2Fapp.example.com.evil.example%2F";
    let query = format!("iss={foreign}&target_link_uri={foreign}&login_hint=x&return_to={foreign}");
    let started = world.get(&format!("/oauth2/sign-in?{query}"));
    let asked = url(started.location());
    assert!(world.provider.owns(&asked) && !asked.query().unwrap().contains("evil"), "{asked}");
    let callback = world.provider.authorize(&asked, "kim@example.com");
    assert_eq!(world.go(&callback).location(), "https://app.example.com/");
}
