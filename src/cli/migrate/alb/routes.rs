//! Who passes where: the rules of the listener, as rules of ours.
//!
//! Decides that nothing is ever wider than it was. A rule that lets everyone pass and cannot be said exactly is left out, so that
//! what comes after it decides; one that signs people in is written for more than it was for; one that answers by itself lets
//! nobody pass here. What a condition means is decided in `conditions`.

use std::collections::BTreeSet;

use super::{
    conditions::{Matches, matches},
    ledger::Ledger,
    rule::{Action, Rule},
    yaml::Tree,
};

/// What a rule is here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Everyone passes.
    Open,
    /// Everyone passes, and who is signed in is known.
    Pass,
    /// People sign in.
    SignIn,
    /// Whoever is not signed in is refused.
    Challenge,
    /// Nobody passes.
    Closed,
}

/// `routes`, out of the rules and, for each, the name of the provider that counts there where there are several.
pub(super) fn translate(rules: &[(Rule, Option<String>)], ledger: &mut Ledger) -> Tree {
    let mut written = Written::default();
    for (index, (rule, provider)) in rules.iter().enumerate() {
        if written.is_complete {
            if rule.priority.is_some() {
                ledger.lost(&capital(&rule.label), "an earlier rule takes all its requests, as it did");
            }
            continue;
        }
        let later = rules.get(index.saturating_add(1)..).unwrap_or_default();
        written.rule(rule, provider.as_deref(), later, ledger);
    }
    if !rules.iter().any(|(rule, _)| rule.priority.is_none()) && !written.is_complete {
        ledger.changed(
            "the default action",
            "is in none of the files, so whatever no rule is for is refused here: add the file that has it",
        );
        written.trees.push(Tree::members([("name", "the default action".into()), ("action", "deny".into())]));
    }
    if !written.signs_in && ledger.refusals().is_empty() {
        ledger.refused(NOBODY);
    }
    Tree::list(written.trees)
}

/// The rules so far.
#[derive(Default)]
struct Written {
    trees: Vec<Tree>,
    names: BTreeSet<String>,
    /// Whether one of them takes all that is left.
    is_complete: bool,
    /// Whether one of them is for people who are signed in.
    signs_in: bool,
}

impl Written {
    fn rule(&mut self, rule: &Rule, provider: Option<&str>, later: &[(Rule, Option<String>)], ledger: &mut Ledger) {
        let kind = kind(rule, ledger);
        let matches = matches(&rule.conditions);
        say_patterns(rule, kind, &matches, ledger);
        if !matches.left_out.is_empty() && !fits(rule, kind, provider, &matches, later, ledger) {
            return;
        }
        if matches.trees.is_empty() {
            return;
        }
        self.signs_in |= !matches!(kind, Kind::Closed | Kind::Open);
        // A sign-in that all the rest needs is what there is without a rule.
        let is_everything = matches.trees.iter().all(Tree::is_empty);
        if is_everything && kind == Kind::SignIn && provider.is_none() {
            self.is_complete = true;
            return ledger.carried(&capital(&rule.label), "what `routes` says nothing of needs a sign-in");
        }
        let first = self.trees.len();
        for matched in matches.trees {
            self.is_complete |= matched.is_empty();
            ledger.source(&format!("routes[{}]", self.trees.len()), &rule.label);
            let tree = self.tree(rule, kind, provider, matched);
            self.trees.push(tree);
        }
        let last = self.trees.len().saturating_sub(1);
        let places =
            if first == last { format!("`routes[{first}]`") } else { format!("`routes[{first}]` to `[{last}]`") };
        ledger.carried(&capital(&rule.label), format!("{places}: {}", kind.said()));
        if let Action::Answer(answer) = &rule.action {
            let what = format!(
                "`{answer}` is the load balancer's own answer, and no application ever got these requests, so here they are \
                 refused. Where it goes, write the answer into the gateway's routes, and `action: allow` here"
            );
            ledger.changed(&capital(&rule.label), what);
        }
    }

    fn tree(&mut self, rule: &Rule, kind: Kind, provider: Option<&str>, matched: Tree) -> Tree {
        let numbers =
            std::iter::once(rule.label.clone()).chain((2_u32..).map(|number| format!("{} ({number})", rule.label)));
        let name = numbers.into_iter().find(|name| !self.names.contains(name)).unwrap_or_default();
        self.names.insert(name.clone());
        let mut tree = Tree::map().with("name", name);
        if !matched.is_empty() {
            tree = tree.with("match", matched);
        }
        match kind {
            Kind::Open => tree.with("action", "allow"),
            Kind::Closed => tree.with("action", "deny"),
            Kind::SignIn | Kind::Pass | Kind::Challenge => {
                let unauthenticated = match kind {
                    Kind::Pass => Some("pass"),
                    Kind::Challenge => Some("challenge"),
                    _ => None,
                };
                let providers = provider.map(|name| Tree::list([name.into()]));
                tree.with("action", "authenticate")
                    .with_some("unauthenticated", unauthenticated)
                    .with_some("providers", providers)
            }
        }
    }
}

