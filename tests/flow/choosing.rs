//! Of several providers: which one a person is sent to, and where they are asked (issue "several providers"; T-71, T-74).

use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    neighbours::{PARTNER, PARTNERS_CLIENT},
    provider::OIDC,
    world::{World, url},
};

/// A rule before all others.
pub fn rule(tree: &mut Value, rule: Value) {
    tree["routes"].as_array_mut().unwrap().insert(0, rule);
}

/// A rule for the pages below `prefix` that takes these providers.
pub fn taking(tree: &mut Value, prefix: &str, providers: &[&str]) {
    let path = json!({ "path": { "prefix": prefix } });
    rule(tree, json!({ "match": path, "action": "authenticate", "providers": providers }));
}

/// `staff` and `partner`, and pages for the people of each.
pub fn world() -> World {
    World::two_providers(|tree| {
        taking(tree, "/for-partners", &["partner"]);
        taking(tree, "/for-staff", &["staff"]);
    })
}

/// Signs in at this provider and comes back to `/`.
pub fn sign_in_at(world: &mut World, provider: &str) {
    let answer = world.visit(&format!("/oauth2/sign-in?provider={provider}"));
    assert!(answer.passed(), "{:?}", answer.said());
    assert_eq!(provider_now(world), provider);
}

/// The provider that the session is of.
pub fn provider_now(world: &mut World) -> String {
    let answer = world.send(&Request::bare("/oauth2/whoami"));
    let document: Value = serde_json::from_str(answer.reply().body()).unwrap();
    document["provider"].as_str().unwrap_or_else(|| panic!("{document}")).to_owned()
}

/// Where every link of a page leads.
pub fn links(answer: &Answer) -> Vec<String> {
    let parts = answer.reply().body().split("href=\"").skip(1);
    parts.map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")).collect()
}

fn goes_to(answer: &Answer, issuer: &str) -> bool {
    url(answer.location()).origin() == url(issuer).origin()
}

#[test]
fn a_rule_that_takes_one_provider_leads_straight_there_and_back() {
    for (path, issuer, provider) in [("/for-partners/x?y=1", PARTNER, "partner"), ("/for-staff", OIDC, "staff")] {
        let mut world = world();
        let answer = world.get(path);
        assert!(answer.status() == 302 && goes_to(&answer, issuer));
        let answer = world.follow(answer);
        assert_eq!(answer.got(":path"), [path]);
        assert_eq!(provider_now(&mut world), provider);
        assert_eq!(world.provider.times("token") + world.partner().times("token"), 1);
    }
}

#[test]
fn a_host_can_have_a_provider_of_its_own() {
    let mut world = World::two_providers(|tree| {
        tree["publicUrls"].as_array_mut().unwrap().push(json!("https://partners.example.com"));
        let hosts = json!({ "hosts": ["partners.example.com"] });
        rule(tree, json!({ "match": hosts, "action": "authenticate", "providers": ["partner"] }));
    });
    world.origins.push("https://partners.example.com".to_owned());
    world.partner().want.redirect_uris = vec!["https://partners.example.com/oauth2/callback/partner".to_owned()];
    let answer = world.send(&Request::navigation("/deep").on("partners.example.com"));
    assert!(goes_to(&answer, PARTNER));
    let answer = world.follow(answer);
    assert_eq!(
        (answer.got(":authority"), answer.got(":path")),
        (vec!["partners.example.com".into()], vec!["/deep".into()])
    );
    // Its cookie is that host's alone; at the other host the person chooses.
    assert_eq!(world.get("/deep").said(), (401, "choose_provider".to_owned()));
    // The sign-in endpoint of that host knows no other way, either.
    let named = |name: &str| {
        Request::navigation(&format!("/oauth2/sign-in?again=1&provider={name}")).on("partners.example.com")
    };
    assert!(goes_to(&world.send(&named("partner")), PARTNER));
    assert_eq!(world.send(&named("staff")).said(), (400, "provider_unknown".to_owned()));
}

