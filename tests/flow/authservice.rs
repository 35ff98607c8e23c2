//! A gateway that was oidc-authservice's: its addresses, its cookie, its header; and the programs that lived with it.

use std::time::Duration;

use edge_oidc::http::cookie::Cookies;
use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    programs::{INVALID, told},
    provider::Provider,
    world::{CLIENT, SECRET, World, oidc_config},
};

/// The name that scripts look for.
pub const COOKIE: &str = "authservice_session";
pub const SIGN_OUT: &str = "/authservice/logout";
pub const HOMEPAGE: &str = "/authservice/site/homepage";
pub const VERIFY: &str = "/authservice/verify";

/// A path that everyone reaches.
pub const PUBLIC: &str = "/public/page";

/// Kubeflow's gateway as `migrate` leaves it; programs send the session in `header`.
pub fn config(header: &str) -> Value {
    let mut tree = oidc_config();
    tree["paths"] = json!({
        "callback": "/authservice/oidc/callback",
        "signOut": SIGN_OUT,
        "signedOut": "/authservice/site/after_logout",
        "homepage": HOMEPAGE,
        "verify": VERIFY,
    });
    tree["session"]["cookie"] = json!({ "name": COOKIE, "prefix": false });
    tree["session"]["header"] = json!(header);
    tree
}

/// The same with changes.
pub fn world_with(header: &str, change: impl FnOnce(&mut Value)) -> World {
    let mut tree = config(header);
    change(&mut tree);
    World::new(&tree, Provider::oidc(CLIENT, SECRET, "https://app.example.com/authservice/oidc/callback"))
}

pub fn world(header: &str) -> World {
    world_with(header, |_| {})
}

/// Both kinds of header: one that is for sessions only, and the one that applications use, too.
pub const HEADERS: [&str; 2] = ["authorization", "x-auth-token"];
/// After so long the tokens are over.
pub const OVER: Duration = Duration::from_secs(4000);

/// Lee signs in, in another browser, and is the one who asks from then on, after `later`.
pub fn lee_comes(world: &mut World, later: Duration) {
    world.switch_to(1);
    world.person = "lee@example.com".to_owned();
    world.sign_in();
    world.advance(later);
}

/// Kim is signed in, in the browser, for more than half a minute.
pub fn signed_in(mut world: World) -> World {
    world.sign_in();
    world.advance(Duration::from_secs(31));
    world
}

/// What a script scrapes: the values of all session cookies, joined.
pub fn text(world: &World) -> String {
    let line = world.cookie_line();
    let cookies = Cookies::parse([line.as_bytes()].into_iter());
    let names = [COOKIE.to_owned()].into_iter().chain((1..8).map(|index| format!("{COOKIE}_{index}")));
    let values = names.filter_map(|name| Some(String::from_utf8(cookies.named(&name).next()?.to_vec()).unwrap()));
    values.collect()
}

/// A script's request with `value` in `header` and without a cookie.
pub fn script(path: &str, header: &str, value: &str) -> Request {
    Request::bare(path).with("cookie", "").with(header, value)
}

/// That it went on as Kim, without the session.
pub fn is_kim(answer: &Answer, header: &str) {
    assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
    assert_eq!(answer.got(header), [""; 0]);
}

/// That a session of the header is refused, and no cookie is touched.
pub fn is_refused(answer: &Answer) {
    told(answer, 401, "header_session_invalid", INVALID);
}
