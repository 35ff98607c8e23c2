//! How a refusal is said to whoever asked: a page, a JSON document or a gRPC status.
//!
//! Decides the form by the client, what a person is offered to do, and who is sent to a page of the operator's own instead. Texts and codes are `refusal`'s, looks are `pages`'.

use serde_json::json;

use crate::{
    config::{Config, Destination},
    flow::{
        inbound::{Inbound, Wish},
        pages::{Action, Choice, Page, Target},
        refusal::Refusal,
    },
    http::{
        origin::Origin,
        path::ReturnPath,
        reply::{GrpcStatus, Reply},
        request::Client,
    },
    oidc::{
        assurance::Shortfall,
        challenge::{Challenge, ChallengeError},
        provider::{LogoutKind, ProviderSettings},
    },
};

/// How many seconds a client should wait before it tries again.
const RETRY_AFTER: &str = "5";

/// The answer to `inbound` that says `refusal`.
pub fn refuse(config: &Config, inbound: &Inbound, refusal: &Refusal) -> Reply {
    let theirs = config.elsewhere.refused.as_ref().filter(|_| refusal.bars_somebody());
    if let Some(reply) = sent_away(theirs, inbound, refusal) {
        return reply;
    }
    let reply = match inbound.client {
        Client::Grpc => return Reply::grpc(grpc_status(refusal), refusal.code()),
        Client::GrpcWeb => return Reply::grpc_web(grpc_status(refusal), refusal.code()),
        Client::Program | Client::WebSocket => document(config, inbound, refusal),
        Client::Frame | Client::Navigation | Client::Prefetch | Client::Submission => page(config, inbound, refusal),
    };
    let reply = match challenge(config, inbound, refusal) {
        Some(challenge) => reply.with("www-authenticate", challenge.to_string()),
        None if refusal.status() == 503 => reply.with("retry-after", RETRY_AFTER),
        None => reply,
    };
    let is_back_channel = config.paths.back_channel.as_ref().is_some_and(|path| path.as_bytes() == inbound.view.path());
    match refusal {
        Refusal::MethodNotAllowed if inbound.view.path() == config.paths.sign_out.as_bytes() => {
            reply.with("allow", "GET, POST")
        }
        Refusal::MethodNotAllowed if is_back_channel => reply.with("allow", "POST"),
        Refusal::MethodNotAllowed => reply.with("allow", "GET"),
        _ => reply,
    }
}

/// The answer to a request that should have begun a sign-in, or should have had the session of one.
pub fn refuse_sign_in(config: &Config, inbound: &Inbound, refusal: &Refusal) -> Reply {
    sent_away(config.elsewhere.failed.as_ref(), inbound, refusal).unwrap_or_else(|| refuse(config, inbound, refusal))
}

/// On to a page of the operator's own, if there is one and a person asked for something else. It learns our code and nothing that
/// anybody wrote.
fn sent_away(page: Option<&Destination>, inbound: &Inbound, refusal: &Refusal) -> Option<Reply> {
    let origin = inbound.origin.as_ref()?;
    let page = page.filter(|page| !page.is_at(origin, inbound.view.path()))?;
    let url = page.location(origin, refusal.code());
    match inbound.client {
        Client::Navigation => Some(Reply::redirect(&url)),
        Client::Submission => Some(Reply::see_other(&url)),
        _ => None,
    }
}

/// What a program may do about a refusal: RFC 6750 §3.1, RFC 9470 §3.
fn challenge<'a>(config: &'a Config, inbound: &'a Inbound, refusal: &'a Refusal) -> Option<Challenge<'a>> {
    let assurance = &config.routes.route(inbound.rule).access().assurance;
    let plain = plain_challenge(inbound);
    let with = |error| Challenge { error: Some(error), ..plain };
    match refusal {
        Refusal::BearerMalformed | Refusal::HeaderSessionMalformed => Some(with(ChallengeError::InvalidRequest)),
        Refusal::Bearer(_) | Refusal::BearerJwt(_) | Refusal::HeaderSessionInvalid => {
            Some(with(ChallengeError::InvalidToken))
        }
        Refusal::Requirement(unmet) if !unmet.scopes.is_empty() => {
            Some(Challenge { scope: &unmet.scopes, ..with(ChallengeError::InsufficientScope) })
        }
        Refusal::SignInTooWeak(Shortfall::Scope) => {
            Some(Challenge { scope: &assurance.scopes, ..with(ChallengeError::InsufficientScope) })
        }
        Refusal::SignInTooWeak(Shortfall::Acr | Shortfall::MaxAge) => Some(Challenge {
            acr_values: &assurance.acr_values,
            max_age: assurance.max_age,
            ..with(ChallengeError::InsufficientUserAuthentication)
        }),
        refusal if refusal.status() == 401 => Some(plain),
        _ => None,
    }
}

