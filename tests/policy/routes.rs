//! Templates, regular expressions and exclusions: which rule decides, and why the others do not.

use edge_oidc::{
    http::path::RawPath,
    policy::{Access, Action, AmbiguousPath, Exclusion, HostPattern, PathPattern, Routes, Rule},
};

pub fn rule(name: &str, path: Option<PathPattern>, action: Action) -> Rule {
    let (hosts, methods) = (Vec::new(), Vec::new());
    Rule { name: name.to_owned(), hosts, methods, path, not: None, action, access: Access::default() }
}

fn exact(text: &str) -> Option<PathPattern> {
    Some(PathPattern::exact(text).unwrap())
}

fn prefix(text: &str) -> Option<PathPattern> {
    Some(PathPattern::prefix(text).unwrap())
}

fn template(text: &str) -> Option<PathPattern> {
    Some(PathPattern::template(text).unwrap())
}

fn regex(text: &str) -> Option<PathPattern> {
    Some(PathPattern::regex(text).unwrap())
}

fn hosts(names: &[&str]) -> Vec<HostPattern> {
    names.iter().map(|name| HostPattern::parse(name).unwrap()).collect()
}

fn methods(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn excluding(rule: Rule, not: Exclusion) -> Rule {
    Rule { not: Some(not), ..rule }
}

fn decide(routes: &Routes, host: &str, method: &str, path: &[u8]) -> Result<String, AmbiguousPath> {
    routes.decide(host, method, &RawPath::new(path)).map(|route| route.name().to_owned())
}

/// What one open rule makes of a path.
fn open(pattern: Option<PathPattern>, path: &[u8]) -> Result<bool, AmbiguousPath> {
    let routes = Routes::new(vec![rule("open", pattern, Action::Allow)]);
    routes.decide("h", "GET", &RawPath::new(path)).map(|route| route.action() == Action::Allow)
}

#[test]
fn a_name_in_braces_is_one_segment_that_is_not_empty() {
    for (pattern, path, matched) in [
        ("/users/{id}/files", "/users/42/files", true),
        ("/users/{id}/files", "/users/a.b-c/files?x", true),
        ("/users/{id}/files", "/users/%20x/files", true),
        ("/users/{id}/files", "/users/42/files/", false),
        ("/users/{id}/files", "/users/42/files/x", false),
        ("/users/{id}/files", "/users/42", false),
        ("/users/{id}/files", "/users/files", false),
        ("/users/{id}/files", "/users/4/2/files", false),
        ("/users/{id}/files", "/users/42/Files", false),
        ("/users/{id}/files", "/x/users/42/files", false),
        ("/{a}/{b}", "/x/y", true),
        ("/{a}/{b}", "/x/", false),
        ("/{a}/{b}", "/x", false),
        ("/{a}/", "/x/", true),
        ("/{a}/", "/x", false),
        ("/plain", "/plain", true),
        ("/plain", "/plain/x", false),
    ] {
        assert_eq!(open(template(pattern), path.as_bytes()), Ok(matched), "{pattern} {path}");
    }
}

// T-25
#[test]
fn a_name_in_braces_does_not_take_what_may_be_two_segments_or_none() {
    for path in [
        "/users/4%2F2/files",
        "/users//files",
        "/users/42//files",
        "/users/;x/files",
        "/users/./files",
        "/users/a/../files",
        "/users/42%2ffiles",
        "/users/4\\2/files",
        "/users/%2e%2e/files",
        "/users/42/files/%2e%2e/%2e",
    ] {
        let verdict = open(template("/users/{id}/files"), path.as_bytes());
        assert_ne!(verdict, Ok(true), "{path}");
    }
    assert_eq!(open(template("/users/{id}/files"), b"/users/4%2F2/files"), Err(AmbiguousPath));
}

// T-28
#[test]
fn an_expression_takes_whole_decoded_paths() {
    for (pattern, path, matched) in [
        ("/v[0-9]+/.*", "/v1/x", true),
        ("/v[0-9]+/.*", "/v12/", true),
        ("/v[0-9]+/.*", "/v1/x/y?z", true),
        ("/v[0-9]+/.*", "/v1/%20%C3%A9", true),
        ("/v[0-9]+/.*", "/v1/a%0Ab", true),
        ("/v[0-9]+/.*", "/v1", false),
        ("/v[0-9]+/.*", "/x/v1/y", false),
        ("/v[0-9]+/.*", "/vx/y", false),
        ("^/a|/b$", "/b", true),
        ("^/a|/b$", "/ax", false),
        ("^/a|/b$", "/x/b", false),
        ("/a b", "/a%20b", true),
        ("/a.b", "/axb", true),
        ("/[^/]+", "/x", true),
        ("/[^/]+", "/x/y", false),
        ("(/a)?/b", "/b", true),
        (".*\\.css", "/x/y.css", true),
    ] {
        assert_eq!(open(regex(pattern), path.as_bytes()), Ok(matched), "{pattern} {path}");
    }
}

// T-25
#[test]
fn an_expression_must_take_every_reading_of_a_path() {
    for path in [
        "/v1/../x",
        "/v1/%2e%2e/x",
        "/v1%2fx",
        "/v1/..;/x",
        "/v1\\..\\x",
        "/v1/%252e%252e/x",
        "//v1/x",
        "/%76/x/../v1/",
    ] {
        assert_ne!(open(regex("/v[0-9]+/.*"), path.as_bytes()), Ok(true), "{path}");
    }
    assert_eq!(open(regex("/v[0-9]+/.*"), b"/v1/a%2Fb"), Ok(true));
    assert_eq!(open(regex("/[^/]+"), b"/a%2Fb"), Err(AmbiguousPath));
}

#[test]
fn a_path_that_is_no_text_is_ambiguous_to_an_expression() {
    assert_eq!(open(regex("/v1/.*"), b"/v1/%E9"), Err(AmbiguousPath));
    assert_eq!(open(regex("/v1/.*"), b"/v1/\xff"), Err(AmbiguousPath));
    assert_eq!(open(prefix("/v1"), b"/v1/%E9"), Ok(true));
    let routes =
        Routes::new(vec![rule("first", prefix("/a"), Action::Allow), rule("then", regex("/b"), Action::Allow)]);
    assert_eq!(decide(&routes, "h", "GET", b"/a/%E9"), Ok("first".to_owned()), "no expression is asked");
}

#[test]
fn a_request_costs_no_more_than_its_share() {
    let rules = |count: usize| {
        Routes::new(
            (0..count)
                .map(|number| rule(&number.to_string(), regex(&format!("/(a*)*b{number}")), Action::Allow))
                .collect(),
        )
    };
    let path = |length: usize| format!("/{}", "a".repeat(length)).into_bytes();
    assert_eq!(decide(&rules(20), "h", "GET", &path(200)), Ok("default".to_owned()));
    assert_eq!(decide(&rules(1), "h", "GET", &path(4_000)), Ok("default".to_owned()));
    assert_eq!(decide(&rules(100), "h", "GET", &path(1_000)), Err(AmbiguousPath));
    assert_eq!(decide(&rules(1), "h", "GET", &path(1 << 15)), Err(AmbiguousPath));
    // All readings count together.
    let twice = [path(500), b"%2f".to_vec(), path(500)].concat();
    assert_eq!(decide(&rules(8), "h", "GET", &path(500)), Ok("default".to_owned()));
    assert_eq!(decide(&rules(8), "h", "GET", &twice), Err(AmbiguousPath));
}

#[test]
fn what_a_rule_leaves_out_is_decided_by_the_next() {
    let not = |not| {
        Routes::new(vec![excluding(rule("all", prefix("/a"), Action::Allow), not), rule("rest", None, Action::Deny)])
    };
    let path = not(Exclusion { path: prefix("/a/b"), ..Exclusion::default() });
    assert_eq!(decide(&path, "h", "GET", b"/a/c"), Ok("all".to_owned()));
    assert_eq!(decide(&path, "h", "GET", b"/a/b/c"), Ok("rest".to_owned()));
    assert_eq!(decide(&path, "h", "GET", b"/a/x/../b"), Err(AmbiguousPath));
    let host = not(Exclusion { hosts: hosts(&["*.x.org"]), ..Exclusion::default() });
    assert_eq!(decide(&host, "a.x.org", "GET", b"/a"), Ok("rest".to_owned()));
    assert_eq!(decide(&host, "x.org", "GET", b"/a"), Ok("all".to_owned()));
    assert_eq!(decide(&host, "a.x.org.", "GET", b"/a"), Err(AmbiguousPath));
    let method = not(Exclusion { methods: methods(&["POST", "PUT"]), ..Exclusion::default() });
    assert_eq!(decide(&method, "h", "PUT", b"/a"), Ok("rest".to_owned()));
    assert_eq!(decide(&method, "h", "put", b"/a"), Err(AmbiguousPath));
    assert_eq!(decide(&method, "h", "patch", b"/a"), Ok("all".to_owned()));
}

#[test]
fn an_exclusion_takes_what_matches_all_its_parts() {
    let not = Exclusion { hosts: hosts(&["x.org"]), methods: methods(&["POST"]), path: template("/a/{id}") };
    let routes = Routes::new(vec![excluding(rule("all", None, Action::Allow), not)]);
    assert_eq!(decide(&routes, "x.org", "POST", b"/a/1"), Ok("default".to_owned()));
    for (host, method, path) in [("y.org", "POST", "/a/1"), ("x.org", "GET", "/a/1"), ("x.org", "POST", "/a/1/2")] {
        assert_eq!(decide(&routes, host, method, path.as_bytes()), Ok("all".to_owned()), "{host} {method} {path}");
    }
}

fn shadows(rules: Vec<Rule>) -> Vec<String> {
    let routes = Routes::new(rules);
    routes.shadowed().map(|(rule, by)| format!("{} < {}", rule.name, by.name)).collect()
}

#[test]
fn a_shadow_is_claimed_only_where_it_is_certain() {
    let allow = |pattern: Option<PathPattern>| {
        rule(&pattern.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string), pattern, Action::Allow)
    };
    for (first, second, shadowed) in [
        (template("/u/{id}"), exact("/u/1"), true),
        (template("/u/{id}"), template("/u/{name}"), true),
        (template("/{a}/{b}"), template("/u/{id}"), true),
        (template("/u/{id}"), template("/{a}/{b}"), false),
        (template("/u/{id}"), exact("/u/"), false),
        (template("/u/{id}"), exact("/u"), false),
        (template("/u/{id}"), prefix("/u"), false),
        (template("/u/{id}"), template("/u/{id}/x"), false),
        (prefix("/u"), template("/u/{id}"), true),
        (prefix("/u/x"), template("/u/{id}"), false),
        (prefix("/u/x/y"), template("/u/{id}"), false),
        (prefix("/"), regex("/x.*"), true),
        (prefix("/"), None, true),
        (prefix("/x"), regex("/x/y"), false),
        (regex("/.*"), exact("/x"), false),
        (regex("/x"), regex("/x"), true),
        (regex("/x"), regex("/x.*"), false),
        (exact("/u/1"), template("/u/{id}"), false),
        (None, regex("/x"), true),
    ] {
        let found = !shadows(vec![allow(first.clone()), allow(second.clone())]).is_empty();
        assert_eq!(found, shadowed, "{first:?} {second:?}");
    }
}

