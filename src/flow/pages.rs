//! The pages that we show, each complete in itself: no script, no foreign resource, a content security policy that says so.
//!
//! Decides how a refusal or a notice looks. Texts are fixed; the few values that stand in a page are escaped.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{config::Theme, http::reply::Reply};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f27;--soft:#5b6472;--paper:#fff;--ground:#eef1f5;--line:#d7dce4;--accent:#2456c8}\
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a3acba;--paper:#1b2029;--ground:#12151b;--line:#323a47;--accent:#8fb0ff}}\
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);\
color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\
main{width:100%;max-width:30rem;padding:2.25rem 2.25rem 1.75rem;background:var(--paper);border:1px solid var(--line);border-radius:14px}\
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.25;text-wrap:balance}p{margin:0 0 1.25rem;text-wrap:pretty}\
img{display:block;max-width:100%;max-height:3rem;margin:0 0 1rem}a.go,button.go{display:inline-block;padding:.65rem 1.25rem;border:0;border-radius:8px;background:var(--accent);color:var(--paper);\
font:inherit;font-weight:600;text-decoration:none;cursor:pointer}a.go:focus-visible,button.go:focus-visible{outline:3px solid var(--ink);outline-offset:2px}\
dl{margin:0 0 1.5rem;display:grid;grid-template-columns:fit-content(40%) 1fr;gap:.4rem 1.25rem}dt{color:var(--soft)}\
dt,dd{margin:0;overflow-wrap:anywhere}@media(max-width:30rem){dl{display:block}dd{margin:0 0 .75rem}}form{margin:0}ul{margin:0;padding:0;list-style:none;display:grid;gap:.75rem}li a.go{display:block;text-align:center}small{display:block;margin-top:1.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft)}";

/// One page.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// HTTP status.
    pub status: u16,
    /// Headline and title.
    pub title: &'a str,
    /// What happened.
    pub text: &'a str,
    /// What the person can do.
    pub action: Action<'a>,
    /// The stable code, shown small for whoever is asked for help.
    pub code: &'a str,
    /// Whether a page of our own origin may frame it.
    pub framed: bool,
    /// Whose page it is.
    pub theme: &'a Theme,
}

/// Something that a page tells, by name.
#[derive(Clone, Debug)]
pub struct Fact<'a> {
    /// What it is.
    pub name: &'a str,
    /// How it is.
    pub value: String,
}

/// One of several things to do.
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    /// Where to.
    pub href: String,
    /// What stands on it.
    pub label: &'a str,
}

/// What a page offers.
#[derive(Clone, Copy, Debug)]
pub enum Action<'a> {
    /// A link for each.
    Choice(&'a [Choice<'a>]),
    /// A button that posts to `path`.
    Post {
        /// Where to.
        path: &'a str,
        /// What stands on it.
        label: &'a str,
    },
    /// A link, and below it a button that posts to `path`.
    LinkAndPost {
        /// Where the link leads.
        href: &'a str,
        /// What stands on it.
        label: &'a str,
        /// Where the button posts to.
        path: &'a str,
        /// What stands on it.
        button: &'a str,
    },
    /// A link.
    Link {
        /// Where to.
        href: &'a str,
        /// What stands on it.
        label: &'a str,
        /// Where it opens.
        target: Target,
    },
    /// Nothing to do.
    None,
}

/// Where a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// In a new tab, so that this one keeps what was typed.
    NewTab,
    /// Here.
    Same,
    /// In place of the page around the frame.
    Top,
}

impl Page<'_> {
    /// The page as an answer.
    pub fn reply(&self) -> Reply {
        self.reply_with(&[])
    }

    /// The page as an answer, with `facts`.
    pub fn reply_with(&self, facts: &[Fact<'_>]) -> Reply {
        let ancestors = if self.framed { "'self'" } else { "'none'" };
        let styles = self.theme.style();
        let style = STANDARD.encode(Sha256::digest(&styles));
        let images = if self.theme.logo.is_some() { "img-src data:; " } else { "" };
        // A form of ours is answered with a redirect to the provider, and from there on: browsers hold `form-action` against
        // every step of that, and would end it at the first host that is not listed.
        let forms = if matches!(self.action, Action::Post { .. } | Action::LinkAndPost { .. }) {
            ""
        } else {
            "form-action 'none'; "
        };
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; {images}{forms}base-uri 'none'; frame-ancestors {ancestors}"
        );
        let framing = if self.framed { "SAMEORIGIN" } else { "DENY" };
        Reply::html(self.status, self.html(facts, &styles), &policy).with("x-frame-options", framing)
    }

    fn html(&self, facts: &[Fact<'_>], style: &str) -> String {
        let fact = |fact: &Fact<'_>| format!("<dt>{}</dt><dd>{}</dd>", escape(fact.name), escape(&fact.value));
        let facts: String = facts.iter().map(fact).collect();
        let facts = if facts.is_empty() { facts } else { format!("<dl>{facts}</dl>") };
        let (title, text, code, action) =
            (escape(self.title), escape(self.text), escape(self.code), self.action.html());
        let head = self.theme.head();
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
             <style>{style}</style></head><body><main>{head}<h1>{title}</h1><p>{text}</p>{facts}{action}\
             <small>Code: {code}</small></main></body></html>"
        )
    }
}

