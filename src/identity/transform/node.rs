//! What an expression is made of, and the same in the syntax of `regex-lite`.
//!
//! Decides that nothing is left to the other library's own reading: flags are resolved, every character stands as a range of
//! code points, and every operator around parentheses.

use std::fmt::Write;

use super::class::Class;

/// An expression or a part of one.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// One of these alternatives, the first that leads to a match.
    Choice(Vec<Self>),
    /// A character.
    Class(Class),
    /// A group that templates may name.
    Group(Box<Self>),
    /// A place, in a spelling that both libraries share.
    Look(&'static str),
    /// Copies of something.
    Repeat {
        /// Of what.
        of: Box<Self>,
        /// How many at least.
        least: u32,
        /// How many at most.
        most: Option<u32>,
        /// Whether rather more than fewer.
        greedy: bool,
    },
    /// One after the other.
    Sequence(Vec<Self>),
}

impl Node {
    /// The beginning of the text.
    pub(super) const BEGIN: &str = r"\A";
    /// The end of the text.
    pub(super) const END: &str = r"\z";

    /// Whether no part is repeated more than `copies` times, all counts that it is in multiplied.
    pub(super) fn is_countable(&self, copies: u32) -> bool {
        match self {
            Self::Class(_) | Self::Look(_) => true,
            Self::Group(inner) => inner.is_countable(copies),
            Self::Choice(inner) | Self::Sequence(inner) => inner.iter().all(|node| node.is_countable(copies)),
            Self::Repeat { most: Some(0), .. } => true,
            Self::Repeat { of, least, most, .. } => {
                let count = most.unwrap_or(*least).max(1);
                copies.checked_div(count).is_some_and(|copies| copies > 0 && of.is_countable(copies))
            }
        }
    }

    /// About how many states a matcher of it has, each looked at once a character at most.
    pub(super) fn states(&self) -> usize {
        let sum = |nodes: &[Self]| nodes.iter().fold(1_usize, |sum, node| sum.saturating_add(node.states()));
        match self {
            Self::Class(_) | Self::Look(_) => 1,
            Self::Group(inner) => inner.states().saturating_add(2),
            Self::Choice(inner) | Self::Sequence(inner) => sum(inner),
            Self::Repeat { of, least, most, .. } => {
                let copies = most.unwrap_or(*least).max(1);
                of.states().saturating_add(1).saturating_mul(copies.try_into().unwrap_or(usize::MAX))
            }
        }
    }

    /// Writes it as `regex-lite` reads it.
    pub(super) fn print(&self, out: &mut String) {
        match self {
            Self::Choice(inner) => {
                out.push_str("(?:");
                for (index, node) in inner.iter().enumerate() {
                    out.push_str(if index > 0 { "|" } else { "" });
                    node.print(out);
                }
                out.push(')');
            }
            Self::Class(class) => print_class(class, out),
            Self::Group(inner) => {
                out.push('(');
                inner.print(out);
                out.push(')');
            }
            Self::Look(look) => out.push_str(look),
            Self::Repeat { of, least, most, greedy } => {
                out.push_str("(?:");
                of.print(out);
                let most = most.map(|most| most.to_string()).unwrap_or_default();
                // Writing to a string never fails.
                let _ = write!(out, "){{{least},{most}}}{}", if *greedy { "" } else { "?" });
            }
            Self::Sequence(inner) => inner.iter().for_each(|node| node.print(out)),
        }
    }
}

fn print_class(class: &Class, out: &mut String) {
    out.push('[');
    let ranges = class.ranges();
    // The other library has no empty brackets, but those of no character.
    out.push_str(if ranges.is_empty() { r"^\x{0}-\x{10FFFF}" } else { "" });
    for (low, high) in ranges {
        // No text has surrogates, and the other library does not take them for characters.
        let low = if SURROGATES.contains(low) { 0xE000 } else { *low };
        let high = if SURROGATES.contains(high) { 0xD7FF } else { *high };
        let _ = write!(out, r"\x{{{low:x}}}-\x{{{high:x}}}");
    }
    out.push(']');
}

const SURROGATES: std::ops::RangeInclusive<u32> = 0xD800..=0xDFFF;
