//! What goes in and what comes out: requests as browsers and programs write them, and what became of each.

use edge_oidc::{
    flow::{Decision, Forward, Gift},
    http::{header_edits::HeaderEdits, reply::Reply, request::Header},
};

use crate::world::{HOST, Headers};

/// A request before cookies are added.
#[derive(Clone)]
pub struct Request {
    pub host: String,
    pub path: String,
    pub method: String,
    pub fields: Vec<(String, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// We answered.
    Reply(Reply),
    /// It went on with these headers, and the application's response came back with those.
    Upstream(Headers, Headers),
}

impl Request {
    /// A person's: a link followed or an address typed.
    pub fn navigation(path: &str) -> Self {
        Self::bare(path)
            .with("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .with("sec-fetch-mode", "navigate")
            .with("sec-fetch-dest", "document")
            .with("sec-fetch-site", "none")
    }

    /// A script's on a page.
    pub fn fetch(path: &str) -> Self {
        Self::bare(path).with("accept", "*/*").with("sec-fetch-mode", "cors").with("sec-fetch-dest", "empty")
    }

    /// A WebSocket handshake.
    pub fn web_socket(path: &str) -> Self {
        Self::bare(path).with("connection", "Upgrade").with("upgrade", "websocket").with("sec-fetch-mode", "websocket")
    }

    /// One without any header of its own, as `curl` or a prober sends it.
    pub fn bare(path: &str) -> Self {
        Self { host: HOST.to_owned(), path: path.to_owned(), method: "GET".to_owned(), fields: Vec::new(), body: None }
    }

    /// One more field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// `value` in place of every field `name`.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(other, _)| other != name);
        self.with(name, value)
    }

    /// By another method.
    pub fn by(self, method: &str) -> Self {
        Self { method: method.to_owned(), ..self }
    }

    /// A form, posted.
    pub fn posting(self, form: &str) -> Self {
        let body = Some(form.as_bytes().to_vec());
        Self { body, ..self.by("POST").set("content-type", "application/x-www-form-urlencoded") }
    }

    /// To another host.
    pub fn on(self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self }
    }

    /// As the host hands it over, with `cookies` in one line.
    pub fn headers(&self, cookies: Option<String>) -> Headers {
        let pseudo = [
            (":method", &self.method),
            (":scheme", &"https".to_owned()),
            (":authority", &self.host),
            (":path", &self.path),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone().into_bytes()));
        let scheme_given = self.fields.iter().any(|(name, _)| name == ":scheme");
        let mut headers: Headers =
            pseudo.into_iter().filter(|(name, _)| !(scheme_given && name == ":scheme")).collect();
        headers.extend(self.fields.iter().cloned());
        headers.extend(cookies.map(|line| ("cookie".to_owned(), line.into_bytes())));
        headers
    }
}

impl Answer {
    /// `brings` makes edits of what the response brings.
    pub fn of(decision: Decision, mut headers: Headers, brings: impl FnOnce(Gift) -> HeaderEdits) -> Self {
        match decision {
            Decision::Forward(Forward { request, response, .. }) => {
                request.apply(&mut headers);
                let mut answer = application();
                response.map(brings).unwrap_or_default().apply(&mut answer);
                Self::Upstream(headers, answer)
            }
            Decision::Reply(reply) => Self::Reply(reply),
            Decision::ReadBody | Decision::Wait => panic!("a decision to wait is none"),
        }
    }

    /// Our own answer; nothing of the request reached the application (T-73).
    pub fn reply(&self) -> &Reply {
        match self {
            Self::Reply(reply) => reply,
            Self::Upstream(headers, _) => panic!("it went on: {}", text(headers)),
        }
    }

    /// What the application gets.
    pub fn upstream(&self) -> &Headers {
        match self {
            Self::Reply(reply) => {
                panic!("it was answered {}: {} {:?}", reply.status(), reply.body(), reply.header("location"))
            }
            Self::Upstream(headers, _) => headers,
        }
    }

    /// Whether the application gets the request.
    pub fn passed(&self) -> bool {
        matches!(self, Self::Upstream(..))
    }

    /// The values of a field that the application gets.
    pub fn got(&self, name: &str) -> Vec<String> {
        let fields = self.upstream().iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }

    pub fn status(&self) -> u16 {
        self.reply().status()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.reply().header(name)
    }

    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no Location: {} {}", self.status(), self.reply().body()))
    }

    /// The Set-Cookie values, of our answer or of the response that passed.
    pub fn cookies(&self) -> Vec<&str> {
        let named = |name: &str| name == "set-cookie";
        match self {
            Self::Reply(reply) => {
                let lines = reply.headers().iter().filter(|(name, _)| named(name));
                lines.map(|(_, value)| value.as_str()).collect()
            }
            Self::Upstream(_, response) => {
                let lines = response.iter().filter(|(name, _)| named(name));
                lines.map(|(_, value)| std::str::from_utf8(value).unwrap()).collect()
            }
        }
    }

    /// The stable code, in whatever form it is said.
    pub fn code(&self) -> String {
        let body = self.reply().body();
        if let Ok(document) = serde_json::from_str::<serde_json::Value>(body) {
            return document["error"].as_str().unwrap_or_default().to_owned();
        }
        match body.split_once("Code: ") {
            Some((_, rest)) => rest.split('<').next().unwrap_or_default().to_owned(),
            None => body.to_owned(),
        }
    }

    /// Status and code.
    pub fn said(&self) -> (u16, String) {
        (self.status(), self.code())
    }

    /// The first link or form target of a page, unescaped.
    pub fn link(&self) -> String {
        let body = self.reply().body();
        let rest = body.split_once("href=\"").or_else(|| body.split_once("action=\"")).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split('"').next())
            .unwrap_or_else(|| panic!("no link in {body}"))
            .replace("&amp;", "&")
    }
}

/// What the application answers: something that every cache would keep.
fn application() -> Headers {
    let fields = [
        ("cache-control", "public, max-age=600"),
        ("expires", "Thu, 01 Dec 2050 16:00:00 GMT"),
        ("surrogate-control", "max-age=600"),
        ("cdn-cache-control", "max-age=600"),
    ];
    fields.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).into()
}

/// Headers as the core's own type.
pub fn fields(pairs: &[(&str, &str)]) -> Vec<Header> {
    pairs.iter().map(|(name, value)| Header { name: (*name).to_owned(), value: value.as_bytes().to_vec() }).collect()
}

pub fn text(headers: &Headers) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value))).collect()
}