/// RFC 6750 §3.1: a request without credentials gets no error code.
fn plain_challenge(inbound: &Inbound) -> Challenge<'_> {
    Challenge { realm: inbound.view.authority(), ..Challenge::default() }
}

fn grpc_status(refusal: &Refusal) -> GrpcStatus {
    match refusal.status() {
        401 => GrpcStatus::Unauthenticated,
        403 => GrpcStatus::PermissionDenied,
        400..=499 => GrpcStatus::InvalidArgument,
        _ => GrpcStatus::Unavailable,
    }
}

fn document(config: &Config, inbound: &Inbound, refusal: &Refusal) -> Reply {
    let mut body = json!({ "error": refusal.code(), "error_description": refusal.text() });
    if let (401, Some(origin), Some(body)) = (refusal.status(), &inbound.origin, body.as_object_mut()) {
        body.insert("sign_in".into(), format!("{origin}{}", config.paths.sign_in).into());
    }
    Reply::json(status(inbound, refusal), &body)
}

/// A proxy that asks for our verdict knows three answers: it may, nobody is known, it may not; and that nobody can tell.
fn status(inbound: &Inbound, refusal: &Refusal) -> u16 {
    match (inbound.wish, refusal.status()) {
        (Wish::Verdict, status @ (401 | 503)) => status,
        (Wish::Verdict, _) => 403,
        (Wish::Forward, status) => status,
    }
}

fn page(config: &Config, inbound: &Inbound, refusal: &Refusal) -> Reply {
    let (status, title, text, code) = (refusal.status(), refusal.title(), refusal.text(), refusal.code());
    let text = &*text;
    let plain = Page {
        status,
        title,
        text,
        action: Action::None,
        code,
        framed: inbound.client == Client::Frame,
        theme: &config.theme,
    };
    let Some(origin) = &inbound.origin else { return plain.reply() };
    let link = |label, href, target| Page { action: Action::Link { href, label, target }, ..plain };
    let sign_in = sign_in_link(config, &wanted(config, inbound, origin));
    let again = format!("{sign_in}&again=true");
    match (refusal, inbound.client) {
        (Refusal::Unauthenticated, Client::Submission) => {
            let text = "Your session ended before this was sent. Sign in in a new tab, then come back here, go back one page \
                        and send it again.";
            Page { text, ..link("Sign in in a new tab", &config.paths.sign_in, Target::NewTab) }.reply()
        }
        (Refusal::Unauthenticated, Client::Frame) => link("Sign in", &sign_in, Target::Top).reply(),
        (Refusal::Unauthenticated, _) => link("Sign in", &sign_in, Target::Same).reply(),
        (Refusal::SessionLost, _) => link("Sign in again", &sign_in, Target::Same).reply(),
        (Refusal::OtherProvider | Refusal::SignInTooWeak(_) | Refusal::SignInUnmet, client) => {
            let target = target(client);
            let label = if target == Target::NewTab { "Sign in in a new tab" } else { "Sign in again" };
            link(label, &again, target).reply()
        }
        (Refusal::ProviderUnknown, _) => link("Sign in", &sign_in, Target::Same).reply(),
        (Refusal::Identity(_) | Refusal::Requirement(_) | Refusal::AuthorizerDenied | Refusal::SessionTooLarge, _)
            if !is_callback(config, inbound) =>
        {
            let label = "Sign in as someone else";
            match ends_provider_sessions(config) {
                true => Page { action: Action::Post { path: &config.paths.sign_out, label }, ..plain }.reply(),
                false => link(label, &again, Target::Same).reply(),
            }
        }
        (Refusal::CrossSiteSignOut, _) => {
            Page { action: Action::Post { path: &config.paths.sign_out, label: "Sign out" }, ..plain }.reply()
        }
        (
            Refusal::AuthorizerUnavailable | Refusal::ProviderUnavailable | Refusal::TooManyWaiting,
            Client::Navigation,
        ) if !is_callback(config, inbound) => {
            link("Try again", back(config, inbound, origin).as_str(), Target::Same).reply()
        }
        _ if is_callback(config, inbound) => link("Sign in again", &sign_in, Target::Same).reply(),
        _ => plain.reply(),
    }
}

