//! What a link to the sign-in endpoint can say: where to go, and what is handed on to the provider (T-71, T-74).

use edge_oidc::flow::event::Event;
use serde_json::json;

use crate::{
    choosing::{links, sign_in_at},
    message::Request,
    neighbours::PARTNER,
    world::{World, url},
};

/// The values of `name` in the query of `location`.
fn values(location: &str, name: &str) -> Vec<String> {
    url(location).query_pairs().filter(|(other, _)| other == name).map(|(_, value)| value.into_owned()).collect()
}

fn world() -> World {
    World::configured(|tree| {
        let provider = &mut tree["providers"][0];
        provider["authorizationParameters"] = json!({ "lang": "en", "resource": "r", "prompt": "consent" });
        provider["signInParameters"] = json!([
            { "name": "login_hint" },
            { "name": "identity_provider", "oneOf": ["Google", "COGNITO"] },
            { "name": "lang", "matches": "[a-z]{2}" },
            { "name": "prompt", "oneOf": ["login", "select_account"] },
        ]);
    })
}

/// What the provider is asked for by a link with this query.
fn asked(query: &str, name: &str) -> Vec<String> {
    let answer = world().get(&format!("/oauth2/sign-in?return_to=%2Fdeep&{query}"));
    assert_eq!(answer.status(), 302);
    values(answer.location(), name)
}

fn ignored(world: &World) -> usize {
    let line = |event: &&Event| matches!(event, Event::Log(line) if line.code == "sign_in_parameter_ignored");
    world.events.iter().filter(line).count()
}

#[test]
fn the_parameter_that_says_where_to_go_can_have_another_name() {
    let mut world = World::configured(|tree| tree["paths"] = json!({ "returnParameter": "rd" }));
    let answer = world.visit("/oauth2/sign-in?return_to=%2Fold&rd=%2Fdeep%3Fx%3D1");
    assert_eq!(answer.got(":path"), ["/deep?x=1"]);
    assert_eq!(world.get("/oauth2/sign-in?return_to=%2Fold").location(), "https://app.example.com/");
    assert_eq!(world.get("/oauth2/sign-in?rd=//evil.example").location(), "https://app.example.com/");
    assert_eq!(world.get("/oauth2/sign-in?rd=/a&rd=/b").location(), "https://app.example.com/");
    // Our own pages say it by that name, too.
    let frame = Request::navigation("/deep?x=1").set("sec-fetch-dest", "iframe");
    world.jar().cookies().clear();
    assert_eq!(world.send(&frame).link(), "/oauth2/sign-in?rd=%2Fdeep%3Fx%3D1");
    world.sign_in();
    assert_eq!(world.get("/oauth2/sign-out?return_to=/old").said().1, "signed_out");
    assert_eq!(world.get("/oauth2/sign-out?rd=/bye").location(), "https://app.example.com/bye");
}

#[test]
fn what_is_listed_is_handed_on_as_the_link_says_it() {
    let (hint, nothing) = ("login_hint=ada%2Btag%40example.com%26scope%3Dadmin%23", [""; 0]);
    assert_eq!(asked(hint, "login_hint"), ["ada+tag@example.com&scope=admin#"]);
    assert_eq!(asked(hint, "scope"), ["openid email"]);
    assert_eq!(asked("identity_provider=Google", "identity_provider"), ["Google"]);
    assert_eq!(asked("x=1", "login_hint"), nothing);
    // What stands in the configuration is what is asked for without a link's wish.
    assert_eq!((asked("lang=de", "lang"), asked("x=1", "lang")), (vec!["de".into()], vec!["en".into()]));
    assert_eq!(asked("lang=de", "resource"), ["r"]);
    assert_eq!(asked("prompt=select_account", "prompt"), ["select_account"]);
    assert_eq!(asked("prompt=select_account&again=true", "prompt"), ["login"], "we ask for that ourselves");
}