// T-74
#[test]
fn where_several_are_left_a_page_offers_them_and_leads_back_here() {
    let mut world = world();
    let answer = world.get("/deep?a=1&b=%22%3Cx%3E&provider=staff");
    assert_eq!(answer.said(), (401, "choose_provider".to_owned()));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"app.example.com\""));
    assert!(answer.header("location").is_none());
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    assert!(world.attempts().is_empty(), "nothing is begun yet");
    let back = "/oauth2/sign-in?return_to=%2Fdeep%3Fa%3D1%26b%3D%2522%253Cx%253E%26provider%3Dstaff";
    assert_eq!(links(&answer), [format!("{back}&provider=staff"), format!("{back}&provider=partner")]);
    let body = answer.reply().body().to_owned();
    assert!(body.contains(">Company account</a>") && body.contains(">&lt;Partners &amp; &quot;friends&quot;&gt;</a>"));
    assert!(body.contains("<html lang=\"en\">") && body.contains("<ul><li><a ") && body.contains("<h1>"));
    assert!(!body.contains("<script") && !body.contains("<Partners") && !body.contains(PARTNERS_CLIENT));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"));
    assert_eq!((answer.header("x-frame-options"), answer.header("cache-control")), (Some("DENY"), Some("no-store")));
    for (number, provider) in ["staff", "partner"].into_iter().enumerate() {
        let mut world = self::world();
        let arrived = world.visit(&links(&answer)[number]);
        assert_eq!(arrived.got(":path"), ["/deep?a=1&b=%22%3Cx%3E&provider=staff"]);
        assert_eq!(provider_now(&mut world), provider);
    }
}

#[test]
fn a_provider_is_offered_where_it_counts_and_if_people_sign_in_there() {
    let mut world = World::two_providers(|tree| {
        let robots = json!({
            "name": "robots", "issuer": "https://robots.example.net",
            "bearer": [{ "kind": "access_token", "audiences": ["edge"] }],
        });
        let more =
            json!({ "name": "more", "issuer": "https://more.example.net", "clientId": "c", "clientSecret": "s" });
        tree["providers"].as_array_mut().unwrap().extend([robots, more]);
        taking(tree, "/two", &["more", "staff", "robots"]);
    });
    let offered = |world: &mut World, path: &str| -> Vec<String> {
        let links = links(&world.get(path));
        links.iter().map(|link| link.rsplit('=').next().unwrap().to_owned()).collect()
    };
    assert_eq!(offered(&mut world, "/"), ["staff", "partner", "more"], "in the order of the configuration");
    assert_eq!(offered(&mut world, "/two"), ["staff", "more"]);
    assert_eq!(world.get("/oauth2/sign-in?provider=robots").said(), (400, "provider_unknown".to_owned()));
    // One is no choice.
    let mut world = World::two_providers(|tree| {
        let partner = json!({
            "name": "partner", "issuer": PARTNER, "bearer": [{ "kind": "access_token", "audiences": ["edge"] }],
        });
        tree["providers"][1] = partner;
    });
    assert!(goes_to(&world.get("/"), OIDC));
}

#[test]
fn whoever_is_no_person_in_front_of_a_page_is_offered_nothing() {
    let mut world = world();
    let frame = Request::navigation("/deep").set("sec-fetch-dest", "iframe");
    for request in [Request::fetch("/deep"), Request::bare("/deep"), Request::web_socket("/deep"), frame] {
        let answer = world.send(&request);
        assert_eq!(answer.said(), (401, "login_required".to_owned()));
        assert!(!answer.reply().body().contains("provider=") && world.attempts().is_empty());
    }
    let program = world.send(&Request::fetch("/oauth2/sign-in?provider=staff"));
    assert_eq!(program.said(), (401, "login_required".to_owned()));
}

// T-65
#[test]
fn cookies_that_stand_for_nothing_are_deleted_with_the_page() {
    let mut world = world();
    let answer = world.send(&Request::navigation("/deep").with("cookie", "__Host-edge_oidc=x; theme=dark"));
    assert_eq!(answer.said(), (401, "choose_provider".to_owned()));
    assert_eq!(answer.cookies().len(), 1);
    assert!(answer.cookies()[0].starts_with("__Host-edge_oidc=; ") && answer.cookies()[0].contains("Max-Age=0"));
}

