//! Who is signed in, said to whoever asks for it with their own session.
//!
//! Decides what is told: the headers that applications get, the provider and when it all ends. Never a token, and never to a
//! page of another site (T-191).

use serde_json::{Map, Value, json};

use crate::{
    config::Config,
    flow::{
        inbound::Inbound,
        pages::{Action, Fact, Page},
    },
    http::{
        reply::Reply,
        request::{Client, RequestView},
    },
    session::Session,
    time::UnixTime,
};

/// Whether a page of another site asks, for its own use; a browser's navigation shows the answer to the person alone.
pub fn is_foreign(view: &RequestView, client: Client) -> bool {
    let site = view.text("sec-fetch-site");
    client != Client::Navigation && site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// The answer for the person of `session`, of whom applications are told `fields`: a page, or a document for a program.
pub fn reply(config: &Config, inbound: &Inbound, session: &Session, fields: &[(String, Vec<u8>)]) -> Reply {
    let headers: Vec<(&str, String)> =
        fields.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value).into_owned())).collect();
    let ends = ends(config, session);
    let reply = match inbound.client {
        Client::Navigation | Client::Frame => page(config, session, &headers, ends),
        _ => document(session, &headers, ends),
    };
    reply.with("cross-origin-resource-policy", "same-origin")
}

/// The end of the lifetime, of the idle time if nobody uses it, or of the tokens if nothing renews them.
fn ends(config: &Config, session: &Session) -> UnixTime {
    let tokens = session.refresh_token.is_none().then_some(session.token_expires);
    let idle = config.session.idle.map(|idle| session.seen.plus(idle));
    [tokens, idle].into_iter().flatten().fold(session.expires, UnixTime::min)
}

fn document(session: &Session, headers: &[(&str, String)], ends: UnixTime) -> Reply {
    let headers: Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), Value::String(value.clone()))).collect();
    let body = json!({
        "provider": session.provider,
        "issuer": session.claims.get("iss"),
        "headers": headers,
        "signed_in_at": session.created.secs(),
        "tokens_expire_at": session.token_expires.secs(),
        "tokens_are_renewed": session.refresh_token.is_some(),
        "session_expires_at": ends.secs(),
    });
    Reply::json(200, &body)
}

fn page(config: &Config, session: &Session, headers: &[(&str, String)], ends: UnixTime) -> Reply {
    let mut facts: Vec<Fact<'_>> = headers.iter().map(|(name, value)| Fact { name, value: value.clone() }).collect();
    let issuer = session.claims.get("iss").and_then(Value::as_str).unwrap_or_default().to_owned();
    let renewed = if session.refresh_token.is_some() { ", renewed before" } else { "" };
    facts.extend([
        Fact { name: "Provider", value: issuer },
        Fact { name: "Signed in", value: session.created.to_string() },
        Fact { name: "Tokens end", value: format!("{}{renewed}", session.token_expires) },
        Fact { name: "Session ends", value: ends.to_string() },
    ]);
    let page = Page {
        status: 200,
        title: "You are signed in",
        text: "This is what the applications here are told about you.",
        action: Action::Post { path: &config.paths.sign_out, label: "Sign out" },
        code: "whoami",
        framed: false,
        theme: &config.theme,
    };
    page.reply_with(&facts)
}
