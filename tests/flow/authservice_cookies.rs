//! Sessions in a header and the cookies of whoever sends them: a browser stays the person it is.

use crate::{
    authservice::{HEADERS, OVER, is_kim, lee_comes, script, signed_in, text, world},
    message::Request,
};

#[test]
fn a_script_with_somebodys_session_does_not_make_the_browser_that_person() {
    for header in HEADERS {
        let mut world = signed_in(world(header));
        let kim = text(&world);
        lee_comes(&mut world, OVER);
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