// T-71
#[test]
fn a_provider_that_is_unknown_or_not_for_the_place_is_refused_with_a_way_out() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    let (session, kept) = (world.session().unwrap().to_owned(), "/oauth2/sign-in?return_to=%2Ffor-staff%2F1");
    for named in ["nobody", "", "STAFF", "staff%20", "partner", "https://evil.example", "%00", "0"] {
        let answer = world.get(&format!("/oauth2/sign-in?return_to=/for-staff/1&again=true&provider={named}"));
        assert_eq!(answer.said(), (400, "provider_unknown".to_owned()), "{named}");
        assert!(answer.header("location").is_none() && answer.cookies().is_empty());
        assert!(!answer.reply().body().contains("evil"));
    }
    // What the page offers leads on, whoever is signed in.
    let answer = world.get(&format!("{kept}&again=true&provider=nobody"));
    assert_eq!(links(&answer).len(), 1);
    let answer = world.visit(&links(&answer)[0]);
    assert!(answer.passed() && world.session() == Some(&session));
    // Named twice is named by nobody.
    let answer = world.get("/oauth2/sign-in?again=true&provider=staff&provider=partner");
    assert_eq!(answer.said(), (401, "choose_provider".to_owned()));
}

#[test]
fn the_choice_is_remembered_in_the_attempt_and_in_the_session() {
    let mut world = world();
    let callbacks: Vec<_> = ["/a", "/b", "/c", "/d"]
        .into_iter()
        .zip(["staff", "partner", "partner", "staff"])
        .map(|(path, provider)| world.callback_for(&format!("/oauth2/sign-in?return_to={path}&provider={provider}")))
        .collect();
    for (number, path, provider) in [(2, "/c", "partner"), (0, "/a", "staff"), (1, "/b", "partner"), (3, "/d", "staff")]
    {
        let answer = world.go(&callbacks[number]);
        assert_eq!(answer.location(), format!("https://app.example.com{path}"));
        assert_eq!(provider_now(&mut world), provider);
    }
    assert_eq!((world.provider.times("token"), world.partner().times("token")), (2, 2));
}

#[test]
fn the_sign_in_endpoint_goes_no_way_twice_and_keeps_a_session_until_there_is_another() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    let session = world.session().unwrap().to_owned();
    for met in ["", "&provider=staff", "&provider=staff&provider=staff"] {
        let answer = world.get(&format!("/oauth2/sign-in?return_to=/x{met}"));
        assert_eq!(answer.location(), "https://app.example.com/x", "{met}");
    }
    let other = world.get("/oauth2/sign-in?return_to=/x&provider=partner");
    assert!(goes_to(&other, PARTNER) && world.session() == Some(&session));
    // Whoever changes their mind is still signed in.
    assert!(world.get("/").passed());
    let again = world.get("/oauth2/sign-in?return_to=/x&again=true");
    let back = "/oauth2/sign-in?return_to=%2Fx&provider";
    assert_eq!(links(&again), [format!("{back}=staff&again=true"), format!("{back}=partner&again=true")]);
    assert!(again.cookies().is_empty() && world.session() == Some(&session));
    assert!(goes_to(&world.get(&links(&again)[0]), OIDC));
    assert!(world.follow(other).passed());
    assert_eq!(provider_now(&mut world), "partner");
}

#[test]
fn a_place_for_one_provider_decides_for_the_sign_in_endpoint_as_well() {
    let mut world = world();
    assert!(goes_to(&world.get("/oauth2/sign-in?return_to=/for-partners/1"), PARTNER));
    assert!(goes_to(&world.get("/oauth2/sign-in?return_to=%2Ffor-staff"), OIDC));
    // A place elsewhere is none, and so it is the start page that decides.
    let answer = world.get("/oauth2/sign-in?return_to=//evil.example/for-staff");
    assert_eq!(answer.said(), (401, "choose_provider".to_owned()));
    sign_in_at(&mut world, "partner");
    assert!(goes_to(&world.get("/oauth2/sign-in?return_to=/for-staff"), OIDC));
    assert_eq!(world.get("/oauth2/sign-in?return_to=/for-partners").location(), "https://app.example.com/for-partners");
}