/// Where a sign-in belongs that a page offers: providers' pages refuse frames, and a form would be lost.
const fn target(client: Client) -> Target {
    match client {
        Client::Frame => Target::Top,
        Client::Submission => Target::NewTab,
        _ => Target::Same,
    }
}

/// Where a person who signs in now should come to.
fn wanted(config: &Config, inbound: &Inbound, origin: &Origin) -> ReturnPath {
    match inbound.view.path() == config.paths.sign_in.as_bytes() {
        // Whatever else it asks for is what is refused.
        true => inbound.requested_return_path(config, origin),
        false => back(config, inbound, origin),
    }
}

/// A failed callback's page that leads to a new sign-in for `return_path`.
pub fn refuse_callback(config: &Config, inbound: &Inbound, refusal: &Refusal, return_path: &ReturnPath) -> Reply {
    if inbound.client.is_program() {
        return refuse(config, inbound, refusal);
    }
    if let Some(reply) = sent_away(config.elsewhere.failed.as_ref(), inbound, refusal) {
        return reply;
    }
    let href = sign_in_link(config, return_path);
    let action = Action::Link { href: &href, label: "Sign in again", target: Target::Same };
    let (status, title, text, code) = (refusal.status(), refusal.title(), refusal.text(), refusal.code());
    let reply = Page { status, title, text: &text, action, code, framed: false, theme: &config.theme }.reply();
    if status == 503 { reply.with("retry-after", RETRY_AFTER) } else { reply }
}

/// The page where a person chooses a provider; each choice hands on what the link asked of that one.
pub fn choice<'a>(
    config: &Config,
    inbound: &Inbound,
    providers: impl Iterator<Item = (&'a ProviderSettings, Vec<(String, String)>)>,
    return_path: &ReturnPath,
    again: bool,
) -> Reply {
    let again = if again { "&again=true" } else { "" };
    let link = sign_in_link(config, return_path);
    let choice = |(provider, asked): (&'a ProviderSettings, Vec<(String, String)>)| {
        let asked: String = asked.into_iter().map(|pair| format!("&{}", form(&[pair]))).collect();
        Choice { href: format!("{link}&provider={}{again}{asked}", provider.name), label: &provider.display_name }
    };
    let choices: Vec<Choice<'_>> = providers.map(choice).collect();
    let text = "Choose how you want to sign in.";
    let action = Action::Choice(&choices);
    let title = "Please sign in";
    let page = Page { status: 401, title, text, action, code: "choose_provider", framed: false, theme: &config.theme };
    page.reply().with("www-authenticate", plain_challenge(inbound).to_string())
}

/// The page after signing out where no provider takes over.
pub fn signed_out(config: &Config) -> Reply {
    let action = Action::Link { href: &config.paths.sign_in, label: "Sign in again", target: Target::Same };
    let text = "You are signed out of this site.";
    Page { status: 200, title: "Signed out", text, action, code: "signed_out", framed: false, theme: &config.theme }
        .reply()
}

/// Whether signing out ends the session at each provider, too: a sign-in after it begins with the question who it is.
fn ends_provider_sessions(config: &Config) -> bool {
    let mut people = config.providers().iter().filter(|provider| provider.signs_in);
    people.all(|provider| !matches!(provider.logout, LogoutKind::Local { .. }))
}

fn sign_in_link(config: &Config, return_path: &ReturnPath) -> String {
    let query = form(&[(config.paths.return_parameter.as_str(), return_path.as_str())]);
    format!("{}?{query}", config.paths.sign_in)
}

fn form<T: AsRef<str>>(pairs: &[(T, T)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Where a person should come back to: nowhere in particular from a callback, the page around a frame, else here.
fn back(config: &Config, inbound: &Inbound, origin: &Origin) -> ReturnPath {
    match inbound.client {
        // What a callback brought is spent or refused, and its code must stand in no page.
        _ if is_callback(config, inbound) => ReturnPath::root(),
        Client::Frame => embedding_page(inbound, origin).unwrap_or_else(|| inbound.return_path(origin)),
        _ => inbound.return_path(origin),
    }
}

/// The page of our own origin that holds the frame, by its `Referer`.
fn embedding_page(inbound: &Inbound, origin: &Origin) -> Option<ReturnPath> {
    let rest = inbound.view.text("referer")?.strip_prefix(&origin.to_string())?;
    ReturnPath::parse(rest.as_bytes(), origin)
}

fn is_callback(config: &Config, inbound: &Inbound) -> bool {
    config.is_callback(inbound.view.path())
}
