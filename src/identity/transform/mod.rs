//! Rules that rewrite user ids, as oidc-authservice's USERID_TRANSFORMERS: Go's regular expressions and templates.
//!
//! Decides what a rule means, which rule applies, how much matching may cost, and that an expression means here what it means
//! in Go or is refused by name. What a user id is, and what becomes of one that nothing is left of, is decided by `identity`.
//!
//! | File | Decides |
//! |---|---|
//! | `advice` | what in a rule is probably not meant so |
//! | `class` | sets of characters, and other cases of letters |
//! | `node` | an expression as the library that matches it is given it |
//! | `parse` | Go's syntax |
//! | `template` | Go's templates |

#[cfg(not(target_arch = "wasm32"))]
mod advice;
mod class;
mod node;
mod parse;
mod template;

use std::fmt;

#[cfg(not(target_arch = "wasm32"))]
pub use advice::Ends;
use regex_lite::{Regex, RegexBuilder};
use template::Template;

/// Rules in order: the first whose expression is found applies, and no other.
#[derive(Clone, Debug, Default)]
pub struct Transforms(Vec<Transform>);

/// One rule.
#[derive(Clone, Debug)]
pub struct Transform {
    matches: String,
    replaces: String,
    regex: Regex,
    states: usize,
    template: Template,
}

/// Why a text is no expression that can be meant here as in Go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// Brackets that do not end.
    Brackets,
    /// `[:name:]` of a name that no class has.
    ClassName,
    /// Two counts that run backwards.
    CountOrder,
    /// A count above 1,000, also multiplied through nesting.
    Counts,
    /// An escape that Go does not have, or that of a surrogate.
    Escape,
    /// `(?i)` for a letter whose other cases are not known here.
    Folding,
    /// Flags or a kind of group that Go does not have.
    Group,
    /// The name of a group, which Go does not take.
    GroupName,
    /// It becomes too large, or nests too deeply.
    Large,
    /// It is written with too many characters.
    Long,
    /// A parenthesis without its other one.
    Parenthesis,
    /// A range of characters that runs backwards.
    RangeOrder,
    /// A repetition of nothing, or of a repetition.
    Repetition,
    /// `\p`: a class of Unicode's, which are not carried here.
    UnicodeClass,
}

/// Why a rule is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransformError {
    /// The expression.
    Pattern(PatternError),
    /// The template is too long.
    TemplateLong,
    /// A name in the template goes on beyond ASCII.
    TemplateName,
}

/// A text became longer than any user id, or it took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwieldy;

impl Transforms {
    /// These rules.
    pub fn new(rules: Vec<Transform>) -> Self {
        Self(rules)
    }

    /// The rules in order.
    pub fn rules(&self) -> &[Transform] {
        &self.0
    }

    /// What `id` becomes, and by which rule, counted from 0; `None` if none applies.
    ///
    /// # Errors
    /// [`Unwieldy`] if it or its result is too long, or took too long.
    pub fn apply(&self, id: &str) -> Result<Option<(usize, String)>, Unwieldy> {
        if !self.0.is_empty() && id.len() > LONGEST_ID {
            return Err(Unwieldy);
        }
        let results = self.0.iter().enumerate().map(|(index, rule)| Ok(rule.apply(id)?.map(|result| (index, result))));
        results.filter_map(Result::transpose).next().transpose()
    }
}

impl Transform {
    /// Reads `matches` as Go reads a regular expression, and `replaces` as it reads a template.
    ///
    /// # Errors
    /// [`TransformError`] says what is wrong.
    pub fn parse(matches: &str, replaces: &str) -> Result<Self, TransformError> {
        let (regex, states, groups) = compile(matches).map_err(TransformError::Pattern)?;
        if replaces.chars().count() > LONGEST_SOURCE {
            return Err(TransformError::TemplateLong);
        }
        let template = Template::parse(replaces, &groups).ok_or(TransformError::TemplateName)?;
        Ok(Self { matches: matches.to_owned(), replaces: replaces.to_owned(), regex, states, template })
    }

    /// The expression as it is written.
    pub fn matches(&self) -> &str {
        &self.matches
    }

    /// The template as it is written.
    pub fn replaces(&self) -> &str {
        &self.replaces
    }

    /// How much it adds to what matching one user id costs at most.
    pub const fn states(&self) -> usize {
        self.states
    }