fn kind(rule: &Rule, ledger: &mut Ledger) -> Kind {
    let authentication = match &rule.action {
        Action::Answer(_) => return Kind::Closed,
        Action::Authenticate(authentication) => authentication,
        Action::Forward => return Kind::Open,
        Action::Unclear(why) => {
            ledger.refused(why.clone());
            return Kind::Closed;
        }
    };
    match authentication.config.get("OnUnauthenticatedRequest").and_then(|value| value.as_str()) {
        Some("allow") => Kind::Pass,
        Some("deny") => Kind::Challenge,
        None | Some("authenticate") => Kind::SignIn,
        Some(_) => {
            let mend = "write `authenticate`, `allow` or `deny`";
            ledger.refused(format!("OnUnauthenticatedRequest ({}) is none that there is: {mend}", rule.label));
            Kind::SignIn
        }
    }
}

impl Kind {
    const fn said(self) -> &'static str {
        match self {
            Self::Challenge => "only for people who are signed in (`unauthenticated: challenge`)",
            Self::Closed => "nobody (`action: deny`)",
            Self::Open => "everyone (`action: allow`)",
            Self::Pass => "everyone, and the application learns who is signed in (`unauthenticated: pass`)",
            Self::SignIn => "people who sign in",
        }
    }
}

/// Whether a rule whose conditions cannot all be said is written all the same, without those.
fn fits(
    rule: &Rule,
    kind: Kind,
    provider: Option<&str>,
    matches: &Matches,
    later: &[(Rule, Option<String>)],
    ledger: &mut Ledger,
) -> bool {
    let without = matches.left_out.join(" and ");
    let name = capital(&rule.label);
    let closed_later = later.iter().find(|(later, _)| matches!(later.action, Action::Answer(_)));
    match kind {
        Kind::Open | Kind::Pass => {
            ledger.lost(
                &name,
                format!(
                    "no rule of ours looks at {without}, and without that it would open more than it did. It is left out, and \
                     what comes after it decides: if people or probes miss it, write a rule with `action: allow` for their \
                     paths, methods or hosts"
                ),
            );
            false
        }
        Kind::SignIn | Kind::Challenge if provider.is_none() && closed_later.is_none() => {
            ledger.changed(&name, format!("no rule of ours looks at {without}: it holds whatever that is, so that more needs a sign-in than before"));
            true
        }
        Kind::SignIn | Kind::Challenge => {
            let why = match closed_later {
                Some((later, _)) => format!("what {} keeps away from the applications", later.label),
                None => "what another provider's people alone may see".to_owned(),
            };
            ledger.refused(format!(
                "{} goes by {without}, which no rule of ours looks at; without that it would open {why}. Write it by host, path \
                 or method, or take it out of the file where what comes after it will do",
                rule.label
            ));
            false
        }
        Kind::Closed => {
            ledger.refused(format!(
                "{} goes by {without}, which no rule of ours looks at, and it keeps requests away from the applications. Take \
                 it out of the file if the load balancer stays in front and goes on answering these itself; else write it by \
                 host, path or method",
                rule.label
            ));
            false
        }
    }
}

fn say_patterns(rule: &Rule, kind: Kind, matches: &Matches, ledger: &mut Ledger) {
    let name = capital(&rule.label);
    for pattern in &matches.dead {
        ledger.lost(
            &name,
            format!("the path pattern `{pattern}` does not begin with `/`, so it never applied, and is left out"),
        );
    }
    if matches!(kind, Kind::Open | Kind::Pass) {
        for pattern in &matches.loose {
            let what = format!(
                "`{pattern}` opens every path that ends so, whatever comes before it, as it did. Where an application answers to \
                 such a path with more than a file, name the folder: `/static/*`"
            );
            ledger.changed(&name, what);
        }
    }
}

/// With a capital letter, as the first cell of a row.
fn capital(label: &str) -> String {
    let mut letters = label.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

const NOBODY: &str = "no rule that signs people in is left, since others take its requests or it cannot be said here: see which rules \
                      come before it, and whether the files hold those of one listener";
