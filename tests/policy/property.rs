//! For rules and paths by chance: nobody passes by a rule that does not match the path in its simplest form.

use edge_oidc::{
    http::{
        path::RawPath,
        request::{MalformedRequest, RequestView},
    },
    policy::{Action, Routes},
};

use crate::{chance, oracle, stream::Stream};

const RULE_SETS: u64 = 400;
const PATHS: usize = 25;

/// Calls `judge` with rules, a host, a method and a path, ten thousand times.
fn each(mut judge: impl FnMut(&Routes, &str, &str, &str)) {
    for seed in 0..RULE_SETS {
        let mut stream = Stream(seed);
        let routes = Routes::new(chance::rules(&mut stream));
        for _ in 0..PATHS {
            let (host, method) = (chance::host(&mut stream), chance::method(&mut stream));
            judge(&routes, host, method, &chance::path(&mut stream));
        }
    }
}

// T-25, T-29
#[test]
fn a_rule_decides_only_if_every_simple_form_of_the_path_selects_it() {
    let (mut allowed, mut denied, mut authenticated, mut ambiguous, mut disguised) = (0, 0, 0, 0, 0);
    each(|routes, host, method, path| {
        let Ok(route) = routes.decide(host, method, &RawPath::new(path.as_bytes())) else {
            ambiguous += 1;
            return;
        };
        for simple in oracle::normalised(path) {
            for host in [host, host.trim_end_matches('.')] {
                let expected = oracle::first(routes.rules(), host, method, &simple);
                assert_eq!(route.index(), expected, "{method} {host}{path} as {simple}\n{:#?}", routes.rules());
            }
            disguised += usize::from(simple != path && route.action() == Action::Allow);
        }
        match route.action() {
            Action::Allow => allowed += 1,
            Action::Deny => denied += 1,
            Action::Authenticate => authenticated += 1,
        }
    });
    let counts = [allowed, denied, authenticated, ambiguous, disguised];
    assert!(counts.iter().all(|count| *count > 500), "{counts:?} are too few to prove anything");
}

// T-20, T-21
#[test]
fn neither_query_nor_fragment_changes_the_decision() {
    let view = |host: &str, method: &str, path: &str| {
        let pairs = [(":method", method), (":authority", host), (":path", path)];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        RequestView::parse(pairs.into(), true)
    };
    let mut decided = 0;
    each(|routes, host, method, path| {
        let index = |path: &[u8]| routes.decide(host, method, &RawPath::new(path)).map(|route| route.index());
        let bare = index(path.as_bytes());
        for added in ["?", "?x=/public", "?/../admin", "??", "?%2e%2e/a", "?a;b\\c#d"] {
            assert_eq!(index(format!("{path}{added}").as_bytes()), bare, "{path}{added}");
        }
        if let Ok(view) = view(host, method, &format!("{path}?x=/public/../a")) {
            assert_eq!(index(view.path()), bare, "{path}");
            decided += 1;
        }
        for added in ["#", "#/public", "?x#/public"] {
            let refused = view(host, method, &format!("{path}{added}")).unwrap_err();
            assert_eq!(refused, MalformedRequest::Path, "{path}{added}");
        }
    });
    assert!(decided > 5_000, "{decided}");
}

#[test]
fn decisions_are_the_same_each_time_and_explained() {
    each(|routes, host, method, path| {
        let raw = RawPath::new(path.as_bytes());
        let index = || routes.decide(host, method, &raw).map(|route| route.index());
        let decided = index();
        assert_eq!(index(), decided, "{path}");
        let misses = routes.why_not(host, method, &raw).map(|misses| misses.len());
        assert_eq!(misses, decided.map(|index| index.unwrap_or(routes.rules().len())), "{path}");
    });
}
