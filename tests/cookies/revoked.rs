//! Marks of sessions that were ended before their time, in the memory that workers share (T-187, T-188).

use edge_oidc::session::{Namespace, Revoked, Shared, Unwritten, Whose};

use super::*;
use crate::memory::Memory;

/// The workers of one gateway, each with a table of its own.
struct Gateway(Keyring, Memory);

impl Gateway {
    fn new() -> Self {
        Self(settings().keys, Memory::default())
    }

    fn with<T>(&self, now: UnixTime, act: impl FnOnce(&mut Shared<'_>) -> T) -> T {
        let (mut memory, mut entropy) = (self.1.clone(), Stream(7));
        act(&mut Shared { keys: &self.0, memory: &mut memory, entropy: &mut entropy, now })
    }

    fn mark(&self, whose: Whose<'_>, now: UnixTime) {
        self.with(now, |shared| table().mark(whose, HOUR, shared)).unwrap();
    }

    /// Whether a logout token is here for the first time; it is noted then.
    fn note(&self, jti: &str, now: UnixTime) -> Result<bool, Unwritten> {
        self.with(now, |shared| note("i", jti, shared))
    }

    fn ends(&self, session: &Session, now: UnixTime) -> bool {
        table().covers(session, &self.0, &self.1, now)
    }

    /// The bytes of the only place that was written.
    fn bytes(&self) -> usize {
        assert_eq!(self.1.names().len(), 1);
        self.1.size()
    }
}

fn table() -> Revoked {
    Revoked::new(&Namespace { cookie_name: "n", scope: "h" })
}

fn note(issuer: &str, jti: &str, shared: &mut Shared<'_>) -> Result<bool, Unwritten> {
    let known = table().knows(issuer, jti, shared)?;
    if !known {
        table().note(issuer, jti, HOUR, shared)?;
    }
    Ok(!known)
}

/// The first two bytes alone choose the place.
struct Numbered(u8);

impl Entropy for Numbered {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill(self.0);
        bytes[..2].fill(0);
        Ok(())
    }
}

/// Session `number`, made at `created`, whose own mark stands in the same place as that of every other.
fn numbered(number: u8, created: UnixTime) -> Session {
    let id = SessionId::random(&mut Numbered(number)).unwrap();
    Session { id, created, ..session(json!({"iss": "i", "sub": "s", "sid": "p"}), None) }
}

fn after(seconds: u64) -> UnixTime {
    NOW.plus(Duration::from_secs(seconds))
}

fn own(session: &Session) -> Whose<'static> {
    Whose::Session(session.id)
}

#[test]
fn a_mark_ends_the_sessions_of_its_name_that_were_made_until_then() {
    let (person, sid, unnamed) =
        (Whose::Subject("i", "s"), Whose::ProviderSession("i", "p"), Whose::SubjectWithoutSession("i", "s"));
    for whose in [person, sid] {
        let gateway = Gateway::new();
        gateway.mark(whose, NOW);
        assert!(gateway.ends(&numbered(1, NOW), after(1)), "{whose:?}");
        assert!(!gateway.ends(&numbered(1, NOW.plus(Duration::from_millis(1))), after(1)), "{whose:?}");
    }
    let mut nameless = numbered(1, NOW);
    nameless.claims.insert("sid".into(), Value::Null);
    for (whose, named, without) in [(person, true, true), (sid, true, false), (unnamed, false, true)] {
        let gateway = Gateway::new();
        gateway.mark(whose, NOW);
        assert_eq!((gateway.ends(&numbered(1, NOW), NOW), gateway.ends(&nameless, NOW)), (named, without));
    }
    for another in [Whose::Subject("j", "s"), Whose::Subject("i", "t"), Whose::ProviderSession("i", "s")] {
        let gateway = Gateway::new();
        gateway.mark(another, NOW);
        assert!(!gateway.ends(&numbered(1, NOW), NOW), "{another:?}");
    }
}

#[test]
fn a_name_cannot_be_moved_over_the_border_between_issuer_and_person() {
    let gateway = Gateway::new();
    gateway.mark(Whose::Subject("is", ""), NOW);
    gateway.mark(Whose::Subject("", "is"), NOW);
    assert!(!gateway.ends(&numbered(1, NOW), NOW));
}