#[test]
fn a_rule_that_leaves_something_out_shadows_only_what_leaves_it_out_too() {
    let all = || rule("all", None, Action::Allow);
    let not = |path| Exclusion { path, ..Exclusion::default() };
    assert!(shadows(vec![excluding(all(), not(prefix("/a"))), rule("b", exact("/b"), Action::Deny)]).is_empty());
    let (outer, inner) = (excluding(all(), not(prefix("/a/b"))), excluding(all(), not(prefix("/a"))));
    assert_eq!(shadows(vec![outer.clone(), inner.clone()]).len(), 1, "the second leaves out more");
    assert!(shadows(vec![inner, outer]).is_empty());
    assert_eq!(shadows(vec![all(), excluding(all(), not(prefix("/a")))]).len(), 1);
}

#[test]
fn a_rule_whose_exclusion_takes_all_of_it_is_void() {
    let rule = |path| rule("r", path, Action::Allow);
    let not = |path| Exclusion { path, ..Exclusion::default() };
    assert!(excluding(rule(exact("/a/b")), not(prefix("/a"))).is_void());
    assert!(excluding(rule(template("/a/{x}")), not(prefix("/a"))).is_void());
    assert!(!excluding(rule(prefix("/a")), not(prefix("/a/b"))).is_void());
    assert!(!rule(None).is_void());
    let get = Exclusion { methods: methods(&["GET"]), ..Exclusion::default() };
    assert!(!excluding(rule(None), get.clone()).is_void());
    assert!(excluding(Rule { methods: methods(&["GET"]), ..rule(None) }, get).is_void());
}

