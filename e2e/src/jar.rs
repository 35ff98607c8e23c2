//! The cookies of one browser. They are bytes here, in the order they came, so that a test can plant any.

use std::sync::{Mutex, PoisonError};

/// One cookie.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cookie {
    /// The host or domain it belongs to.
    pub host: String,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Vec<u8>,
    everywhere: bool,
}

/// All cookies of a browser.
#[derive(Debug, Default)]
pub struct Jar(Mutex<Vec<Cookie>>);

impl Jar {
    /// Takes what `host` set. Prefixes are checked as browsers do; paths and dates are not kept: nobody here needs them.
    pub fn take(&self, host: &str, set_cookie: &[u8]) {
        let mut parts = set_cookie.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let pair = parts.next().unwrap_or_default();
        let Some(split) = pair.iter().position(|byte| *byte == b'=') else { return };
        let attributes: Vec<_> = parts.map(|part| String::from_utf8_lossy(part).to_ascii_lowercase()).collect();
        let name = String::from_utf8_lossy(&pair[..split]).into_owned();
        let domain = attributes.iter().find_map(|attribute| attribute.strip_prefix("domain="));
        let has = |wanted: &str| attributes.iter().any(|attribute| attribute == wanted);
        let host_only = domain.is_none() && has("secure") && has("path=/");
        if (name.starts_with("__Host-") && !host_only) || (name.starts_with("__Secure-") && !has("secure")) {
            return;
        }
        let setter = host;
        let host = domain.unwrap_or(host).trim_start_matches('.').to_owned();
        if setter != host && !setter.ends_with(&format!(".{host}")) {
            return;
        }
        match has("max-age=0") {
            true => self.lock().retain(|cookie| cookie.name != name || cookie.host != host),
            false => self.put(Cookie { host, name, value: pair[split + 1..].to_vec(), everywhere: domain.is_some() }),
        }
    }

    /// Puts a cookie there, as if `host` had set it.
    pub fn set(&self, host: &str, name: &str, value: &[u8]) {
        self.put(Cookie { host: host.to_owned(), name: name.to_owned(), value: value.to_vec(), everywhere: false });
    }

    /// The cookies that `host` gets.
    pub fn of(&self, host: &str) -> Vec<Cookie> {
        let below = |cookie: &Cookie| cookie.everywhere && host.ends_with(&format!(".{}", cookie.host));
        self.lock().iter().filter(|cookie| cookie.host == host || below(cookie)).cloned().collect()
    }

    /// Forgets the cookies of `host` that `which` names.
    pub fn forget(&self, host: &str, which: impl Fn(&Cookie) -> bool) {
        self.lock().retain(|cookie| cookie.host != host || !which(cookie));
    }

    fn put(&self, cookie: Cookie) {
        let mut all = self.lock();
        match all.iter_mut().find(|other| other.name == cookie.name && other.host == cookie.host) {
            Some(other) => *other = cookie,
            None => all.push(cookie),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Cookie>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cookie {
    /// `name=value`.
    pub fn pair(&self) -> Vec<u8> {
        [self.name.as_bytes(), b"=", &self.value].concat()
    }

    /// The value as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jar_keeps_replaces_and_deletes_by_host() {
        let jar = Jar::default();
        jar.take("a.example.com", b"__Host-x=1; Path=/; Secure; HttpOnly");
        jar.take("a.example.com", b"__Host-x=2; Path=/; Secure");
        jar.take("a.example.com", b"__Host-bad=1; Path=/");
        jar.take("b.example.com", b"y=1; Domain=example.com");
        let names = |host| jar.of(host).iter().map(|cookie| cookie.pair()).collect::<Vec<_>>();
        assert_eq!(names("a.example.com"), [b"__Host-x=2".to_vec(), b"y=1".to_vec()]);
        jar.take("a.example.com", b"__Host-x=; Max-Age=0; Path=/; Secure");
        assert_eq!(names("a.example.com"), [b"y=1".to_vec()]);
        jar.take("elsewhere.example", b"z=1; Domain=example.com");
        jar.take("xexample.com", b"z=1; Domain=example.com");
        assert_eq!(names("a.example.com"), [b"y=1".to_vec()], "of a domain that is not the setter's");
    }
}