#[test]
fn a_mark_ends_with_the_last_session_that_it_can_be_about() {
    let gateway = Gateway::new();
    gateway.mark(own(&numbered(1, NOW)), NOW);
    assert!(gateway.ends(&numbered(1, NOW), after(3_599)));
    assert!(!gateway.ends(&numbered(1, NOW), after(3_600)));
    gateway.mark(own(&numbered(2, NOW)), after(3_600));
    let one = gateway.bytes();
    gateway.mark(own(&numbered(3, NOW)), after(3_600));
    assert!(gateway.bytes() > one, "what is over makes room, what is not stays");
    assert!(gateway.ends(&numbered(2, NOW), after(3_601)) && gateway.ends(&numbered(3, NOW), after(3_601)));
}

#[test]
fn one_name_takes_one_mark_however_often_it_is_ended() {
    let gateway = Gateway::new();
    (0..1_000).for_each(|second| gateway.mark(own(&numbered(1, NOW)), after(second)));
    assert!(gateway.ends(&numbered(1, after(999)), after(1_000)));
    assert!(!gateway.ends(&numbered(2, NOW), after(1_000)), "the place is not full");
}

#[test]
fn sixty_four_are_told_apart_and_the_next_ends_all_older_ones_of_its_place() {
    let gateway = Gateway::new();
    (0..64).for_each(|number| gateway.mark(own(&numbered(number, NOW)), after(u64::from(number))));
    assert!((0..64).all(|number| gateway.ends(&numbered(number, NOW), after(64))));
    assert!(!gateway.ends(&numbered(100, NOW), after(64)), "of whom nobody said anything");
    gateway.mark(own(&numbered(64, NOW)), after(64));
    assert!((0..=64).chain([100]).all(|number| gateway.ends(&numbered(number, NOW), after(65))));
    assert!(!gateway.ends(&numbered(100, after(65)), after(65)), "made since");
    assert!(gateway.ends(&numbered(100, after(64)), after(64 + 3_599)));
    assert!(!gateway.ends(&numbered(100, after(64)), after(64 + 3_600)), "it ends as any other");
}

#[test]
fn a_place_that_was_full_goes_on_with_single_marks_and_can_be_full_again() {
    let gateway = Gateway::new();
    (0..65).for_each(|number| gateway.mark(own(&numbered(number, NOW)), NOW));
    gateway.mark(own(&numbered(1, after(10))), after(10));
    assert!(gateway.ends(&numbered(1, after(10)), after(11)) && !gateway.ends(&numbered(2, after(10)), after(11)));
    (0..65).for_each(|number| gateway.mark(own(&numbered(number, NOW)), after(20)));
    assert!(gateway.ends(&numbered(200, after(20)), after(21)) && !gateway.ends(&numbered(200, after(21)), after(21)));
    assert!(gateway.ends(&numbered(200, after(20)), after(20 + 3_599)));
    let full = gateway.bytes();
    (0..650).for_each(|number| gateway.mark(own(&numbered((number % 250) as u8, NOW)), after(20 + 3_600 + number)));
    assert!(gateway.bytes() <= full.max(3_500), "what is over makes room: {}", gateway.bytes());
}

#[test]
fn a_clock_that_is_set_back_brings_no_session_back() {
    let gateway = Gateway::new();
    gateway.mark(own(&numbered(1, NOW)), after(600));
    assert!(gateway.ends(&numbered(1, NOW), NOW) && gateway.ends(&numbered(1, after(600)), after(300)));
    gateway.mark(own(&numbered(1, NOW)), NOW);
    assert!(gateway.ends(&numbered(1, after(600)), after(601)), "a second mark takes nothing back");
    assert!(gateway.ends(&numbered(1, after(600)), after(600 + 3_599)));
    (2..66).for_each(|number| gateway.mark(own(&numbered(number, NOW)), after(1)));
    assert!(gateway.ends(&numbered(1, after(600)), after(600 + 3_599)), "nor does a full place");
}

