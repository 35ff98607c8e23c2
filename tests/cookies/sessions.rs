//! The session cookie, in one piece and in several.

use super::*;

#[test]
fn one_that_is_written_is_read() {
    let written = session(json!({"sub": "kim", "n": [1, -2.5, null, {"é": "\u{0}"}]}), Some("opaque token+/".into()));
    let written = Session { id_token: Some(Secret::new("eyJh.eyJz.c2ln".into())), ..written };
    assert_eq!(read(&jar_of(&written, 1).cookies()), SessionCookie::Open(Box::new(written)));
}

#[test]
fn no_cookie_is_none_and_a_wrong_one_is_bad() {
    assert_eq!(read(&header("")), SessionCookie::None);
    assert_eq!(read(&header("a=b; edge_oidc=x; __Host-edge_oidc_a_x=y")), SessionCookie::None);
    for bad in ["", "x", "=", "\"\"", "AAAA", &"A".repeat(100), &"A".repeat(60_000)] {
        assert_eq!(read(&header(&format!("{NAME}={bad}"))), SessionCookie::Bad);
    }
    assert_eq!(read(&header(&format!("{NAME}_1=x"))), SessionCookie::Bad);
}

/// T-10, T-87.
#[test]
fn a_flipped_byte_is_bad() {
    let value = jar_of(&session_of(10), 1).0[NAME].clone();
    for place in 0..value.len() {
        let mut bytes = value.clone().into_bytes();
        bytes[place] ^= 1;
        let line = [NAME.as_bytes(), b"=", &bytes].concat();
        assert_eq!(read(&Cookies::parse([&line[..]].into_iter())), SessionCookie::Bad, "{place}");
    }
}

#[test]
fn one_of_another_host_client_name_or_purpose_is_bad() {
    let (jar, settings) = (jar_of(&session_of(10), 1), settings());
    assert_eq!(read_session(&settings, &jar.cookies(), "other.example.com", CLIENT), SessionCookie::Bad);
    assert_eq!(read_session(&settings, &jar.cookies(), HOST, "client"), SessionCookie::Bad);
    let renamed = CookieSettings { name: "other".into(), ..CookieSettings::default() };
    let other = SessionSettings { cookie: renamed, ..settings.clone() };
    let cookies = header(&format!("__Host-other={}", jar.0[NAME]));
    assert_eq!(read_session(&other, &cookies, HOST, CLIENT), SessionCookie::Bad);
    let lines = write_attempt(&settings, &header(""), &attempt(1, NOW), HOST, CLIENT, &mut Stream(1), NOW).unwrap();
    let value = lines[0].split_once('=').unwrap().1.split(';').next().unwrap();
    assert_eq!(read(&header(&format!("{NAME}={value}"))), SessionCookie::Bad);
}

/// T-90.
#[test]
fn of_two_the_one_that_opens_counts_and_of_two_that_open_none() {
    let (mine, theirs) = (session_of(10), session_of(20));
    let (a, b) = (jar_of(&mine, 1).0[NAME].clone(), jar_of(&theirs, 2).0[NAME].clone());
    let two = |a: &str, b: &str| read(&header(&format!("{NAME}={a}; x=y; {NAME}={b}")));
    assert_eq!(two("junk", &a), SessionCookie::Open(Box::new(mine.clone())));
    assert_eq!(two(&a, &a.replace(&a[a.len() - 9..], "AAAAAAAAA")), SessionCookie::Open(Box::new(mine.clone())));
    assert_eq!(two(&a, &a), SessionCookie::Open(Box::new(mine)));
    assert_eq!(two(&a, &b), SessionCookie::Several);
    assert_eq!(two("junk", "junk"), SessionCookie::Bad);
}