#[test]
fn why_not_names_the_first_part_that_does_not_match() {
    let routes = Routes::new(vec![
        Rule { hosts: hosts(&["a.org", "*.b.org"]), ..rule("host", exact("/x"), Action::Allow) },
        Rule { methods: methods(&["GET", "HEAD"]), ..rule("method", None, Action::Allow) },
        rule("path", template("/u/{id}"), Action::Allow),
        excluding(rule("not", None, Action::Allow), Exclusion { path: prefix("/p"), ..Exclusion::default() }),
        rule("this", prefix("/p"), Action::Deny),
        rule("later", None, Action::Allow),
    ]);
    let why = |host: &str, path: &[u8]| {
        let misses = routes.why_not(host, "POST", &RawPath::new(path));
        misses.map(|misses| misses.iter().map(|miss| format!("{}: {miss}", miss.rule.name)).collect::<Vec<_>>())
    };
    let texts = [
        "host: the host is not a.org or *.b.org",
        "method: the method is not GET or HEAD",
        "path: the path is not /u/{id}",
        "not: it is left out by `not`",
    ];
    assert_eq!(why("c.org:8443", b"/p/1").unwrap(), texts);
    assert_eq!(why("c.org", b"/").unwrap(), texts[..3]);
    assert_eq!(why("c.org", b"/p/../x"), Err(AmbiguousPath));
    let none = Routes::new(vec![rule("x", exact("/x"), Action::Deny)]);
    assert_eq!(none.why_not("h", "GET", &RawPath::new(b"/y")).unwrap().len(), 1, "no rule decides");
}

#[test]
fn a_waiting_request_finds_its_rule_again_and_an_unknown_one_passes_nobody() {
    let routes = Routes::new(vec![rule("a", exact("/a"), Action::Allow), rule("b", exact("/b"), Action::Deny)]);
    let index = |path: &[u8]| routes.decide("h", "GET", &RawPath::new(path)).unwrap().index();
    assert_eq!([index(b"/a"), index(b"/b"), index(b"/c")], [Some(0), Some(1), None]);
    assert_eq!(routes.route(Some(0)).name(), "a");
    assert_eq!(routes.route(Some(1)).action(), Action::Deny);
    assert_eq!(routes.route(None).action(), Action::Authenticate);
    assert_eq!(routes.route(Some(2)).action(), Action::Deny);
}
