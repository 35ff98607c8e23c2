//! The ordered rules of `routes`: the first whose host, method and path match decides.
//!
//! Decides which rule applies, and refuses a path whose readings disagree on it. No header, query or fragment takes
//! part. What `authenticate` then asks of the request is decided by `flow`.

use std::fmt;

use super::{
    access::Access,
    host::HostPattern,
    pattern::{Candidate, Steps},
    rule::{Action, Miss, Rule},
};
use crate::http::{path::RawPath, request::host_of};

/// The rules in order, valid by construction in `config`.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    rules: Vec<Rule>,
    default: Access,
}

/// The rule that decides a request; `None` where none matches, which means [`Action::Authenticate`].
#[derive(Clone, Copy, Debug)]
pub struct Route<'a> {
    index: Option<usize>,
    rule: Option<&'a Rule>,
    default: &'a Access,
}

/// The request can be read in ways that select different rules, or not be read at all; answered 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousPath;

impl Routes {
    /// Rules in the order given.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules, default: Access::default() }
    }

    /// The rules in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule for a request to `host` (its port makes no difference), if all readings of its path agree on one.
    ///
    /// # Errors
    /// [`AmbiguousPath`] if they do not, or the path has no readings.
    pub fn decide(&self, host: &str, method: &str, path: &RawPath<'_>) -> Result<Route<'_>, AmbiguousPath> {
        let readings = path.readings().map_err(|_| AmbiguousPath)?;
        let candidates: Vec<_> = readings.iter().map(Candidate::new).collect();
        let host = host_of(host);
        let mut steps = Steps::of_a_request();
        let mut selection = None;
        // `app.example.com.` is the same name to the DNS and another one to most virtual hosts; `get` is another method than
        // `GET` by RFC 9110 §9.1 and the same to some applications.
        let upper = Some(method.to_ascii_uppercase()).filter(|upper| upper != method);
        for method in [Some(method), upper.as_deref()].into_iter().flatten() {
            for host in [Some(host), host.strip_suffix('.')].into_iter().flatten() {
                for candidate in &candidates {
                    let selected = self.select(host, method, candidate, &mut steps)?;
                    if *selection.get_or_insert(selected) != selected {
                        return Err(AmbiguousPath);
                    }
                }
            }
        }
        selection.map(|index| self.route(index)).ok_or(AmbiguousPath)
    }

    /// The rule that a request remembers by [`Route::index`]. A number that no rule has passes nobody.
    pub fn route(&self, index: Option<usize>) -> Route<'_> {
        Route { index, rule: index.and_then(|index| self.rules.get(index)), default: &self.default }
    }

    /// The rules before the one that decides, each with the first part of it that the request does not match.
    ///
    /// # Errors
    /// [`AmbiguousPath`] where [`decide`](Self::decide) says so.
    pub fn why_not(&self, host: &str, method: &str, path: &RawPath<'_>) -> Result<Vec<Miss<'_>>, AmbiguousPath> {
        let decided = self.decide(host, method, path)?.index;
        let readings = path.readings().map_err(|_| AmbiguousPath)?;
        let candidate = Candidate::new(readings.first().ok_or(AmbiguousPath)?);
        let mut steps = Steps::of_a_request();
        let mut misses = Vec::new();
        for rule in self.rules.iter().take(decided.unwrap_or(usize::MAX)) {
            let part = rule.miss(host_of(host), method, &candidate, &mut steps)?;
            misses.extend(part.map(|part| Miss { rule, part }));
        }
        Ok(misses)
    }

    /// Rules that never decide, each with the earlier rule that takes all its requests.
    pub fn shadowed(&self) -> impl Iterator<Item = (&Rule, &Rule)> {
        self.rules.iter().enumerate().filter_map(|(index, rule)| {
            let earlier = self.rules.iter().take(index).find(|earlier| earlier.covers(rule))?;
            Some((rule, earlier))
        })
    }

    /// Hosts that `pattern` means, such that whatever holds for each of these holds for all: which rules are for a host hangs on
    /// the literal hosts that it is, or else on the longest suffix that it has.
    pub fn representatives(&self, pattern: &HostPattern) -> Vec<String> {
        let somebody = |suffix: &str| format!("{NOBODYS_LABEL}{suffix}");
        let suffix = match pattern {
            HostPattern::Exact(name) => return vec![name.clone()],
            HostPattern::Subdomains(suffix) => suffix,
        };
        let left_out = self.rules.iter().filter_map(|rule| rule.not.as_ref()).flat_map(|not| &not.hosts);
        let written = self.rules.iter().flat_map(|rule| &rule.hosts).chain(left_out);
        let written = written.filter(|host| pattern.covers(host)).map(|host| match host {
            HostPattern::Exact(name) => name.clone(),
            HostPattern::Subdomains(suffix) => somebody(suffix),
        });
        std::iter::once(somebody(suffix)).chain(written).collect()
    }

    fn select(
        &self,
        host: &str,
        method: &str,
        path: &Candidate<'_>,
        steps: &mut Steps,
    ) -> Result<Option<usize>, AmbiguousPath> {
        for (index, rule) in self.rules.iter().enumerate() {
            if rule.miss(host, method, path, steps)?.is_none() {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

/// A label that no host has: DNS takes 63 characters.
const NOBODYS_LABEL: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

impl<'a> Route<'a> {
    /// What to do with the request.
    pub fn action(self) -> Action {
        match (self.index, self.rule) {
            (_, Some(rule)) => rule.action,
            (Some(_), None) => Action::Deny,
            (None, None) => Action::Authenticate,
        }
    }

    /// What it asks for if it is [`Action::Authenticate`].
    pub fn access(self) -> &'a Access {
        self.rule.map_or(self.default, |rule| &rule.access)
    }

    /// The rule that decided; `None` where none matched.
    pub fn rule(self) -> Option<&'a Rule> {
        self.rule
    }

    /// What [`Routes::route`] finds it by again.
    pub fn index(self) -> Option<usize> {
        self.index
    }

    /// The rule's name for logs, `default` where none matched.
    pub fn name(self) -> &'a str {
        self.rule.map_or("default", |rule| &rule.name)
    }
}

impl fmt::Display for AmbiguousPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path can be read in ways that fall under different rules")
    }
}

