//! `pages`: whose pages they are that people see of ours.
//!
//! Decides what may be set, so that a page stays complete in itself and readable. How it looks is `flow::pages`', and
//! where people are sent in its place is read by `elsewhere`.

use super::read::{Node, Report};

/// What our pages show of whose they are; the default shows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// A name above the headline; what stands for the logo where that cannot be seen.
    pub name: Option<String>,
    /// The colour of buttons, `#rrggbb`.
    pub accent: Option<String>,
    /// The same where people prefer dark pages.
    pub accent_dark: Option<String>,
    /// An image above the headline, as a `data:` URL.
    pub logo: Option<String>,
}

pub(super) fn read(node: &Node<'_>, report: &mut Report) -> Theme {
    let known = ["name", "accent", "accentDark", "logo", "refusedUrl", "failedUrl"];
    let Some(object) = node.object(&known, report) else { return Theme::default() };
    let colour =
        |name: &str, paper, report: &mut Report| object.member(name).and_then(|node| colour(&node, paper, report));
    let theme = Theme {
        name: object.member("name").and_then(|node| name(&node, report)),
        accent: colour("accent", LIGHT_PAPER, report),
        accent_dark: colour("accentDark", DARK_PAPER, report),
        logo: object.member("logo").and_then(|node| logo(&node, report)),
    };
    if theme.logo.is_some() && theme.name.is_none() {
        node.problem(report, "has a logo and no name", "add `name`: it is read out to whoever cannot see the logo");
    }
    if theme.accent.is_some() && theme.accent_dark.is_none() {
        let mend = "add `accentDark`: the colour for people who prefer dark pages, where the usual blue is shown now";
        report.warning(node.path(), "has an `accent` for light pages only", mend);
    }
    theme
}

fn name(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let name = node.text(report)?;
    if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) || name.trim() != name {
        node.problem(report, "is not a short name", "write up to 64 characters without spaces around them");
    }
    Some(name.to_owned())
}

/// Text on a button has the colour of the page around it.
fn colour(node: &Node<'_>, paper: [u8; 3], report: &mut Report) -> Option<String> {
    let text = node.text(report)?;
    let Some(parts) = parts(text) else {
        node.problem(report, "is not a colour", "write it as `#` and six hexadecimal digits, such as `#2456c8`");
        return None;
    };
    if contrast(luminance(parts), luminance(paper)) < READABLE {
        let mend = "choose one that differs more from the page: people with weak eyes cannot read the buttons (WCAG 2.2, 1.4.3)";
        report.warning(node.path(), "is too close to the colour of the page", mend);
    }
    Some(text.to_owned())
}

fn parts(text: &str) -> Option<[u8; 3]> {
    let digits =
        text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let part = |from: usize| u8::from_str_radix(digits.get(from..from.checked_add(2)?)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// Relative luminance of an sRGB colour (WCAG 2.2), from 0 to 1. The exponent is 2.40625 and not 2.4, which roots alone give.
fn luminance([red, green, blue]: [u8; 3]) -> f64 {
    let linear = |part: u8| {
        let part = (f64::from(part) / 255.0 + 0.055) / 1.055;
        let fourth = part.sqrt().sqrt();
        let eighth = fourth.sqrt();
        part * part * fourth * eighth * eighth.sqrt().sqrt()
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// From 1 to 21 (WCAG 2.2).
fn contrast(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn logo(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let text = node.text(report)?;
    let kinds = ["data:image/png;base64,", "data:image/svg+xml;base64,", "data:image/webp;base64,"];
    let image = kinds.iter().find_map(|kind| text.strip_prefix(kind));
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if text.len() > LARGEST_LOGO || !image.is_some_and(|image| !image.is_empty() && image.bytes().all(base64)) {
        let mend =
            "write a PNG, SVG or WebP of up to 16,384 characters as `data:image/png;base64,...`: a page loads nothing";
        node.problem(report, "is not a small image in itself", mend);
    }
    Some(text.to_owned())
}

/// `--paper` of the pages' style.
const LIGHT_PAPER: [u8; 3] = [0xff, 0xff, 0xff];
/// The same where people prefer dark pages.
const DARK_PAPER: [u8; 3] = [0x1b, 0x20, 0x29];
const READABLE: f64 = 4.5;
const LONGEST_NAME: usize = 64;
const LARGEST_LOGO: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    // The figures are those of the usual checkers.
    #[test]
    fn contrast_is_wcags_to_a_hundredth_or_two() {
        let of = |text: &str, paper| contrast(luminance(parts(text).unwrap()), luminance(paper));
        for (text, paper, figure) in [
            ("#000000", LIGHT_PAPER, 21.0),
            ("#767676", LIGHT_PAPER, 4.54),
            ("#2456c8", LIGHT_PAPER, 6.48),
            ("#ffee00", LIGHT_PAPER, 1.20),
            ("#1b2029", DARK_PAPER, 1.0),
            ("#8fb0ff", DARK_PAPER, 7.64),
        ] {
            let ours = of(text, paper);
            assert!((ours / figure - 1.0).abs() < 0.02, "{text}: {ours} and not {figure}");
        }
    }
}
