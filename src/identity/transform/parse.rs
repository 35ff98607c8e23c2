//! Go's syntax of regular expressions (RE2, as package `regexp/syntax` reads it with its flags for Perl).
//!
//! Decides what an expression is made of, and refuses what Go refuses. How it is matched is decided in `node`.

use super::{PatternError, class::Class, node::Node};

/// What an expression is, and the names of its groups, in order.
pub(super) fn parse(source: &str) -> Result<(Node, Vec<Option<String>>), PatternError> {
    let mut parser = Parser { rest: source, flags: Flags::default(), groups: Vec::new() };
    let node = parser.choice(0)?;
    if !parser.rest.is_empty() {
        return Err(PatternError::Parenthesis);
    }
    Ok((node, parser.groups))
}

#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
    lazy: bool,
}

struct Parser<'a> {
    rest: &'a str,
    flags: Flags,
    groups: Vec<Option<String>>,
}

/// The branch that is being read, and whether a repetition was the last thing in it.
#[derive(Default)]
struct Branch {
    nodes: Vec<Node>,
    repeated: bool,
}

impl Branch {
    fn push(&mut self, node: Node) {
        self.nodes.push(node);
    }
}

impl<'a> Parser<'a> {
    /// Alternatives, up to the parenthesis that closes them or to the end.
    fn choice(&mut self, depth: usize) -> Result<Node, PatternError> {
        if depth > DEEPEST {
            return Err(PatternError::Large);
        }
        let mut branches = Vec::new();
        let mut branch = Branch::default();
        loop {
            if self.take("|") {
                branches.push(Node::Sequence(std::mem::take(&mut branch).nodes));
            } else if self.rest.is_empty() || self.rest.starts_with(')') {
                branches.push(Node::Sequence(branch.nodes));
                return Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Choice(branches) });
            } else {
                let repeated = self.item(&mut branch, depth)?;
                branch.repeated = repeated;
            }
        }
    }

    /// The next thing; whether it is a repetition.
    fn item(&mut self, branch: &mut Branch, depth: usize) -> Result<bool, PatternError> {
        match self.next().unwrap_or_default() {
            '(' => self.group(branch, depth)?,
            '^' => branch.push(if self.flags.lines { Node::Look("(?m:^)") } else { Node::Look(Node::BEGIN) }),
            '$' => branch.push(if self.flags.lines { Node::Look("(?m:$)") } else { Node::Look(Node::END) }),
            '.' => branch.push(Node::Class(Class::dot(self.flags.dot_all))),
            '[' => {
                let class = self.class()?;
                branch.push(Node::Class(class));
            }
            '*' => return self.repeat(branch, 0, None),
            '+' => return self.repeat(branch, 1, None),
            '?' => return self.repeat(branch, 0, Some(1)),
            '{' => match counts(self.rest) {
                Some((counts, rest)) => {
                    self.rest = rest;
                    let least = counts.least.ok_or(PatternError::Counts)?;
                    let most = counts.most.map(|most| most.ok_or(PatternError::Counts)).transpose()?;
                    if most.is_some_and(|most| most < least) {
                        return Err(PatternError::CountOrder);
                    }
                    return self.repeat(branch, least, most);
                }
                None => self.literal(branch, '{')?,
            },
            '\\' => self.escape(branch)?,
            other => self.literal(branch, other)?,
        }
        Ok(false)
    }

    fn repeat(&mut self, branch: &mut Branch, least: u32, most: Option<u32>) -> Result<bool, PatternError> {
        let lazy = self.take("?");
        let of = branch.nodes.pop().filter(|_| !branch.repeated).ok_or(PatternError::Repetition)?;
        let node = Node::Repeat { of: Box::new(of), least, most, greedy: lazy == self.flags.lazy };
        if !node.is_countable(MOST_COPIES) {
            return Err(PatternError::Counts);
        }
        branch.push(node);
        Ok(true)
    }

    fn literal(&self, branch: &mut Branch, letter: char) -> Result<(), PatternError> {
        let class = Class::range(letter.into(), letter.into());
        branch.push(Node::Class(self.in_case(class)?));
        Ok(())
    }

    fn in_case(&self, class: Class) -> Result<Class, PatternError> {
        if self.flags.fold { class.folded() } else { Ok(class) }
    }

    /// What stands after `(`.
    fn group(&mut self, branch: &mut Branch, depth: usize) -> Result<(), PatternError> {
        let outside = self.flags;
        let name = if self.take("?P<") {
            let (name, rest) = self.rest.split_once('>').ok_or(PatternError::GroupName)?;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(PatternError::GroupName);
            }
            self.rest = rest;
            Some(Some(name.to_owned()))
        } else if self.take("?") {
            if !self.flags()? {
                return Ok(());
            }
            None
        } else {
            Some(None)
        };
        let captures = name.is_some();
        self.groups.extend(name);
        let inside = self.choice(depth.saturating_add(1))?;
        if !self.take(")") {
            return Err(PatternError::Parenthesis);
        }
        self.flags = outside;
        branch.push(if captures { Node::Group(Box::new(inside)) } else { inside });
        Ok(())
    }

    /// Flags after `(?`; whether a group begins behind them.
    fn flags(&mut self) -> Result<bool, PatternError> {
        let mut flags = self.flags;
        let (mut on, mut empty) = (true, false);
        loop {
            let flag = self.next();
            empty = match flag {
                Some('i') => set(&mut flags.fold, on),
                Some('m') => set(&mut flags.lines, on),
                Some('s') => set(&mut flags.dot_all, on),
                Some('U') => set(&mut flags.lazy, on),
                Some('-') if on => {
                    on = false;
                    true
                }
                Some(':' | ')') if !empty => {
                    self.flags = flags;
                    return Ok(flag == Some(':'));
                }
                _ => return Err(PatternError::Group),
            };
        }
    }

    /// What stands after `\`, outside of brackets.
    fn escape(&mut self, branch: &mut Branch) -> Result<(), PatternError> {
        let before = self.rest;
        match self.next() {
            Some('A') => branch.push(Node::Look(Node::BEGIN)),
            Some('z') => branch.push(Node::Look(Node::END)),
            Some('b') => branch.push(Node::Look(r"\b")),
            Some('B') => branch.push(Node::Look(r"\B")),
            Some('Q') => {
                let (quoted, rest) = self.rest.split_once(r"\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                quoted.chars().try_for_each(|letter| self.literal(branch, letter))?;
            }
            _ => {
                self.rest = before;
                match self.named_escape()? {
                    Some(class) => branch.push(Node::Class(class)),
                    None => {
                        let letter = self.character()?;
                        self.literal(branch, letter)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// `d`, `D` and their kin after `\`, if it is one.
    fn named_escape(&mut self) -> Result<Option<Class>, PatternError> {
        let letter = self.rest.chars().next().unwrap_or_default();
        if matches!(letter, 'p' | 'P') {
            return Err(PatternError::UnicodeClass);
        }
        let Some(class) = Class::perl(letter.to_ascii_lowercase()) else { return Ok(None) };
        self.next();
        let class = self.in_case(class)?;
        Ok(Some(if letter.is_ascii_uppercase() { class.negated() } else { class }))
    }

    /// The one character that stands after `\`.
    fn character(&mut self) -> Result<char, PatternError> {
        let point = match self.next().ok_or(PatternError::Escape)? {
            'a' => 7,
            'f' => 0xC,
            'n' => 0xA,
            'r' => 0xD,
            't' => 9,
            'v' => 0xB,
            'x' => self.hexadecimal()?,
            digit @ '0'..='7' => self.octal(digit)?,
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => other.into(),
            _ => return Err(PatternError::Escape),
        };
        char::from_u32(point).ok_or(PatternError::Escape)
    }

    /// Up to three octal digits; one alone, but for `0`, would be a back-reference.
    fn octal(&mut self, first: char) -> Result<u32, PatternError> {
        let length = self.rest.bytes().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
        if first != '0' && length == 0 {
            return Err(PatternError::Escape);
        }
        let (digits, rest) = self.rest.split_at_checked(length).ok_or(PatternError::Escape)?;
        self.rest = rest;
        u32::from_str_radix(&format!("{first}{digits}"), 8).map_err(|_| PatternError::Escape)
    }

    /// Two hexadecimal digits, or any number of them in braces.
    fn hexadecimal(&mut self) -> Result<u32, PatternError> {
        let split = if self.take("{") { self.rest.split_once('}') } else { self.rest.split_at_checked(2) };
        let (digits, rest) = split.ok_or(PatternError::Escape)?;
        self.rest = rest;
        // `from_str_radix` would take a sign, too.
        let point = u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'));
        point.ok_or(PatternError::Escape)
    }

    /// What stands after `[`.
    fn class(&mut self) -> Result<Class, PatternError> {
        let negated = self.take("^");
        let mut class = Class::default();
        let mut first = true;
        while first || !self.take("]") {
            first = false;
            if let Some(named) = self.posix_class()? {
                class.add(named);
                continue;
            }
            let before = self.rest;
            if self.take("\\")
                && let Some(named) = self.named_escape()?
            {
                class.add(named);
                continue;
            }
            self.rest = before;
            let low = self.class_character()?;
            let mut high = low;
            // `[a-]` is `a` and `-`.
            if self.rest.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && !rest.starts_with(']')) {
                self.next();
                high = self.class_character()?;
            }
            if high < low {
                return Err(PatternError::RangeOrder);
            }
            class.add(self.in_case(Class::range(low.into(), high.into()))?);
        }
        Ok(if negated { class.negated() } else { class })
    }

    fn class_character(&mut self) -> Result<char, PatternError> {
        match self.next().ok_or(PatternError::Brackets)? {
            '\\' => self.character(),
            letter => Ok(letter),
        }
    }

    /// `[:name:]` or `[:^name:]`, if it is one.
    fn posix_class(&mut self) -> Result<Option<Class>, PatternError> {
        let split = self.rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]"));
        let Some((name, rest)) = split else { return Ok(None) };
        self.rest = rest;
        let positive = name.strip_prefix('^');
        let class = Class::named(positive.unwrap_or(name)).ok_or(PatternError::ClassName)?;
        let class = self.in_case(class)?;
        Ok(Some(if positive.is_some() { class.negated() } else { class }))
    }

    fn next(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let next = letters.next()?;
        self.rest = letters.as_str();
        Some(next)
    }

    /// Whether `text` stood next; it is behind us then.
    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

fn set(flag: &mut bool, on: bool) -> bool {
    *flag = on;
    false
}

/// What stands after `{` if it counts, and the rest; anything else is no count, and the brace a character. A number that Go
/// finds too large is none.
fn counts(rest: &str) -> Option<(Counts, &str)> {
    let (least, rest) = number(rest)?;
    let Some(rest) = rest.strip_prefix(',') else {
        return Some((Counts { least, most: Some(least) }, rest.strip_prefix('}')?));
    };
    match rest.strip_prefix('}') {
        Some(rest) => Some((Counts { least, most: None }, rest)),
        None => {
            let (most, rest) = number(rest)?;
            Some((Counts { least, most: Some(most) }, rest.strip_prefix('}')?))
        }
    }
}

struct Counts {
    least: Option<u32>,
    most: Option<Option<u32>>,
}

fn number(text: &str) -> Option<(Option<u32>, &str)> {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = text.strip_suffix(rest)?;
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.parse().ok().filter(|number| *number <= MOST_COPIES), rest))
}

/// Go takes no more copies of anything, nested ones multiplied.
const MOST_COPIES: u32 = 1000;
/// How deep groups may nest here; Go takes a thousand.
const DEEPEST: usize = 50;
