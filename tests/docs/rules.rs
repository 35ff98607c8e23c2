//! What the documents say that rules and requests come to, held against the filter's own decisions.

use std::{io, path::Path, time::Duration};

use clap::Parser;
use edge_oidc::{
    cli::{Cli, World, run},
    config::{Config, Environment},
    flow::refusal::Refusal,
    http::path::RawPath,
    oidc::{
        assurance::Shortfall,
        bearer::BearerError,
        challenge::{Challenge, ChallengeError},
    },
    policy::Action,
};
use serde_json::{Value, json};

use crate::{
    commands::words,
    configurations::whole,
    corpus::{document, root, span},
};

struct Nothing;

impl Environment for Nothing {
    fn variable(&self, _: &str) -> Option<String> {
        Some("C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c".to_owned())
    }
}

/// The paths that a cell names.
fn paths(cell: &str) -> Vec<String> {
    cell.split(", ").map(|path| span(path).unwrap_or_else(|| panic!("{path} is no span")).to_owned()).collect()
}

#[test]
fn patterns_match_what_the_table_says() {
    let rows = document("docs/routes.md").rows("Pattern");
    assert_eq!(rows.len(), 4);
    for row in rows {
        let path: Value = serde_saphyr::from_str(&format!("{{ {} }}", span(&row[0]).unwrap())).unwrap();
        let tree = whole(json!({ "routes": [{ "match": { "path": path }, "action": "deny" }] }));
        let config = Config::read(&tree, &Nothing).unwrap_or_else(|problems| panic!("{}: {problems}", row[0]));
        let denied = |path: &str| {
            let route = config.routes.decide("app.example.com", "GET", &RawPath::new(path.as_bytes()));
            route.unwrap_or_else(|_| panic!("{path} is ambiguous")).action() == Action::Deny
        };
        for path in paths(&row[1]) {
            assert!(denied(&path), "{} does not match {path}", row[0]);
        }
        for path in paths(&row[2]) {
            assert!(!denied(&path), "{} matches {path}", row[0]);
        }
    }
}

/// A machine with the one file that a document shows.
struct Shown(String);

impl World for Shown {
    fn read(&self, _: &Path) -> io::Result<String> {
        Ok(self.0.clone())
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

#[test]
fn explain_says_what_the_document_shows() {
    let fences = document("docs/routes.md").fences();
    let file = fences.iter().find(|fence| fence.text.starts_with("# rules.yaml")).unwrap();
    let shown = Shown(file.text.clone());
    let mut tried = 0;
    for pair in fences.windows(2).filter(|pair| pair[0].text.starts_with("edge-oidc explain rules.yaml")) {
        let outcome = run(&Cli::try_parse_from(words(&pair[0].text)).unwrap(), &shown);
        assert_eq!(
            (outcome.output.as_str(), outcome.errors.as_str()),
            (pair[1].text.as_str(), ""),
            "{}",
            pair[0].place
        );
        tried += 1;
    }
    assert_eq!(tried, 2);
}

/// What `explain` says of `text` with filter state.
fn explained(text: &str) -> String {
    let mut tree: Value = serde_saphyr::from_str(text).unwrap();
    tree["identity"]["filterState"] = true.into();
    let arguments = "edge-oidc explain x --url https://app.example.com/ --groups a".split(' ');
    run(&Cli::try_parse_from(arguments).unwrap(), &Shown(tree.to_string())).output
}

#[test]
fn filter_state_is_named_as_it_is() {
    let fences = document("docs/routes.md").fences();
    let file = fences.iter().find(|fence| fence.text.starts_with("# rules.yaml")).unwrap();
    let said = explained(&file.text);
    let lines = said.lines().filter_map(|line| line.trim_start().strip_prefix("filter state ")?.split(':').next());
    let real: Vec<_> = lines.map(str::to_owned).collect();
    assert_eq!(real.len(), 4, "{said}");
    for name in ["docs/envoy.md", "envoy/README.md"] {
        let rows = document(name).rows("Filter state");
        assert_eq!(rows.iter().filter_map(|row| span(&row[0])).collect::<Vec<_>>(), sorted_like(&real), "{name}");
    }
}

/// In the order of the documents: who, in which groups, says who, and by which name there.
fn sorted_like(names: &[String]) -> Vec<&str> {
    let order = ["user", "groups", "provider", "subject"];
    let place = |name: &&str| order.iter().position(|end| name.ends_with(end));
    let mut names: Vec<_> = names.iter().map(String::as_str).collect();
    names.sort_by_key(place);
    names
}

#[test]
fn the_external_authorizer_is_asked_with_the_document_that_is_shown() {
    let source = std::fs::read_to_string(root().join("src/flow/authorizer.rs")).unwrap();
    let written = source.split_once("fn document(").unwrap().1;
    let fences = document("docs/envoy.md").fences();
    let shown = fences.iter().find(|fence| fence.text.contains("\"timestamp\"")).unwrap();
    let member = regex_lite::Regex::new("\"([a-z-]+)\":").unwrap();
    let members = |text: &str| member.captures_iter(text).map(|found| found[1].to_owned()).collect::<Vec<_>>();
    assert_eq!(members(&shown.text), members(written));
}

#[test]
fn every_option_of_explain_is_in_the_table() {
    let help = Cli::try_parse_from(["edge-oidc", "explain", "--help"]).unwrap_err().to_string();
    let options = help.lines().filter_map(|line| line.trim_start().strip_prefix("--")?.split(' ').next());
    let mut options: Vec<_> = options.filter(|name| !name.starts_with("env")).map(|name| format!("--{name}")).collect();
    let rows = document("docs/routes.md").rows("Option");
    let mut shown: Vec<_> = rows.iter().map(|row| span(&row[0]).unwrap().to_owned()).collect();
    options.sort();
    shown.sort();
    assert_eq!(shown, options);
}

#[test]
fn programs_are_told_what_the_table_says() {
    let (scope, acr_values) = (["jobs/write".to_owned()], ["urn:example:mfa".to_owned()]);
    let plain = Challenge { realm: "app.example.com", ..Challenge::default() };
    let with = |error| Challenge { error: Some(error), ..plain };
    let told = [
        plain,
        with(ChallengeError::InvalidToken),
        with(ChallengeError::InvalidRequest),
        Challenge { scope: &scope, ..with(ChallengeError::InsufficientScope) },
        Challenge {
            acr_values: &acr_values,
            max_age: Some(Duration::from_mins(15)),
            ..with(ChallengeError::InsufficientUserAuthentication)
        },
    ];
    let rows = document("docs/programs.md").rows("Case");
    let shown = rows.iter().filter_map(|row| Some((row[1].clone(), span(&row[2])?.to_owned())));
    let refusals = [
        Refusal::Unauthenticated,
        Refusal::Bearer(BearerError::Expired),
        Refusal::BearerMalformed,
        Refusal::SignInTooWeak(Shortfall::Scope),
        Refusal::SignInTooWeak(Shortfall::MaxAge),
    ];
    let told = refusals.iter().zip(told).map(|(refusal, told)| (refusal.status().to_string(), told.to_string()));
    assert_eq!(shown.collect::<Vec<_>>(), told.collect::<Vec<_>>());
}