    /// `text` with every match replaced; `None` if there is none. As Go's ReplaceAllString: no match overlaps another, and an empty
    /// one right behind another does not count.
    ///
    /// # Errors
    /// [`Unwieldy`] if the result is too long, or took too long.
    pub fn apply(&self, text: &str) -> Result<Option<String>, Unwieldy> {
        let mut locations = self.regex.capture_locations();
        let mut result = String::new();
        let (mut copied, mut search, mut steps) = (0, 0, 0_usize);
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        while search <= text.len() {
            let Some(found) = self.regex.captures_read_at(&mut locations, text, search) else { break };
            result.push_str(part(copied, found.start()));
            if found.end() > copied || found.start() == 0 {
                let group = |index| locations.get(index).map(|(from, to)| part(from, to));
                self.template.expand(group, &mut result);
            }
            copied = found.end();
            let left = text.len().saturating_sub(search);
            let width = part(search, text.len()).chars().next().map_or(1, char::len_utf8);
            search = found.end().max(search.saturating_add(width));
            steps = steps.saturating_add(left.saturating_mul(self.states));
            if result.len() > LONGEST_RESULT || steps > MOST_STEPS {
                return Err(Unwieldy);
            }
        }
        // Every search but the last sets `search` beyond 0.
        if search == 0 {
            return Ok(None);
        }
        result.push_str(part(copied, text.len()));
        if result.len() > LONGEST_RESULT { Err(Unwieldy) } else { Ok(Some(result)) }
    }
}

type Compiled = (Regex, usize, Vec<Option<String>>);

/// The expression for the library that matches it, its states, and the names of its groups.
fn compile(source: &str) -> Result<Compiled, PatternError> {
    if source.chars().count() > LONGEST_SOURCE {
        return Err(PatternError::Long);
    }
    let (node, groups) = parse::parse(source)?;
    let states = node.states();
    if states > MOST_STATES {
        return Err(PatternError::Large);
    }
    let mut printed = String::new();
    node.print(&mut printed);
    let regex = RegexBuilder::new(&printed).nest_limit(DEEPEST).build().map_err(|_| PatternError::Large)?;
    Ok((regex, states, groups))
}

impl PatternError {
    /// What to write instead.
    pub const fn mend(self) -> &'static str {
        match self {
            Self::Brackets => "write the `]`, or `\\[` for the character itself",
            Self::ClassName => "write one of Go's names, such as `[:alpha:]`, `[:digit:]` or `[:alnum:]`",
            Self::CountOrder => "write the lower count first, as `{2,5}`",
            Self::Counts => "write lower counts, or `*` and `+`, which have no bound",
            Self::Escape => {
                "take the `\\` away, or write what it stands for: `\\z` is the end, `\\x{e9}` a character by its number"
            }
            Self::Folding => "write both cases, as `[Łł]`, and take the part out of `(?i)`, as `(?-i:[Łł])`",
            Self::Large => "use lower counts, fewer of them inside each other, and fewer groups",
            Self::Long => "split it into several rules",
            Self::UnicodeClass => "name the characters, as `[A-Za-z]` for `\\p{Latin}`",
            Self::Group => "write `(...)`, `(?:...)` or `(?P<name>...)`, or flags among `i`, `m`, `s` and `U`",
            Self::GroupName => "write `(?P<name>...)` with such a name",
            Self::Parenthesis => "write its other one, or `\\(` and `\\)` for the characters themselves",
            Self::RangeOrder => "write the lower character first, as `[a-z]`, and a `-` itself at the end, as `[a-]`",
            Self::Repetition => {
                "write what is repeated before it, or `\\*`, `\\+` and `\\?` for the characters themselves"
            }
        }
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Brackets => "has a `[` without its `]`",
            Self::ClassName => "has a class of a name that Go does not know, as `[:letter:]`",
            Self::CountOrder => "repeats something between two counts that run backwards, as `a{5,2}`",
            Self::Counts => "repeats something more than 1,000 times, counts inside each other multiplied",
            Self::Escape => "has a `\\` before what Go does not take there, as in back-references and `\\Z`",
            Self::Folding => {
                "ignores the case of a character beyond Latin-1 (`(?i)`), whose other cases are not known here"
            }
            Self::Group => "has flags or a group that Go does not know, as `(?=`, `(?<name>` and `(?x)`",
            Self::GroupName => "has a group whose name is not of ASCII letters, digits and `_`",
            Self::Large => "becomes too large, as by counted repetitions, or nests too deeply",
            Self::Long => "has more than 1,000 characters",
            Self::Parenthesis => "has a parenthesis without its other one",
            Self::RangeOrder => "has a range that runs backwards, as `[z-a]`",
            Self::Repetition => "repeats nothing, or what is repeated already, as `a++`",
            Self::UnicodeClass => "has a class of Unicode (`\\p`), which are not known here",
        })
    }
}

impl std::error::Error for PatternError {}

/// The most characters of an expression or a template.
pub const LONGEST_SOURCE: usize = 1000;
/// The most states of all rules together: what looking for them in one user id costs at most, a character.
pub const MOST_STATES_TOGETHER: usize = 4096;
/// The longest user id that is looked at, in bytes: the longest address (RFC 5321 §4.5.3.1) has 320.
const LONGEST_ID: usize = 512;
/// The longest that one becomes, in bytes.
const LONGEST_RESULT: usize = 1024;
/// The most states of a rule.
const MOST_STATES: usize = 1024;
/// What replacing may cost, in states looked at: matches may be many, and each may be sought to the end of the text.
const MOST_STEPS: usize = 2_000_000;
/// How deep the library may nest: a group of ours is up to four of its levels.
const DEEPEST: u32 = 250;
