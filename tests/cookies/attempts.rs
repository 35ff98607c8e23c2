//! Login attempts, many tabs at a time.

use super::*;

fn start(jar: &mut Jar, attempt: &LoginAttempt) {
    let seed = attempt.created.millis();
    let lines = write_attempt(&settings(), &jar.cookies(), attempt, HOST, CLIENT, &mut Stream(seed), attempt.created);
    jar.take(&lines.unwrap());
}

fn finish(jar: &Jar, attempt: &LoginAttempt, now: UnixTime) -> Option<LoginAttempt> {
    read_attempt(&settings(), &jar.cookies(), attempt.state.secret(), HOST, CLIENT, now)
}

fn after(seconds: u64) -> UnixTime {
    NOW.plus(Duration::from_secs(seconds))
}

#[test]
fn its_cookie_is_exactly_this() {
    let lines = write_attempt(&settings(), &header(""), &attempt(1, NOW), HOST, CLIENT, &mut Stream(2), NOW).unwrap();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let (name, rest) = line.split_once('=').unwrap();
    assert_eq!(name.len(), NAME.len() + 3 + 22);
    assert_eq!(rest.split_once(';').unwrap().1, " Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(line.len(), 342, "a usual one is under 400 bytes");
}

/// T-63.
#[test]
fn five_tabs_finish_in_any_order() {
    let mut jar = Jar::default();
    let tabs: Vec<LoginAttempt> = (0..5).map(|tab| attempt(tab, after(tab))).collect();
    tabs.iter().for_each(|tab| start(&mut jar, tab));
    for tab in [3, 0, 4, 2, 1] {
        assert_eq!(finish(&jar, &tabs[tab], after(60)).as_ref(), Some(&tabs[tab]));
        jar.take(&[delete_attempt(&settings(), tabs[tab].state.secret())]);
        assert_eq!(finish(&jar, &tabs[tab], after(60)), None);
    }
    assert!(jar.0.is_empty());
}

/// T-63.
#[test]
fn of_fifty_the_newest_sixteen_stay() {
    let mut jar = Jar::default();
    let tabs: Vec<LoginAttempt> = (0..50).map(|tab| attempt(tab, after(tab))).collect();
    for tab in &tabs {
        start(&mut jar, tab);
        assert!(jar.0.len() <= MOST_ATTEMPTS);
    }
    let open: Vec<usize> = (0..50).filter(|tab| finish(&jar, &tabs[*tab], after(60)).is_some()).collect();
    assert_eq!(open, (34..50).collect::<Vec<_>>());
}

#[test]
fn together_they_take_no_more_than_8_kb() {
    let mut jar = Jar::default();
    for tab in 0..20 {
        let long = LoginAttempt { return_path: format!("/{}", "x".repeat(1_000)), ..attempt(tab, after(tab)) };
        start(&mut jar, &long);
        let bytes: usize = jar.0.iter().map(|(name, value)| name.len() + value.len() + 3).sum();
        assert!(bytes <= MOST_BYTES, "{bytes}");
    }
    assert_eq!(jar.0.len(), 5);
}

#[test]
fn those_that_do_not_open_go_first_but_only_for_want_of_room() {
    let mut jar = Jar::default();
    start(&mut jar, &attempt(0, NOW));
    for number in 0..14 {
        jar.0.insert(format!("{NAME}_a_{number:022}"), "another".into());
    }
    start(&mut jar, &attempt(1, after(1)));
    assert_eq!(jar.0.len(), 16);
    start(&mut jar, &attempt(2, after(2)));
    assert_eq!(jar.0.len(), 16);
    assert!((0..3).all(|number| finish(&jar, &attempt(number, after(number)), after(3)).is_some()));
}

#[test]
fn its_time_is_ten_minutes() {
    let (mut jar, started) = (Jar::default(), attempt(1, NOW));
    start(&mut jar, &started);
    let end = NOW.plus(ATTEMPT_LIFETIME);
    assert!(finish(&jar, &started, end.minus(Duration::from_millis(1))).is_some());
    assert_eq!(finish(&jar, &started, end), None);
}

#[test]
fn it_is_found_by_its_own_state_on_its_own_host_only() {
    let (mut jar, started) = (Jar::default(), attempt(1, NOW));
    start(&mut jar, &started);
    let (settings, cookies, state) = (settings(), jar.cookies(), started.state.secret());
    assert_eq!(read_attempt(&settings, &cookies, "", HOST, CLIENT, NOW), None);
    assert_eq!(read_attempt(&settings, &cookies, attempt(2, NOW).state.secret(), HOST, CLIENT, NOW), None);
    assert_eq!(read_attempt(&settings, &cookies, state, "other.example.com", CLIENT, NOW), None);
    assert_eq!(read_attempt(&settings, &cookies, state, HOST, "client", NOW), None);
    assert_eq!(read_attempt(&settings, &cookies, state, HOST, CLIENT, NOW), Some(started));
}

#[test]
fn one_under_another_ones_name_does_not_open() {
    let (mut jar, mut other) = (Jar::default(), Jar::default());
    start(&mut jar, &attempt(1, NOW));
    start(&mut other, &attempt(2, NOW));
    let (name, value) = (jar.names()[0].to_owned(), other.0.values().next().unwrap().clone());
    let swapped = header(&format!("{name}={value}"));
    assert_eq!(read_attempt(&settings(), &swapped, attempt(1, NOW).state.secret(), HOST, CLIENT, NOW), None);
    let both = header(&format!("{name}={value}; {name}={}", jar.0[&name]));
    assert!(read_attempt(&settings(), &both, attempt(1, NOW).state.secret(), HOST, CLIENT, NOW).is_some());
}

#[test]
fn a_return_path_that_is_too_long_loses_its_query_or_becomes_the_start() {
    let long = "x".repeat(1_025);
    let kept = |path: String| {
        let (mut jar, started) = (Jar::default(), LoginAttempt { return_path: path, ..attempt(1, NOW) });
        start(&mut jar, &started);
        finish(&jar, &started, NOW).unwrap().return_path
    };
    assert_eq!(kept(format!("/a?{}", "x".repeat(1_021))).len(), 1_024);
    assert_eq!(kept(format!("/a?{long}")), "/a");
    assert_eq!(kept(format!("/{long}")), "/");
}

#[test]
fn one_that_no_cookie_holds_is_refused() {
    let huge = LoginAttempt { provider: "p".repeat(4_000), ..attempt(1, NOW) };
    let refused = write_attempt(&settings(), &header(""), &huge, HOST, CLIENT, &mut Stream(1), NOW);
    assert!(matches!(refused, Err(SealError::TooLarge { limit: LARGEST_COOKIE, .. })), "{refused:?}");
}

#[test]
fn sign_out_deletes_them_all_and_no_session() {
    let mut jar = jar_of(&session_of(10), 1);
    start(&mut jar, &attempt(1, NOW));
    jar.take(&delete_attempts(&settings(), &jar.cookies()));
    assert_eq!(jar.names(), [NAME]);
}

#[test]
fn debug_shows_none_of_its_secrets() {
    let started = attempt(1, NOW);
    let shown = format!("{started:?}");
    for secret in [&started.state, &started.nonce, &started.code_verifier] {
        assert!(!shown.contains(secret.secret()), "{shown}");
    }
}
