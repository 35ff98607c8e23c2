//! Sessions as they age: how far a test lets them, and what an answer and the events say of a refresh.

use std::{cell::Cell, rc::Rc, time::Duration};

use edge_oidc::flow::event::{Event, Refresh};
use serde_json::Value;

use crate::{
    jar::Jar,
    message::{Answer, Request},
    provider::Provider,
    world::{CALLBACK, CLIENT, HOST, SECRET, Travel, World, oidc_config},
};

/// How long a call takes where all is well.
pub const MOMENT: Duration = Duration::from_millis(20);
/// An hour's token is in its last fifth.
pub const DUE: Duration = Duration::from_secs(2900);
/// An hour's token is over, leeway and all.
pub const OVER: Duration = Duration::from_secs(3700);

pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub const fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A world in which somebody signed in `age` ago.
pub fn aged(age: Duration) -> World {
    aged_with(age, |_| {}, |_| {})
}

/// The same at a provider that rotates, and takes an old refresh token for `grace` seconds more.
pub fn rotating(age: Duration, grace: u64) -> World {
    aged_with(age, |_| {}, |provider| provider.response.rotation = Some(secs(grace)))
}

/// The same under another configuration, at another provider.
pub fn aged_with(age: Duration, tree: impl FnOnce(&mut Value), adapt: impl FnOnce(&mut Provider)) -> World {
    let mut provider = Provider::oidc(CLIENT, SECRET, CALLBACK);
    adapt(&mut provider);
    let mut world = World::new(&configured(tree), provider);
    world.sign_in();
    world.advance(age);
    world
}

pub fn configured(change: impl FnOnce(&mut Value)) -> Value {
    let mut tree = oidc_config();
    change(&mut tree);
    tree
}

/// The cookies of the browser as one line, to be sent again later.
pub fn line(world: &mut World) -> String {
    let now = world.now;
    world.jar().line(HOST, "/", now).unwrap()
}

/// A script's request with these cookies, whatever the browser has.
pub fn with(line: &str) -> Request {
    Request::fetch("/api").with("cookie", line)
}

/// A browser that holds what this one held before.
pub fn holding(world: &mut World, jar: &Jar) {
    *world.jar() = jar.clone();
}

/// Whether the answer gives a session.
pub fn gives(answer: &Answer) -> bool {
    answer.cookies().iter().any(|line| line.starts_with("__Host-edge_oidc=") && !line.contains("Max-Age=0"))
}

/// Whether it takes the session away.
pub fn takes_away(answer: &Answer) -> bool {
    answer.cookies().iter().any(|line| line.starts_with("__Host-edge_oidc=;") && line.contains("Max-Age=0"))
}

/// It passes as Kim, and with a new session.
pub fn renewed(answer: &Answer) {
    assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
    assert!(gives(answer), "it passed with the old session");
}

/// It passes as Kim, and the session stays as it is.
pub fn unchanged(answer: &Answer) {
    assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
    assert!(answer.cookies().is_empty(), "{:?}", answer.cookies());
}

/// The session is over: a program is told and a person is sent to sign in, and both lose their cookies.
pub fn over(world: &mut World) {
    let kept = world.jar().clone();
    let program = world.send(&Request::fetch("/api"));
    assert_eq!(program.said(), (401, "login_required".to_owned()));
    assert!(takes_away(&program) && world.session().is_none());
    holding(world, &kept);
    let person = world.get("/");
    assert!(person.status() == 302 && world.provider.owns(&crate::world::url(person.location())));
    assert!(takes_away(&person) && world.session().is_none());
}

/// How many refreshes ended so.
pub fn count(world: &World, how: Refresh) -> usize {
    world.events.iter().filter(|event| **event == Event::Refresh(how)).count()
}

/// Whether the log has a line with this code.
pub fn logged(world: &World, code: &str) -> bool {
    world.events.iter().any(|event| matches!(event, Event::Log(line) if line.code == code))
}

/// Calls to the token endpoint go as `travel` says, all others well; how many there were.
pub fn token_calls(world: &mut World, travel: fn() -> Travel) -> Rc<Cell<usize>> {
    let count = Rc::new(Cell::new(0));
    let counted = Rc::clone(&count);
    world.network = Box::new(move |called| match called {
        "token" => {
            counted.set(counted.get() + 1);
            travel()
        }
        _ => Travel::Answer(MOMENT),
    });
    count
}

pub fn well() -> Travel {
    Travel::Answer(MOMENT)
}

/// How long `act` takes in the world's time.
pub fn timed<T>(world: &mut World, act: impl FnOnce(&mut World) -> T) -> (T, Duration) {
    let start = world.now;
    let result = act(world);
    (result, world.now.since(start))
}
