//! A session in a header: a program sends the text of a person's session cookie there (`session.header`).
//!
//! Decides what is taken for such a text, and what it means that there is none or more than one. What the session is worth is
//! judged as if it had come in the cookie. Continues [`Engine`].

use super::{
    Engine,
    inbound::{Inbound, host_scope},
};
use crate::{
    http::request::{Client, RequestView},
    identity::AUTHORIZATION,
    session::Session,
};

/// How many texts of one header are looked at: a program sends one, and two lines that a proxy joins are two.
const MOST_TEXTS: usize = 4;

/// What the header says in which programs may send a session.
#[derive(Debug)]
pub enum Carried {
    /// It is not there, or there is no such header.
    Absent,
    /// A session beside something else, or too much to tell.
    Confused,
    /// It is there and speaks of no session: it is empty, or the application's own.
    Foreign,
    /// This session, whose text has so many bytes.
    Session(Box<Session>, usize),
    /// It is for sessions only and holds something that is none.
    Void,
}

impl Carried {
    /// What `header` says. `open` gives the session of a text, if it is one.
    pub fn in_request(view: &RequestView, header: &str, open: impl Fn(&[u8]) -> Option<Box<Session>>) -> Self {
        let mut lines = view.values(header);
        let (value, is_ours) = match (lines.next(), lines.next()) {
            (None, _) => return Self::Absent,
            (Some(_), Some(_)) => return Self::Confused,
            (Some(value), None) => (value, header != AUTHORIZATION),
        };
        let parts = value.split(|byte| *byte == b',').map(text_of);
        let texts: Vec<&[u8]> = parts.clone().filter(|text| may_be_sealed(text)).take(MOST_TEXTS).collect();
        let is_alone = parts.clone().nth(1).is_none();
        match texts.iter().find_map(|text| Some((open(text)?, text.len()))) {
            Some((session, bytes)) if is_alone => Self::Session(session, bytes),
            Some(_) => Self::Confused,
            None if texts.len() == MOST_TEXTS => Self::Confused,
            None if is_ours && !text_of(value).is_empty() => Self::Void,
            None => Self::Foreign,
        }
    }

    /// Whether the header alone says who it is, or that it is nobody: no cookie counts beside it, and who asks is a program.
    pub const fn decides(&self) -> bool {
        matches!(self, Self::Confused | Self::Session(..) | Self::Void)
    }

    /// Whether the header is there, whatever it says.
    pub const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// How many bytes it holds, about.
    pub const fn size(&self) -> usize {
        match self {
            Self::Session(_, bytes) => *bytes,
            Self::Absent | Self::Confused | Self::Foreign | Self::Void => 0,
        }
    }
}

/// The text of one value, with or without the scheme `Bearer` before it.
fn text_of(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    match value.split_first_chunk::<6>() {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case(b"bearer") && rest.first().is_none_or(u8::is_ascii_whitespace) =>
        {
            rest.trim_ascii()
        }
        _ => value,
    }
}

/// Whether it is worth a look: a JWT has dots, and what the cipher adds alone is longer than most passwords.
fn may_be_sealed(text: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() >= SHORTEST && text.iter().all(letter)
}

/// Nonce and tag in base64url.
const SHORTEST: usize = 54;

impl Engine {
    /// Looks for a session in the header that is for them.
    pub(super) fn look_for_session(&self, inbound: Inbound) -> Inbound {
        let config = &self.party.config;
        let Some(header) = &config.session.header else { return inbound };
        let scope = inbound.origin.as_ref().map(|origin| host_scope(config, origin));
        let carried = Carried::in_request(&inbound.view, header, |text| self.party.open_text(text, scope?));
        // No page can make a browser send it, so nobody is there to be shown a page.
        let client = match inbound.client {
            client @ (Client::Grpc | Client::GrpcWeb | Client::WebSocket) => client,
            _ if carried.decides() => Client::Program,
            client => client,
        };
        Inbound { carried, client, ..inbound }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Config, Environment},
        flow::decision::RequestId,
        session::SessionId,
        time::{Entropy, EntropyError, UnixTime},
    };

    struct Nothing;

    impl Environment for Nothing {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }
    }

    impl Entropy for Nothing {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), EntropyError> {
            Ok(())
        }
    }

    fn session() -> Box<Session> {
        let now = UnixTime::from_secs(1_795_180_000);
        Box::new(Session {
            id: SessionId::random(&mut Nothing).unwrap(),
            provider: "default".into(),
            claims: serde_json::Map::new(),
            refresh_token: None,
            id_token: None,
            access_token: None,
            nonce_digest: None,
            auth_time: None,
            created: now,
            refreshed: now,
            seen: now,
            token_expires: now,
            expires: now,
        })
    }

    fn view(value: &str) -> RequestView {
        let fields = [(":path", "/"), (":authority", "app.example.com"), ("x-auth-token", value)];
        RequestView::parse(fields.map(|(name, value)| (name.into(), value.into())).into(), true).unwrap()
    }

    // Thousands may wait.
    #[test]
    fn a_request_that_waits_weighs_what_the_text_of_its_session_does() {
        let config = serde_json::json!({
            "providers": [{ "issuer": "https://idp.example.net", "clientId": "edge" }],
            "publicUrls": ["https://app.example.com"],
            "session": { "keys": ["C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c"] },
        });
        let config = Config::read(&config, &Nothing).unwrap();
        let text = format!("Bearer {}", "A".repeat(5000));
        let carried = Carried::in_request(&view(&text), "x-auth-token", |text| (text.len() == 5000).then(session));
        let inbound = Inbound { carried, ..Inbound::new(RequestId(1), view(&text), &config) };
        let (whole, slim) = (inbound.size(), inbound.slim(&config).size());
        assert!((5000..5100).contains(&slim) && (10_000..10_100).contains(&whole), "{whole} {slim}");
    }

    #[test]
    fn only_so_many_texts_are_looked_at_and_none_that_cannot_be_one() {
        let looked = |value: &str| {
            let count = std::cell::Cell::new(0);
            Carried::in_request(&view(value), "x-auth-token", |_| {
                count.set(count.get() + 1);
                None
            });
            count.get()
        };
        let text = "A".repeat(80);
        assert_eq!((looked(&text), looked(&"A".repeat(53)), looked(&"a.b".repeat(80))), (1, 0, 0));
        assert_eq!(looked(&[text.as_str(); 500].join(",")), MOST_TEXTS);
    }
}