impl std::error::Error for AmbiguousPath {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Exclusion, HostPattern, PathPattern};

    fn rule(name: &str, action: Action) -> Rule {
        Rule {
            name: name.to_owned(),
            hosts: Vec::new(),
            methods: Vec::new(),
            path: None,
            not: None,
            action,
            access: Access::default(),
        }
    }

    fn prefix(path: &str, action: Action) -> Rule {
        Rule { path: Some(PathPattern::prefix(path).unwrap()), ..rule(path, action) }
    }

    fn exact(path: &str, action: Action) -> Rule {
        Rule { path: Some(PathPattern::exact(path).unwrap()), ..rule(path, action) }
    }

    fn host(pattern: &str, action: Action) -> Rule {
        Rule { hosts: vec![HostPattern::parse(pattern).unwrap()], ..rule(pattern, action) }
    }

    fn decide(rules: &[Rule], host: &str, method: &str, path: &str) -> Result<String, AmbiguousPath> {
        let routes = Routes::new(rules.to_vec());
        let route = routes.decide(host, method, &RawPath::new(path.as_bytes()))?;
        Ok(route.name().to_owned())
    }

    fn at(rules: &[Rule], path: &str) -> Result<String, AmbiguousPath> {
        decide(rules, "app.example.com", "GET", path)
    }

    fn ok(name: &str) -> Result<String, AmbiguousPath> {
        Ok(name.to_owned())
    }

    #[test]
    fn no_rule_means_authenticate() {
        let routes = Routes::default();
        let route = routes.decide("app.example.com", "GET", &RawPath::new(b"/")).unwrap();
        assert_eq!(route.action(), Action::Authenticate);
        assert!(route.rule().is_none());
    }

    #[test]
    fn the_first_matching_rule_wins() {
        let rules = [prefix("/a/b", Action::Deny), prefix("/a", Action::Allow), exact("/a/b", Action::Allow)];
        assert_eq!(at(&rules, "/a/b"), ok("/a/b"));
        assert_eq!(at(&rules, "/a/c"), ok("/a"));
        assert_eq!(at(&rules, "/c"), ok("default"));
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        let rules = [prefix("/foo", Action::Allow)];
        for inside in ["/foo", "/foo/", "/foo/bar", "/foo?x", "/foo/bar/.baz"] {
            assert_eq!(at(&rules, inside), ok("/foo"), "{inside}");
        }
        for outside in ["/foobar", "/foo-", "/fo", "/", "/Foo", "/x/foo", "/foo.json"] {
            assert_eq!(at(&rules, outside), ok("default"), "{outside}");
        }
    }

    #[test]
    fn an_exact_path_takes_nothing_more() {
        let rules = [exact("/foo", Action::Allow)];
        assert_eq!(at(&rules, "/foo"), ok("/foo"));
        for outside in ["/foo/", "/foo/bar", "/foobar", "/", "/FOO"] {
            assert_eq!(at(&rules, outside), ok("default"), "{outside}");
        }
    }

    #[test]
    fn the_root_prefix_takes_every_path() {
        let rules = [prefix("/", Action::Allow)];
        for path in ["/", "/x", "/x%2Fy", "//", "/a/../b"] {
            assert_eq!(at(&rules, path), ok("/"), "{path}");
        }
    }

    #[test]
    fn hosts_match_whole_names_whatever_the_port_and_case() {
        let rules = [host("app.example.com", Action::Allow)];
        for inside in ["app.example.com", "APP.example.com", "app.example.com:8443"] {
            assert_eq!(decide(&rules, inside, "GET", "/"), ok("app.example.com"), "{inside}");
        }
        for outside in ["example.com", "xapp.example.com", "app.example.com.evil.com", "a.app.example.com", ""] {
            assert_eq!(decide(&rules, outside, "GET", "/"), ok("default"), "{outside}");
        }
    }

    #[test]
    fn a_wildcard_host_takes_names_below_it_only() {
        let rules = [host("*.example.com", Action::Allow)];
        for inside in ["a.example.com", "b.a.example.com", "A.Example.com:80"] {
            assert_eq!(decide(&rules, inside, "GET", "/"), ok("*.example.com"), "{inside}");
        }
        for outside in ["example.com", ".example.com", "badexample.com", "a.example.com.evil", "a.example.org"] {
            assert_eq!(decide(&rules, outside, "GET", "/"), ok("default"), "{outside}");
        }
    }

    #[test]
    fn a_host_with_a_final_dot_must_select_the_same_rule_without_it() {
        let rules = [host("app.example.com", Action::Authenticate), rule("rest", Action::Allow)];
        assert_eq!(decide(&rules, "app.example.com.", "GET", "/"), Err(AmbiguousPath));
        assert_eq!(decide(&rules, "other.example.com.", "GET", "/"), ok("rest"));
    }

    #[test]
    fn methods_match_exactly() {
        let rules = [Rule { methods: vec!["GET".to_owned()], ..rule("get", Action::Allow) }];
        assert_eq!(decide(&rules, "h", "GET", "/"), ok("get"));
        for outside in ["HEAD", "POST", "", "GETX", "head"] {
            assert_eq!(decide(&rules, "h", outside, "/"), ok("default"), "{outside}");
        }
    }

    #[test]
    fn a_method_in_lower_case_must_select_the_same_rule_as_in_upper_case() {
        let rules = [
            Rule {
                not: Some(Exclusion { methods: vec!["POST".to_owned()], ..Exclusion::default() }),
                ..prefix("/open", Action::Allow)
            },
            Rule { methods: vec!["GET".to_owned()], ..rule("get", Action::Allow) },
        ];
        for (method, path) in [("post", "/open"), ("Post", "/open/x"), ("get", "/"), ("gEt", "/x")] {
            assert_eq!(decide(&rules, "h", method, path), Err(AmbiguousPath), "{method} {path}");
        }
        assert_eq!(decide(&rules, "h", "get", "/open"), ok("/open"));
        assert_eq!(decide(&rules, "h", "put", "/"), ok("default"));
    }

    #[test]
    fn every_part_of_a_rule_must_match() {
        let rules = [Rule {
            hosts: vec![HostPattern::parse("a.example.com").unwrap()],
            methods: vec!["GET".to_owned()],
            ..prefix("/x", Action::Allow)
        }];
        assert_eq!(decide(&rules, "a.example.com", "GET", "/x"), ok("/x"));
        for (host, method, path) in
            [("b.example.com", "GET", "/x"), ("a.example.com", "POST", "/x"), ("a.example.com", "GET", "/y")]
        {
            assert_eq!(decide(&rules, host, method, path), ok("default"), "{host} {method} {path}");
        }
    }

    #[test]
    fn a_rule_is_shadowed_by_one_that_takes_all_its_requests() {
        let names = |rules: &[Rule]| {
            let routes = Routes::new(rules.to_vec());
            routes.shadowed().map(|(rule, by)| format!("{} < {}", rule.name, by.name)).collect::<Vec<_>>()
        };
        let get = Rule { methods: vec!["GET".to_owned()], ..prefix("/a", Action::Allow) };
        assert_eq!(names(&[prefix("/a", Action::Allow), exact("/a/b", Action::Deny)]), ["/a/b < /a"]);
        assert_eq!(names(&[rule("all", Action::Allow), host("*.x.org", Action::Deny)]), ["*.x.org < all"]);
        assert_eq!(names(&[host("*.x.org", Action::Allow), host("a.x.org", Action::Deny)]), ["a.x.org < *.x.org"]);
        assert_eq!(names(&[get.clone(), prefix("/a", Action::Deny)]), Vec::<String>::new());
        assert_eq!(names(&[exact("/a", Action::Allow), prefix("/a", Action::Deny)]), Vec::<String>::new());
        assert_eq!(names(&[host("a.x.org", Action::Allow), rule("all", Action::Deny)]), Vec::<String>::new());
    }
}
