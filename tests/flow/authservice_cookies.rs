//! Sessions in a header and the cookies of whoever sends them: a browser stays the person it is.

use std::time::Duration;

use crate::{
    authservice::{is_kim, script, signed_in, text, world},
    message::Request,
};

/// Both kinds of header: one that is for sessions only, and the one that applications use, too.
const HEADERS: [&str; 2] = ["authorization", "x-auth-token"];
/// After so long the tokens are over.
const OVER: Duration = Duration::from_secs(4000);

#[test]
fn a_script_with_somebodys_session_does_not_make_the_browser_that_person() {
    for header in HEADERS {
        let mut world = signed_in(world(header));
        let kim = text(&world);
        world.switch_to(1);
        world.person = "lee@example.com".to_owned();
        world.sign_in();
        world.advance(OVER);
        let lee = world.cookie_line();
        let answer = world.send(&Request::fetch("/api").with(header, &kim));
        is_kim(&answer, header);
        assert_eq!((answer.cookies(), world.cookie_line()), (Vec::new(), lee));
        assert_eq!(world.get("/").got("kubeflow-userid"), ["lee@example.com"]);
        // Nor one that nobody is signed in with.
        world.switch_to(2);
        let answer = world.send(&Request::fetch("/api").with(header, &kim));
        is_kim(&answer, header);
        assert!(world.session().is_none());
    }
}

#[test]
fn whoever_keeps_cookies_of_the_same_session_or_is_no_browser_gets_the_new_one() {
    for header in HEADERS {
        let mut world = signed_in(world(header));
        let kim = text(&world);
        world.advance(OVER);
        let answer = world.send(&script("/api", header, &kim));
        is_kim(&answer, header);
        assert!(!answer.cookies().is_empty());
        let answer = world.send(&Request::fetch("/api").with(header, &kim));
        is_kim(&answer, header);
        assert!(!answer.cookies().is_empty() && text(&world) != kim);
    }
}
