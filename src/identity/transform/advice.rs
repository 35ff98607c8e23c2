//! What in a rule is probably not meant so.
//!
//! Decides which expressions begin or end in the middle of an address, and which leave nothing to the rules behind them. Whoever
//! checks a configuration says so.

use super::{Transform, node::Node, parse};

/// Whether an expression can be found in a part of what it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Something may stand before it.
    pub open_before: bool,
    /// Something may stand behind it.
    pub open_behind: bool,
}

impl Transform {
    /// Where an address may go on that it is found in. One that has no `@` is about a part of an address, so that one end is enough
    /// to say which; one that is a character, or repetitions of one, is about all of them.
    pub fn ends(&self) -> Ends {
        let mut ends = Ends::default();
        for branch in self.branches() {
            if branch.iter().filter(|node| !matches!(node, Node::Look(_))).count() < 2 {
                continue;
            }
            let at = branch.iter().position(|node| single(node) == Some('@'));
            let begins = at == Some(0) || branch.first().is_some_and(|node| is_edge(node, Node::BEGIN));
            let last = branch.len().checked_sub(1);
            let closes = (at == last && at.is_some()) || branch.last().is_some_and(|node| is_edge(node, Node::END));
            let one_will_do = at.is_none() && (begins || closes);
            ends.open_before |= !begins && !one_will_do;
            ends.open_behind |= !closes && !one_will_do;
        }
        ends
    }

    /// The expression with an anchor wherever it is open.
    pub fn anchored(&self) -> String {
        let ends = self.ends();
        let one = self.branches().len() == 1;
        let (open, close) = if one { ("", "") } else { ("(?:", ")") };
        let before = if ends.open_before { "^" } else { "" };
        let behind = if ends.open_behind { "$" } else { "" };
        let around = |end: &str| format!("{before}{open}{}{end}{close}{behind}", self.matches);
        let plain = around("");
        // What `\Q` begins may go on to the end, and over an anchor.
        let closed = |text: &str| Self::parse(text, "").is_ok_and(|rule| rule.ends() == Ends::default());
        if closed(&plain) { plain } else { around(r"\E") }
    }

    /// Whether it is found in every user id.
    pub fn is_for_all(&self) -> bool {
        self.branches().iter().any(|branch| {
            let begin = branch.iter().take_while(|node| is_look(node, Node::BEGIN)).count();
            let end = branch.iter().rev().take_while(|node| is_look(node, Node::END)).count();
            let whole = begin > 0 && end > 0;
            let rest = branch.get(begin..branch.len().saturating_sub(end)).unwrap_or_default();
            let needed = rest.iter().filter(|node| !matches!(node, Node::Repeat { least: 0, .. })).count();
            let takes_any = |node: &Node| match node {
                Node::Repeat { of, least: 0 | 1, most: None, .. } if is_any(of) => true,
                Node::Repeat { least: 0, .. } => !whole,
                node => !whole && is_any(node),
            };
            rest.iter().all(takes_any) && needed <= 1 && !(whole && rest.is_empty())
        })
    }

    /// The domains that it spells, for user ids to try it with.
    pub fn domains(&self) -> Vec<String> {
        let text = |branch: &Vec<Node>| -> String { branch.iter().filter_map(single).collect() };
        let domain = |text: String| Some(text.rsplit_once('@')?.1.to_owned()).filter(|domain| !domain.is_empty());
        self.branches().iter().map(text).filter_map(domain).collect()
    }

    /// Its alternatives, each as what follows what.
    fn branches(&self) -> Vec<Vec<Node>> {
        let Ok((node, _)) = parse::parse(&self.matches) else { return Vec::new() };
        let mut whole = node;
        loop {
            whole = match whole {
                Node::Group(inner) => *inner,
                Node::Sequence(mut inner) if inner.len() == 1 => inner.remove(0),
                Node::Choice(branches) => return branches.into_iter().map(flat).collect(),
                other => return vec![flat(other)],
            };
        }
    }
}

/// What follows what in `node`, through groups.
fn flat(node: Node) -> Vec<Node> {
    match node {
        Node::Sequence(inner) => inner.into_iter().flat_map(flat).collect(),
        Node::Group(inner) if !matches!(*inner, Node::Choice(_)) => flat(*inner),
        other => vec![other],
    }
}

fn single(node: &Node) -> Option<char> {
    match node {
        Node::Class(class) => class.single(),
        _ => None,
    }
}

fn is_look(node: &Node, place: &str) -> bool {
    matches!(node, Node::Look(look) if *look == place)
}

fn is_any(node: &Node) -> bool {
    matches!(node, Node::Class(class) if class.is_wide(&[]))
}

/// Whether nothing of an address can stand beyond `node`: it is `place`, or takes what stands there.
fn is_edge(node: &Node, place: &str) -> bool {
    let takes_all = |of: &Node| matches!(of, Node::Class(class) if class.is_wide(&['@']));
    match node {
        Node::Repeat { of, most: None, greedy: true, .. } => takes_all(of),
        // The anchors of lines: no user id has two.
        Node::Look(look) => {
            *look == place || (*look).starts_with("(?m:") && (look.contains('^') == (place == Node::BEGIN))
        }
        _ => false,
    }
}
