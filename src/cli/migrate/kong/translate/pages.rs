//! Our endpoints, and where people go.
//!
//! Decides which path is the callback's, and that no token stands in a page or an address.

use super::{
    super::{super::yaml::Tree, input::Inputs, input::Kind},
    given::Given,
    routes::Matched,
    rules::{self, Treatment},
    sign_out,
};

/// `paths`.
pub(super) fn paths(given: &mut Given<'_>, inputs: &Inputs) -> Tree {
    let paths = match callback(given, inputs) {
        Some(path) => Tree::map().with("callback", path),
        None => Tree::map(),
    };
    sign_out::paths(given, paths)
}

/// `redirect_uri`: its path, if that can be a path of its own.
fn callback(given: &mut Given<'_>, inputs: &Inputs) -> Option<String> {
    let addresses = given.list("redirect_uri");
    let chosen = given.choices.callback.clone();
    let path = match (&chosen, addresses.first()) {
        (Some(path), _) => {
            given.ledger.source("paths.callback", "--callback");
            if given.is_set("redirect_uri") {
                given.changed("redirect_uri", "`--callback` says otherwise, and counts");
            }
            Some(path.clone())
        }
        (None, Some(address)) => taken(given, inputs, address),
        (None, None) => {
            given.changed(
                "redirect_uri (not set)",
                "`/oauth2/callback` at each host, a path of its own: Kong came back to whatever address a person had asked for, so that \
                 all of those had to be registered",
            );
            None
        }
    };
    let at = path.as_deref().unwrap_or("/oauth2/callback");
    let hosts: Vec<_> = given.choices.public_urls.iter().map(|url| url.trim_end_matches('/')).collect();
    let said = hosts.iter().map(|host| format!("`{host}{at}`")).collect::<Vec<_>>().join(", ");
    given.ledger.step(format!("register {said} at the provider as a callback, beside Kong's"));
    path
}

fn taken(given: &mut Given<'_>, inputs: &Inputs, address: &str) -> Option<String> {
    let Some(path) = url::Url::parse(address).ok().map(|url| url.path().to_owned()) else {
        given.refuse("redirect_uri", "is no URL: write it with https:// and the host");
        return None;
    };
    given.source("paths.callback", "redirect_uri");
    let is_page = inputs.declared.routes.iter().any(|route| route.has_path(&path));
    if path.trim_matches('/').is_empty() || is_page {
        given.changed(
            "redirect_uri",
            format!(
                "`/oauth2/callback`: the callback is a path of its own here, and `{path}` is an application's page. `--callback PATH` chooses \
                 another"
            ),
        );
        return None;
    }
    let path = path.trim_end_matches('/').to_owned();
    match given.choices.own_path(address).is_some() {
        true => given.changed("redirect_uri", format!("`paths.callback: {path}`, at every host of `publicUrls`. No page of an application can be there")),
        false => given.changed(
            "redirect_uri",
            format!("`paths.callback: {path}`, at the public URLs: people come back to the host where they began, and not to another one"),
        ),
    }
    Some(path)
}

/// `afterSignIn`: what `login_action` says.
pub(super) fn after_sign_in(given: &mut Given<'_>) -> Option<Tree> {
    let action = given.text("login_action").unwrap_or_else(|| "upstream".to_owned());
    let is_fixed = given.plugin.kind != Kind::Plugin;
    let tokens = if is_fixed { Vec::new() } else { given.list_or_default("login_tokens") };
    let label = if given.is_set("login_action") { "login_action" } else { "login_action (not set)" };
    if action != "upstream" && !tokens.is_empty() {
        let default = if given.is_set("login_tokens") { "" } else { " (Kong's default)" };
        given.refuse(
            label,
            &format!(
                "is {action}, with {}{default} as login_tokens: tokens in pages and addresses end up in histories, logs and scripts. Write \
                 `login_tokens: []`; the page of login_redirect_uri learns where the person wanted to go, and `/oauth2/whoami` who they are",
                tokens.join(", ")
            ),
        );
    } else if given.written("login_tokens").is_some() {
        given.carried("login_tokens", "none, as always: no token reaches a browser");
    }
    let target = given.text("login_redirect_uri");
    match (action.as_str(), target) {
        ("redirect", Some(target)) | ("upstream", Some(target)) if action == "redirect" || is_fixed => {
            let target = given.choices.own_path(&target).unwrap_or(target);
            given.carried(label, "`afterSignIn`: every sign-in leads to one page first");
            given.source("afterSignIn", "login_redirect_uri");
            given.changed(
                "login_redirect_uri",
                "`afterSignIn.url`; the page is told as `next` where the person wanted to go, and should lead there",
            );
            Some(Tree::map().with("url", target).with("parameter", "next"))
        }
        ("redirect", None) => {
            given.carried(label, "a sign-in leads to the page that was wanted, with its query");
            None
        }
        ("response", _) => {
            given.changed(label, "a sign-in leads to the page that was wanted, by a redirect");
            None
        }
        _ => {
            given.changed(label, "a sign-in leads to the page that was wanted, by a redirect: the callback itself never reaches an application");
            None
        }
    }
}

/// A page at one of our hosts that whoever is refused is sent to.
#[derive(PartialEq, Eq)]
pub(super) struct Own {
    host: String,
    path: String,
}

