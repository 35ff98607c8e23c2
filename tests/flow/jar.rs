//! A browser's cookies in virtual time (RFC 6265bis §5.6 to §5.8): what it refuses to store, forgets and sends.

use edge_oidc::time::UnixTime;

/// The cookies of one browser.
#[derive(Clone, Default)]
pub struct Jar(Vec<Cookie>);

/// One cookie.
#[derive(Clone, Debug)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    domain: String,
    host_only: bool,
    path: String,
    expires: Option<UnixTime>,
}

impl Jar {
    /// Takes a Set-Cookie of `host` over https. Gives false if a browser would refuse it.
    pub fn take(&mut self, host: &str, line: &str, now: UnixTime) -> bool {
        let Some(cookie) = parse(host, line, now) else { return false };
        let same = |other: &Cookie| {
            (&other.name, &other.domain, &other.path, other.host_only)
                == (&cookie.name, &cookie.domain, &cookie.path, cookie.host_only)
        };
        let place = self.0.iter().position(same);
        let over = cookie.expires.is_some_and(|expires| expires <= now);
        match (place, over) {
            (Some(place), true) => drop(self.0.remove(place)),
            (Some(place), false) => self.0[place] = cookie,
            (None, true) => {}
            (None, false) => self.0.push(cookie),
        }
        true
    }

    /// The Cookie line for a request to `host` and `path` over https.
    pub fn line(&self, host: &str, path: &str, now: UnixTime) -> Option<String> {
        let mut sent: Vec<&Cookie> = self.0.iter().filter(|cookie| cookie.goes_to(host, path, now)).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = sent.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        Some(pairs.join("; ")).filter(|line| !line.is_empty())
    }

    /// The names of those that `now` finds in force.
    pub fn names(&self, now: UnixTime) -> Vec<&str> {
        self.0.iter().filter(|cookie| cookie.is_fresh(now)).map(|cookie| cookie.name.as_str()).collect()
    }

    /// Every cookie, to look at or to tamper with.
    pub fn cookies(&mut self) -> &mut Vec<Cookie> {
        &mut self.0
    }

    /// The names of login attempts.
    pub fn attempts(&self, now: UnixTime) -> Vec<&str> {
        self.names(now).into_iter().filter(|name| name.contains("edge_oidc_a_")).collect()
    }

    /// The value of the session's first cookie.
    pub fn session(&self) -> Option<&str> {
        self.0.iter().find(|cookie| cookie.name.ends_with("edge_oidc")).map(|cookie| cookie.value.as_str())
    }
}

impl Cookie {
    fn is_fresh(&self, now: UnixTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn goes_to(&self, host: &str, path: &str, now: UnixTime) -> bool {
        let below = host.strip_suffix(&self.domain).is_some_and(|rest| rest.ends_with('.'));
        let domain = host == self.domain || !self.host_only && below;
        let path_matches = path.strip_prefix(&self.path).is_some_and(|rest| {
            rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/') || rest.starts_with('?')
        });
        domain && path_matches && self.is_fresh(now)
    }
}

fn parse(host: &str, line: &str, now: UnixTime) -> Option<Cookie> {
    let mut parts = line.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let attributes: Vec<(&str, &str)> = parts.map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
    let attribute =
        |name: &str| attributes.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
    let (domain, path) = (attribute("domain"), attribute("path").unwrap_or("/"));
    let secure = attribute("secure").is_some();
    let covers = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    let stored = domain.is_none_or(covers)
        && (secure || !name.starts_with("__Secure-") && !name.starts_with("__Host-"))
        && (!name.starts_with("__Host-") || domain.is_none() && path == "/")
        && (secure || attribute("samesite") != Some("None"))
        && line.len() <= 4096;
    let age = attribute("max-age").map(|age| now.plus(std::time::Duration::from_secs(age.parse().unwrap())));
    stored.then(|| Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        domain: domain.unwrap_or(host).to_owned(),
        host_only: domain.is_none(),
        path: path.to_owned(),
        expires: age,
    })
}