impl Theme {
    /// The style of every page, with the colours that are set.
    fn style(&self) -> String {
        let accent = |accent: &String| format!(":root{{--accent:{accent}}}");
        let scheme = |name: &str, colour: &Option<String>| {
            let accent = colour.as_ref().map(accent)?;
            Some(format!("@media(prefers-color-scheme:{name}){{{accent}}}"))
        };
        let themed = [scheme("light", &self.accent), scheme("dark", &self.accent_dark)];
        themed.into_iter().flatten().fold(STYLE.to_owned(), |style, more| style + &more)
    }

    /// What stands above the headline.
    fn head(&self) -> String {
        let name = escape(self.name.as_deref().unwrap_or_default());
        match &self.logo {
            Some(logo) => format!("<img src=\"{}\" alt=\"{name}\">", escape(logo)),
            None if name.is_empty() => name,
            None => format!("<p><strong>{name}</strong></p>"),
        }
    }
}

impl Action<'_> {
    fn html(&self) -> String {
        match self {
            Self::Choice(choices) => {
                let link = |Choice { href, label }: &Choice<'_>| {
                    format!("<li><a class=\"go\" href=\"{}\">{}</a></li>", escape(href), escape(label))
                };
                format!("<ul>{}</ul>", choices.iter().map(link).collect::<String>())
            }
            Self::None => String::new(),
            Self::Post { path, label } => format!(
                "<form method=\"post\" action=\"{}\"><button class=\"go\">{}</button></form>",
                escape(path),
                escape(label)
            ),
            Self::LinkAndPost { href, label, path, button } => {
                let link = Action::Link { href, label, target: Target::Same };
                format!("<p>{}</p>{}", link.html(), Action::Post { path, label: button }.html())
            }
            Self::Link { href, label, target } => {
                format!("<a class=\"go\" href=\"{}\"{}>{}</a>", escape(href), target.attributes(), escape(label))
            }
        }
    }
}

impl Target {
    const fn attributes(self) -> &'static str {
        match self {
            Self::NewTab => " target=\"_blank\" rel=\"noopener\"",
            Self::Same => "",
            Self::Top => " target=\"_top\"",
        }
    }
}

/// Text made safe in element content and in double-quoted attributes.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, letter| {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(framed: bool) -> Reply {
        let action = Action::Link { href: "/x?a=\"><script>", label: "<b>", target: Target::Top };
        Page { status: 401, title: "<i>", text: "'&'", action, code: "c", framed, theme: &Theme::default() }.reply()
    }

    // T-74
    #[test]
    fn nothing_in_a_page_is_unescaped() {
        let body = page(false).body().to_owned();
        assert!(
            body.contains("&lt;i&gt;")
                && body.contains("&#39;&amp;&#39;")
                && body.contains("a=&quot;&gt;&lt;script&gt;")
        );
        assert!(!body.contains("<script>") && !body.contains("<i>") && !body.contains("<b>"));
    }

    // T-74
    #[test]
    fn the_policy_allows_no_script_and_only_our_own_style() {
        let reply = page(false);
        let policy = reply.header("content-security-policy").unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe") && policy.ends_with("frame-ancestors 'none'"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }

    #[test]
    fn a_form_of_ours_may_lead_to_the_provider_and_no_other_page_has_one() {
        let policy = |action| {
            let theme = Theme::default();
            let page = Page { status: 403, title: "t", text: "t", action, code: "c", framed: false, theme: &theme };
            page.reply().header("content-security-policy").unwrap().to_owned()
        };
        assert!(!policy(Action::Post { path: "/oauth2/sign-out", label: "Sign out" }).contains("form-action"));
        assert!(policy(Action::None).contains("; form-action 'none'; "));
    }

    #[test]
    fn an_operators_colours_are_each_for_its_own_scheme_and_nothing_of_theirs_is_unescaped() {
        let text = |text: &str| Some(text.to_owned());
        let theme = Theme {
            name: text("<Sons>"),
            accent: text("#102030"),
            accent_dark: text("#fefefe"),
            logo: text("data:image/png;base64,AAAA"),
        };
        let page =
            Page { status: 403, title: "t", text: "t", action: Action::None, code: "c", framed: false, theme: &theme };
        let reply = page.reply();
        for part in [
            "@media(prefers-color-scheme:light){:root{--accent:#102030}}",
            "@media(prefers-color-scheme:dark){:root{--accent:#fefefe}}",
            "<img src=\"data:image/png;base64,AAAA\" alt=\"&lt;Sons&gt;\">",
        ] {
            assert!(reply.body().contains(part), "{part}");
        }
        let style = reply.body().split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).unwrap().0;
        let digest = STANDARD.encode(Sha256::digest(style));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains(&format!("style-src 'sha256-{digest}'")) && policy.contains("img-src data:; "));
        let light = Theme { accent: text("#102030"), ..Theme::default() };
        assert!(!light.style().contains("dark){:root{--accent:#102030"));
    }

    #[test]
    fn only_a_page_for_frames_may_be_framed_and_only_by_ourselves() {
        assert_eq!(page(true).header("x-frame-options"), Some("SAMEORIGIN"));
        assert_eq!(page(false).header("x-frame-options"), Some("DENY"));
    }
}