/// T-85, T-81.
#[test]
fn pieces_are_exactly_those_that_were_written() {
    let large = session_of(8_000);
    let jar = jar_of(&large, 1);
    let second = format!("{NAME}_1");
    assert_eq!(jar.names(), [NAME, &second, &format!("{NAME}_2")]);
    assert_eq!(read(&jar.cookies()), SessionCookie::Open(Box::new(large)));
    for missing in jar.names() {
        let mut less = jar.clone();
        less.0.remove(missing);
        assert_eq!(read(&less.cookies()), SessionCookie::Bad, "{missing}");
    }
    for extra in ["_0", "_3", "_8", "_02", "_99999999", "_18446744073709551617"] {
        let mut more = jar.clone();
        more.0.insert(format!("{NAME}{extra}"), jar.0[&second].clone());
        assert_eq!(read(&more.cookies()), SessionCookie::Bad, "{extra}");
    }
    let mut reordered = jar.clone();
    reordered.0.insert(NAME.into(), jar.0[&second].clone());
    reordered.0.insert(second.clone(), jar.0[NAME].clone());
    assert_eq!(read(&reordered.cookies()), SessionCookie::Bad);
    let line = jar.0.iter().map(|(name, value)| format!("{name}={value}; ")).collect::<String>();
    assert_eq!(read(&header(&format!("{line}{second}={}", jar.0[&second]))), SessionCookie::Bad);
}

#[test]
fn pieces_may_come_in_any_order_and_on_any_line() {
    let large = session_of(8_000);
    let lines: Vec<String> = jar_of(&large, 1).0.iter().rev().map(|(name, value)| format!("{name}={value}")).collect();
    let cookies = Cookies::parse(lines.iter().map(String::as_bytes));
    assert_eq!(read(&cookies), SessionCookie::Open(Box::new(large)));
}

#[test]
fn a_single_one_beside_a_stale_piece_is_bad_and_both_are_deleted() {
    let mut jar = jar_of(&session_of(10), 1);
    jar.0.insert(format!("{NAME}_1"), "stale".into());
    assert_eq!(read(&jar.cookies()), SessionCookie::Bad);
    jar.take(&delete_session(&settings(), &jar.cookies()));
    assert!(jar.0.is_empty());
}

#[test]
fn a_shrinking_one_deletes_its_stale_pieces() {
    let mut jar = jar_of(&session_of(8_000), 1);
    jar.0.insert(format!("{NAME}_12"), "stray".into());
    let small = session_of(10);
    jar.take(&write(&jar, &small, 2).unwrap());
    assert_eq!(jar.names(), [NAME]);
    assert_eq!(read(&jar.cookies()), SessionCookie::Open(Box::new(small)));
}

