//! Cookie lines: what is set, deleted, and shown to the upstream.

use super::*;

// T-91
#[test]
fn set_cookie_is_exactly_this() {
    let mut attributes = CookieSettings::default().attributes();
    let max_age = Duration::from_secs(604_800);
    assert_eq!(
        set_cookie("__Host-edge_oidc", "dmFsdWU", &attributes, max_age),
        "__Host-edge_oidc=dmFsdWU; Path=/; Max-Age=604800; Secure; HttpOnly; SameSite=Lax"
    );
    attributes.domain = Some("example.com".into());
    attributes.same_site = SameSite::None;
    assert_eq!(
        set_cookie("__Secure-edge_oidc", "dmFsdWU", &attributes, max_age),
        "__Secure-edge_oidc=dmFsdWU; Path=/; Domain=example.com; Max-Age=604800; Secure; HttpOnly; SameSite=None"
    );
    let local = CookieAttributes { domain: None, same_site: SameSite::Strict, secure: false };
    assert_eq!(
        set_cookie("edge_oidc", "dmFsdWU", &local, max_age),
        "edge_oidc=dmFsdWU; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict"
    );
}

#[test]
fn delete_cookie_says_the_same_attributes() {
    let mut attributes = CookieSettings::default().attributes();
    assert_eq!(
        delete_cookie("__Host-edge_oidc", &attributes),
        "__Host-edge_oidc=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax"
    );
    attributes.domain = Some("example.com".into());
    assert_eq!(
        delete_cookie("__Secure-edge_oidc_1", &attributes),
        "__Secure-edge_oidc_1=; Path=/; Domain=example.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; \
         Secure; HttpOnly; SameSite=Lax"
    );
}

/// The lines with their values left out.
fn shapes(lines: &[String]) -> Vec<String> {
    let shape = |line: &String| {
        let (name, rest) = line.split_once('=').unwrap();
        let (value, attributes) = rest.split_once("; ").unwrap();
        format!("{name}={}; {attributes}", if value.is_empty() { "" } else { "..." })
    };
    lines.iter().map(shape).collect()
}

// T-80, T-91
#[test]
fn a_session_is_given_given_again_and_taken_away_in_exactly_these_words() {
    let gone = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    let table = [
        ("__Host-edge_oidc", None, SameSite::Lax, false, "", "; Secure; HttpOnly; SameSite=Lax"),
        ("__Host-edge_oidc", None, SameSite::None, false, "", "; Secure; HttpOnly; SameSite=None"),
        ("__Host-edge_oidc", None, SameSite::Strict, false, "", "; Secure; HttpOnly; SameSite=Strict"),
        (
            "__Secure-edge_oidc",
            Some("example.com"),
            SameSite::Lax,
            false,
            " Domain=example.com;",
            "; Secure; HttpOnly; SameSite=Lax",
        ),
        (
            "__Secure-edge_oidc",
            Some("example.com"),
            SameSite::None,
            false,
            " Domain=example.com;",
            "; Secure; HttpOnly; SameSite=None",
        ),
        ("edge_oidc", None, SameSite::Lax, true, "", "; HttpOnly; SameSite=Lax"),
        ("edge_oidc", Some("example.com"), SameSite::Lax, true, " Domain=example.com;", "; HttpOnly; SameSite=Lax"),
    ];
    for (name, domain, same_site, insecure, place, end) in table {
        let cookie = CookieSettings::new("edge_oidc".into(), domain.map(str::to_owned), same_site, insecure).unwrap();
        let settings = SessionSettings { cookie, ..settings() };
        let idle = SessionSettings { idle: Some(HOUR), ..settings.clone() };
        let write = |settings: &SessionSettings, brought: &str, session: &Session, later: Duration| {
            let (brought, now) = (header(brought), NOW.plus(later));
            shapes(&write_session(settings, &brought, session, HOST, CLIENT, &mut Stream(1), now).unwrap())
        };
        let (small, large) = (session_of(10), session_of(4_000));
        let set = |suffix: &str, age: u64| format!("{name}{suffix}=...; Path=/;{place} Max-Age={age}{end}");
        let delete = |suffix: &str| format!("{name}{suffix}=; Path=/;{place} {gone}{end}");
        assert_eq!(write(&settings, "", &small, Duration::ZERO), [set("", 604_800)]);
        assert_eq!(write(&settings, "", &large, HOUR), [set("", 601_200), set("_1", 601_200)]);
        assert_eq!(write(&idle, "", &small, HOUR), [set("", 3_600)]);
        assert_eq!(write(&idle, "", &small, Duration::from_secs(604_800 - 60)), [set("", 60)]);
        let brought = format!("{name}=x; {name}_1=y; {name}_a_z=1; {name}_landed=1; other=1");
        assert_eq!(write(&settings, &brought, &small, Duration::ZERO), [set("", 604_800), delete("_1")]);
        assert_eq!(
            shapes(&delete_session(&settings, &header(&brought))),
            [delete(""), delete("_1"), delete("_landed")]
        );
        let landed = format!("{name}_landed=...; Path=/;{place} Max-Age=30{end}");
        assert_eq!(shapes(&[landed_cookie(&settings, "1")]), [landed]);
    }
}

/// T-92.
#[test]
fn the_upstream_sees_none_of_our_cookies_and_all_others_as_they_were() {
    let mut jar = jar_of(&session_of(9_000), 1);
    jar.take(&write_attempt(&settings(), &jar.cookies(), &attempt(1, NOW), HOST, CLIENT, &mut Stream(2), NOW).unwrap());
    let ours: Vec<String> = jar.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let line = format!(" theme=\"dark\";{}; é=\x7f;; edge_oidc=app; {}", ours.join("; "), "_xsrf=2|a|b ");
    let cookie = settings().cookie;
    let rest = header(&line).without(|name| cookie.owns(name)).unwrap();
    assert_eq!(rest, [b"theme=\"dark\"; \xc3\xa9=\x7f;; edge_oidc=app; _xsrf=2|a|b"]);
}

/// T-82.
#[test]
fn no_cookie_header_makes_anything_panic() {
    let mut stream = Stream(82);
    let words: [&[u8]; 14] = [
        b";",
        b";;",
        b"=",
        b"==v",
        b" ",
        b"\t",
        b"\"",
        b"\x80\xff",
        b"\0",
        b",",
        b"__Host-edge_oidc",
        b"_1",
        b"_a_",
        b"_99999999999999999999",
    ];
    for size in (0..600).chain([20_000, 60_000]) {
        let line: Vec<u8> = (0..size).flat_map(|_| words[stream.below(words.len())]).copied().collect();
        let cookies = Cookies::parse([&line[..], b"", &line].into_iter());
        let settings = settings();
        assert!(!matches!(read(&cookies), SessionCookie::Open(_)));
        assert_eq!(read_attempt(&settings, &cookies, "", HOST, CLIENT, NOW), None);
        assert!(delete_session(&settings, &cookies).iter().all(|line| line.is_ascii()));
        let rest = cookies.without(|name| settings.cookie.owns(name)).unwrap_or_default();
        let again = Cookies::parse(rest.iter().map(Vec::as_slice));
        assert_eq!(again.without(|name| settings.cookie.owns(name)), None);
        write_attempt(&settings, &cookies, &attempt(1, NOW), HOST, CLIENT, &mut stream, NOW).unwrap();
    }
}