// T-71
#[test]
fn what_is_not_listed_or_not_allowed_is_as_if_it_were_not_there() {
    let nothing = [""; 0];
    for (query, name) in [
        ("identity_provider=Evil", "identity_provider"),
        ("identity_provider=google", "identity_provider"),
        ("identity_provider=Google&identity_provider=Google", "identity_provider"),
        ("identity_provider=Google&identity%5Fprovider=COGNITO", "identity_provider"),
        ("login_hint=", "login_hint"),
        ("login_hint=a%0D%0Ab", "login_hint"),
        ("login_hint=%FF", "login_hint"),
        ("Login_hint=a", "login_hint"),
        ("max_age=0", "max_age"),
        ("request_uri=https%3A%2F%2Fevil.example", "request_uri"),
    ] {
        assert_eq!(asked(query, name), nothing, "{query}");
    }
    let own = ["client_id", "redirect_uri", "scope", "response_type", "code_challenge_method", "resource"];
    for name in own {
        let before = asked("x=1", name);
        assert_eq!(asked(&format!("{name}=evil"), name), before, "{name}");
    }
    for query in ["lang=deu", "lang=", "lang=de&lang=en", "lang=de%0A"] {
        assert_eq!(asked(query, "lang"), ["en"], "{query}");
    }
    assert_eq!(asked("prompt=none", "prompt"), ["consent"]);
}

#[test]
fn what_is_ignored_of_what_is_listed_is_in_the_log_by_its_name_only() {
    for (query, lines) in
        [("login_hint=a", 0), ("other=a", 0), ("lang=hunter2", 1), ("lang=de&lang=de", 1), ("lang=&prompt=x", 1)]
    {
        let mut world = world();
        world.get(&format!("/oauth2/sign-in?{query}"));
        assert_eq!(ignored(&world), lines, "{query}");
        assert!(!format!("{:?}", world.events).contains("hunter2"));
    }
}

#[test]
fn only_the_sign_in_endpoint_hands_anything_on() {
    let mut world = world();
    let answer = world.get("/deep?login_hint=ada&lang=de");
    assert!(values(answer.location(), "login_hint").is_empty());
    assert_eq!(values(answer.location(), "lang"), ["en"]);
    let inside = world.get("/oauth2/sign-in?return_to=%2Fx%3Flogin_hint%3Dada");
    assert!(values(inside.location(), "login_hint").is_empty());
    // What the person is sent back to keeps its own query.
    let arrived = world.visit("/deep?login_hint=ada&lang=de");
    assert_eq!(arrived.got(":path"), ["/deep?login_hint=ada&lang=de"]);
}

#[test]
fn it_is_handed_on_also_where_metadata_had_to_be_waited_for_or_a_refresh_failed() {
    let mut world = world();
    let answer = world.visit("/oauth2/sign-in?login_hint=ada");
    assert!(answer.passed());
    world.provider.response.instead_of_refresh = Some((400, json!({ "error": "invalid_grant" })));
    world.now = world.now.plus(std::time::Duration::from_secs(4000));
    let answer = world.get("/oauth2/sign-in?login_hint=ada");
    assert_eq!(values(answer.location(), "login_hint"), ["ada"]);
}

// T-74
#[test]
fn where_a_person_chooses_each_choice_has_what_its_provider_takes() {
    let mut world = World::two_providers(|tree| {
        tree["providers"][0]["signInParameters"] = json!([{ "name": "login_hint" }]);
        tree["providers"][1]["signInParameters"] =
            json!([{ "name": "login_hint", "matches": "[a-z]+" }, { "name": "lang", "oneOf": ["de"] }]);
    });
    let link = "/oauth2/sign-in?return_to=%2Fx&lang=de&evil=1&login_hint=%22%3E%3Cscript%3E%26provider%3Dx";
    let answer = world.get(link);
    assert_eq!(answer.said(), (401, "choose_provider".to_owned()));
    let back = "/oauth2/sign-in?return_to=%2Fx";
    let hint = "login_hint=%22%3E%3Cscript%3E%26provider%3Dx";
    assert_eq!(links(&answer), [format!("{back}&provider=staff&{hint}"), format!("{back}&provider=partner&lang=de")]);
    let partner = world.get(&links(&answer)[1]);
    assert_eq!(url(partner.location()).origin(), url(PARTNER).origin());
    assert_eq!(values(partner.location(), "lang"), ["de"]);
    assert!(values(partner.location(), "login_hint").is_empty());
    sign_in_at(&mut world, "staff");
}