impl Own {
    /// The rule that opens it.
    pub(super) fn rule(&self, given: &mut Given<'_>) -> Tree {
        let path = self.path.as_str();
        given.ledger.changed(path, "open to everyone (`action: allow`), since whoever is refused is sent there");
        let list = |texts: &[&str]| Tree::list(texts.iter().map(|text| (*text).into()));
        let matched = Tree::map().with("hosts", list(&[&self.host])).with("methods", list(&["GET", "HEAD"]));
        let matched = matched.with("path", Tree::map().with("exact", path));
        Tree::map().with("name", format!("{path} is for everyone")).with("match", matched).with("action", "allow")
    }
}

/// `pages`, and the pages that `allow` rules must open for them.
pub(super) fn pages(given: &mut Given<'_>, inputs: &Inputs) -> (Option<Tree>, Vec<Own>) {
    let mut pages = Tree::map();
    let mut open = Vec::new();
    if let Some(address) = given.text("forbidden_redirect_uri") {
        let target = own(given, inputs, ("forbidden_redirect_uri", &address), &mut open);
        given.source("pages.refusedUrl", "forbidden_redirect_uri");
        given.changed(
            "forbidden_redirect_uri",
            format!("`pages.refusedUrl: {target}`, with `error` in the query, for people; programs get 403 and JSON"),
        );
        pages = pages.with("refusedUrl", target);
    }
    let unauthorized = given.text("unauthorized_redirect_uri");
    let unexpected = given.text("unexpected_redirect_uri");
    let (name, address) = match (&unauthorized, &unexpected) {
        (Some(address), _) => ("unauthorized_redirect_uri", Some(address)),
        (None, address) => ("unexpected_redirect_uri", address.as_ref()),
    };
    if let Some(address) = address {
        let target = own(given, inputs, (name, address), &mut open);
        given.source("pages.failedUrl", name);
        given.changed(
            name,
            format!("`pages.failedUrl: {target}`, with `error` in the query, where a sign-in failed. Whoever is not signed in is sent to the provider, or gets 401"),
        );
        pages = pages.with("failedUrl", target);
    }
    if unauthorized.is_some() && unexpected.is_some() {
        match unauthorized == unexpected {
            true => given.carried("unexpected_redirect_uri", "`pages.failedUrl`, too"),
            false => given.lost(
                "unexpected_redirect_uri",
                "`pages.failedUrl` is unauthorized_redirect_uri's; `error` in the query tells the two apart",
            ),
        }
    }
    (Some(pages).filter(|pages| !pages.is_empty()), open)
}

/// A page of our own, which is to be open; any other as it is.
fn own(given: &mut Given<'_>, inputs: &Inputs, (name, address): (&str, &str), open: &mut Vec<Own>) -> String {
    let Some(path) = given.choices.own_path(address) else { return address.to_owned() };
    let host = url::Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let page = Own { host, path: path.split('?').next().unwrap_or_default().to_owned() };
    if is_closed(given, inputs, &page) {
        given.refuse(
            name,
            &format!(
                "is {}, where people had to sign in, and whoever is refused must not be refused there: give it a page of its own on a \
                 route without plugins, or an https URL of another host, or remove it for a page of ours",
                page.path
            ),
        );
    } else if !open.contains(&page) {
        open.push(page);
    }
    match given.choices.public_urls.as_slice() {
        [only] if !only.contains('*') => path,
        // A path is one of every host.
        _ => address.to_owned(),
    }
}

/// Whether Kong did not let everyone see a page. Without routes a page must have been outside of the plugin, or nobody who was
/// refused could have seen it; unless people work there.
fn is_closed(given: &mut Given<'_>, inputs: &Inputs, page: &Own) -> bool {
    let pages = ["login_redirect_uri", "redirect_uri"].map(|name| given.text(name));
    let mut pages = pages.iter().flatten().filter_map(|address| given.choices.own_path(address));
    if inputs.declared.routes.is_empty() {
        return page.path == "/" || pages.any(|other| other.split('?').next() == Some(page.path.as_str()));
    }
    let routes = rules::treated(inputs);
    let may_take = |matched: &Matched| matched.may_take(&page.host, &page.path);
    let mut deciding = routes.iter().filter(|(_, matched, treatment)| {
        may_take(matched) && !(*treatment == Treatment::Open && (!matched.others.is_empty() || matched.port.is_some()))
    });
    deciding.next().is_some_and(|(_, _, treatment)| *treatment != Treatment::Open)
}

/// What is said of settings that hold anyway.
pub(super) fn rest(given: &mut Given<'_>) {
    if let Some(mode) = given.text("response_mode") {
        match mode.as_str() {
            "query" => given.carried("response_mode", "`query`"),
            mode if mode.contains("jwt") => {
                given.refuse("response_mode", "asks for a signed answer, which is not read here: remove it if the provider does without; otherwise this client cannot move");
            }
            _ => given.changed("response_mode", "`query`: the code stands in the address of the callback alone, is good once, and PKCE makes it worthless to others"),
        }
    }
    if given.written("preserve_query_args").is_some() {
        given.carried("preserve_query_args", "people come back to the whole address that they asked for, always");
    }
    let hides = given.boolean("hide_credentials");
    if given.written("hide_credentials").is_some() || !hides {
        match hides {
            true => given.changed(
                "hide_credentials",
                "our cookies never reach an application; a program's own verified token stays in `Authorization`",
            ),
            false => given.carried(
                "hide_credentials",
                "a program's own verified token stays in `Authorization`; our cookies never reach an application",
            ),
        }
    }
}