#[test]
fn every_size_that_is_written_is_read_and_larger_ones_are_refused() {
    for bytes in (2_700..3_100).chain((0..24_000).step_by(500)) {
        let session = session_of(bytes);
        match write(&Jar::default(), &session, 1) {
            Ok(_) => {
                assert_eq!(read(&jar_of(&session, 1).cookies()), SessionCookie::Open(Box::new(session)), "{bytes}")
            }
            Err(SealError::TooLarge { bytes: sealed, limit }) => {
                assert!(bytes >= 23_000 && sealed > limit, "{bytes} {sealed} {limit}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(write(&Jar::default(), &session_of(30_000), 1).is_err());
}

/// T-85.
#[test]
fn around_each_multiple_of_a_cookie_every_size_comes_back_and_the_ninth_is_refused() {
    let pieces = |bytes: usize| write(&Jar::default(), &session_of(bytes), 1).map(|lines| lines.len());
    let (mut low, mut full) = (0, 0);
    for count in 1..=8 {
        let more = (low..).step_by(64).find(|bytes| pieces(*bytes).map_or(true, |pieces| pieces > count)).unwrap();
        let first = (more.saturating_sub(64)..=more).find(|bytes| pieces(*bytes).map_or(true, |pieces| pieces > count));
        low = first.unwrap();
        for bytes in low - 3..low {
            let session = session_of(bytes);
            let jar = jar_of(&session, 1);
            full += usize::from(jar.0.values().all(|value| value.len() == jar.0[NAME].len()));
            assert_eq!((jar.0.len(), read(&jar.cookies())), (count, SessionCookie::Open(Box::new(session))), "{bytes}");
        }
        for bytes in low..low + 3 {
            match count {
                8 => assert!(matches!(write(&Jar::default(), &session_of(bytes), 1), Err(SealError::TooLarge { .. }))),
                _ => {
                    let session = session_of(bytes);
                    let jar = jar_of(&session, 1);
                    assert_eq!(
                        (jar.0.len(), read(&jar.cookies())),
                        (count + 1, SessionCookie::Open(Box::new(session))),
                        "{bytes}"
                    );
                }
            }
        }
    }
    assert!(full >= 4, "sizes that fill every cookie to the last character: {full}");
}

#[test]
fn only_names_that_were_brought_are_deleted() {
    let settings = settings();
    assert_eq!(delete_session(&settings, &header("a=b; edge_oidc=1")), Vec::<String>::new());
    let brought = header(&format!("{NAME}_3=x; {NAME}=1; {NAME}=2; {NAME}_a_x=3"));
    let attributes = settings.cookie.attributes();
    assert_eq!(
        delete_session(&settings, &brought),
        [delete_cookie(NAME, &attributes), delete_cookie(&format!("{NAME}_3"), &attributes)]
    );
}

#[test]
fn made_up_names_make_no_long_answer() {
    let many = (0..5_000).map(|number| format!("{NAME}_{number}=; ")).collect::<String>();
    assert_eq!(delete_session(&settings(), &header(&many)).len(), 32);
    let long = header(&format!("{NAME}_{}=", "1".repeat(40)));
    assert_eq!((read(&long), delete_session(&settings(), &long)), (SessionCookie::None, Vec::new()));
}

/// T-64.
#[test]
fn the_same_session_is_never_written_alike() {
    let session = session_of(10);
    assert_ne!(write(&Jar::default(), &session, 1), write(&Jar::default(), &session, 2));
}

#[test]
fn the_cookie_lasts_as_long_as_the_session() {
    let session = session_of(10);
    let later = NOW.plus(HOUR);
    let lines = write_session(&settings(), &header(""), &session, HOST, CLIENT, &mut Stream(1), later).unwrap();
    assert!(lines[0].contains("; Max-Age=601200; "), "{}", lines[0]);
}

#[test]
fn a_lifetime_that_was_shortened_holds_for_those_that_are_there() {
    let jar = jar_of(&session_of(10), 1);
    let settings = SessionSettings { lifetime: HOUR, ..settings() };
    let SessionCookie::Open(session) = read_session(&settings, &jar.cookies(), HOST, CLIENT) else { panic!() };
    assert_eq!(session.expires, NOW.plus(HOUR));
}

#[test]
fn one_is_valid_until_its_tokens_its_idle_time_or_its_lifetime_end() {
    let session = session_of(10);
    let leeway = Duration::from_secs(60);
    let limits = Limits { idle: None, leeway };
    assert_eq!(session.valid_at(NOW, limits), Ok(()));
    assert_eq!(session.valid_at(session.token_expires.plus(Duration::from_millis(59_999)), limits), Ok(()));
    assert_eq!(session.valid_at(session.token_expires.plus(leeway), limits), Err(Ended::Tokens));
    assert_eq!(session.valid_at(session.expires, limits), Err(Ended::Lifetime));
    let limits = Limits { idle: Some(Duration::from_secs(900)), leeway };
    assert_eq!(session.valid_at(NOW.plus(Duration::from_secs(899)), limits), Ok(()));
    assert_eq!(session.valid_at(NOW.plus(Duration::from_secs(900)), limits), Err(Ended::Idle));
    assert_eq!(session.valid_at(session.expires, limits), Err(Ended::Lifetime));
}

/// T-95, below the seal.
#[test]
fn no_bytes_make_decoding_panic() {
    let mut stream = Stream(95);
    let good = session(json!({"sub": "kim"}), Some("a.b.c".into())).encode();
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..=stream.below(3) {
            let place = stream.below(bytes.len());
            bytes[place] = stream.below(256) as u8;
        }
        bytes.truncate(stream.below(bytes.len() + 1));
        Session::decode(&bytes);
    }
    assert!((0..good.len()).all(|cut| Session::decode(&good[..cut]).is_none()));
    assert_eq!(Session::decode(&[good, vec![0]].concat()), None);
}

#[test]
fn debug_shows_neither_tokens_nor_claims() {
    let session = session(json!({"email": "kim@example.com"}), Some("hunter2".into()));
    let shown = format!("{session:?}");
    assert!(!shown.contains("kim") && !shown.contains("hunter2") && shown.contains("email"), "{shown}");
}