#[test]
fn a_lifetime_that_was_shortened_since_shortens_no_mark() {
    let gateway = Gateway::new();
    for lasts in [HOUR * 2, HOUR] {
        gateway.with(NOW, |shared| table().mark(own(&numbered(1, NOW)), lasts, shared)).unwrap();
    }
    assert!(gateway.ends(&numbered(1, NOW), after(7_199)));
    (2..66).for_each(|number| gateway.mark(own(&numbered(number, NOW)), NOW));
    assert!(gateway.ends(&numbered(1, NOW), after(7_199)) && !gateway.ends(&numbered(1, NOW), after(7_200)));
}

// T-187
#[test]
fn a_logout_token_is_new_once_until_it_is_forgotten() {
    let gateway = Gateway::new();
    assert_eq!(gateway.note("a", NOW), Ok(true));
    assert_eq!(gateway.note("a", after(3_599)), Ok(false));
    assert_eq!(gateway.note("a", NOW.minus(HOUR)), Ok(false), "a clock that is set back makes it no newer");
    assert_eq!(gateway.note("b", NOW), Ok(true));
    assert_eq!(gateway.note("a", after(3_600)), Ok(true));
    assert_eq!(gateway.with(NOW, |shared| note("j", "b", shared)), Ok(true), "another provider's");
}

// T-188
#[test]
fn when_no_more_logout_tokens_can_be_remembered_a_new_one_is_refused_and_old_ones_are_still_known() {
    let gateway = Gateway::new();
    let place = |jti: &str| {
        let alone = Gateway::new();
        alone.note(jti, NOW).unwrap();
        alone.1.names()
    };
    let here = |jti: &String| place(jti) == place("t0");
    let names: Vec<String> = (0..).map(|number| format!("t{number}")).filter(here).take(65).collect();
    let elsewhere = (0..).map(|number| format!("u{number}")).find(|jti| !here(jti)).unwrap();
    let (last, first) = names.split_last().unwrap();
    assert!(first.iter().all(|jti| gateway.note(jti, NOW) == Ok(true)));
    assert_eq!(gateway.note(last, after(1)), Err(Unwritten));
    assert_eq!(gateway.with(after(1), |shared| table().note("i", last, HOUR, shared)), Err(Unwritten));
    assert_eq!(gateway.with(after(1), |shared| table().note("i", &first[0], HOUR, shared)), Ok(()), "it has its room");
    assert!(first.iter().all(|jti| gateway.note(jti, after(1)) == Ok(false)));
    assert_eq!(gateway.note(&elsewhere, after(1)), Ok(true));
    assert_eq!(gateway.note(last, after(3_600)), Ok(true), "once there is room");
}

#[test]
fn the_tables_take_a_bounded_number_of_places_of_a_bounded_size() {
    let gateway = Gateway::new();
    for number in 0..5_000_u32 {
        let name = number.to_string();
        gateway.mark(Whose::Subject("i", &name), NOW);
        assert_ne!(gateway.note(&name, NOW), Ok(false));
    }
    let values = gateway.1.values();
    assert!(values.len() <= 1_024 + 64, "{}", values.len());
    let largest = values.values().map(Vec::len).max().unwrap();
    assert!(largest < 5_000, "{largest}");
}

#[test]
fn a_worker_sees_what_another_writes_and_what_is_no_place_of_ours_ends_nobody() {
    let gateway = Gateway::new();
    let mut worker = table();
    assert!(!worker.covers(&numbered(1, NOW), &gateway.0, &gateway.1, NOW));
    gateway.mark(own(&numbered(2, NOW)), NOW);
    assert!(!worker.covers(&numbered(1, NOW), &gateway.0, &gateway.1, NOW));
    gateway.mark(own(&numbered(1, NOW)), NOW);
    assert!(worker.covers(&numbered(1, NOW), &gateway.0, &gateway.1, NOW));
    gateway.1.scribble(b"another plugin's");
    assert!(!worker.covers(&numbered(1, NOW), &gateway.0, &gateway.1, NOW));
    gateway.mark(own(&numbered(1, NOW)), NOW);
    assert!(worker.covers(&numbered(1, NOW), &gateway.0, &gateway.1, NOW));
}
