//! Someone with a browser: keeps cookies, navigates as browsers do, follows redirects when told to, fills in the sign-in form.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use devkit::tls;
use devkit::upstream::Received;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::redirect::Policy;
use reqwest::{Body, Client};
use url::Url;

use crate::jar::{Cookie, Jar};
use crate::{Answer, DOMAIN, Net, PASSWORD};
use devkit::form::Form;

/// The header by which an answer finds its request at the application.
const MARK: &str = "x-e2e-request";
const NAVIGATION: &[(&str, &str)] = &[
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-site", "none"),
    ("sec-fetch-user", "?1"),
    ("upgrade-insecure-requests", "1"),
];
const SCRIPT: &[(&str, &str)] = &[
    ("accept", "application/json"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-site", "same-origin"),
];

/// The protocol a browser speaks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Http {
    /// HTTP/1.1: all cookies in one header.
    #[default]
    One,
    /// HTTP/2: a header for each cookie.
    Two,
}

/// How a browser goes about its requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Habits {
    http: Http,
    fresh: bool,
}

impl Habits {
    /// Speaks HTTP/2.
    pub fn http2(self) -> Self {
        self.http(Http::Two)
    }

    /// Speaks this.
    pub fn http(self, http: Http) -> Self {
        Self { http, ..self }
    }

    /// Opens a new connection for each request, so that all workers get some.
    pub fn fresh_connections(self) -> Self {
        Self { fresh: true, ..self }
    }
}

/// A person and their browser. Paths are those of the application, full URLs lead anywhere.
pub struct Person {
    net: Net,
    http: Http,
    client: Client,
    jar: Arc<Jar>,
}

/// Where a sign-in ended.
#[derive(Clone, Debug)]
pub struct Landing {
    /// Path and query of the page.
    pub path: String,
    /// What the application received for it.
    pub upstream: Received,
    /// The page.
    pub answer: Answer,
}

impl Person {
    /// Someone who has never been here.
    pub fn new(net: &Net, habits: Habits) -> Person {
        Person { net: net.clone(), http: habits.http, client: client(net, habits), jar: Arc::default() }
    }

    /// The same browser, cookies shared, with other habits.
    pub fn with(&self, habits: Habits) -> Person {
        let client = client(&self.net, habits);
        Person { net: self.net.clone(), http: habits.http, client, jar: Arc::clone(&self.jar) }
    }

    /// A request with nothing but the cookies.
    pub fn ask(&self, method: Method, target: &str) -> Ask<'_> {
        let url = self.url(target);
        Ask { person: self, method, url, headers: HeaderMap::new(), body: None, cookies: true }
    }

    /// What a script in a page of the application fetches.
    pub async fn get(&self, target: &str) -> Answer {
        self.ask(Method::GET, target).headers(SCRIPT).send().await
    }

    /// What a script in a page of the application sends.
    pub async fn post(&self, target: &str, body: impl Into<Body>) -> Answer {
        self.ask(Method::POST, target).headers(SCRIPT).body(body).send().await
    }

    /// Opens a page and looks at the first answer.
    pub async fn look(&self, target: &str) -> Answer {
        self.ask(Method::GET, target).headers(NAVIGATION).send().await
    }

    /// Sends a form by a click, as a browser does outside of any script.
    pub async fn submit(&self, target: &str, fields: &[(String, String)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let ask = self.ask(Method::POST, target).headers(NAVIGATION).header("sec-fetch-site", "same-origin");
        ask.header("content-type", "application/x-www-form-urlencoded").body(body).send().await
    }

    /// Opens a page and goes wherever it leads.
    pub async fn navigate(&self, target: &str) -> Answer {
        let mut answer = self.look(target).await;
        for _ in 0..20 {
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                return answer;
            }
            answer = self.look(answer.location().as_str()).await;
        }
        panic!("a loop of redirects, at last: {answer}")
    }

    /// Opens a page and signs in at the provider when it leads there. Panics unless the page itself comes at the end.
    pub async fn sign_in(&self, user: &str, target: &str) -> Landing {
        let authorize = self.begin(target).await;
        let callback = self.approve(user, &authorize).await;
        let answer = self.navigate(callback.as_str()).await;
        let upstream = answer.expect(200).forwarded().clone();
        let query = answer.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Landing { path: format!("{}{query}", answer.url.path()), upstream, answer }
    }

    /// Opens a page that needs a sign-in; answers where the provider is to be asked.
    pub async fn begin(&self, target: &str) -> Url {
        let answer = self.look(target).await;
        let to = answer.expect(302).location();
        assert_eq!(to.host_str(), Some(DOMAIN), "{answer}");
        to
    }

    /// Signs in at the provider; answers the callback that it sends the browser to, which is not visited.
    pub async fn approve(&self, user: &str, authorize: &Url) -> Url {
        let mut answer = self.look(authorize.as_str()).await;
        for _ in 0..10 {
            if let Some(form) = Form::first(&answer.text()).filter(|_| answer.status == 200) {
                let form = form.fill(&["username", "email"], user).fill(&["password"], PASSWORD);
                let action = answer.url.join(&form.action).expect("a form's action");
                answer = self.submit(action.as_str(), &form.fields).await;
            }
            assert_eq!(answer.status / 100, 3, "the provider does not send {user} back: {answer}");
            let to = answer.location();
            if to.host_str() != authorize.host_str() {
                return to;
            }
            answer = self.look(to.as_str()).await;
        }
        panic!("the provider never sends {user} back, at last: {answer}")
    }

    /// The cookies that the application's host gets.
    pub fn cookies(&self) -> Vec<Cookie> {
        self.jar.of(self.home())
    }

    /// The value of one of them.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies().into_iter().find(|cookie| cookie.name == name).map(|cookie| cookie.text())
    }

    /// The value of a Cookie header with all of them, for a [`crate::Raw`] socket.
    pub fn cookie_header(&self) -> String {
        self.cookies()
            .iter()
            .map(|cookie| String::from_utf8_lossy(&cookie.pair()).into_owned())
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// Plants a cookie for the application's host; the value may be any bytes that a header may hold.
    pub fn set_cookie(&self, name: &str, value: impl AsRef<[u8]>) {
        self.jar.set(self.home(), name, value.as_ref());
    }

    /// Forgets one cookie of the application's host.
    pub fn forget_cookie(&self, name: &str) {
        self.jar.forget(self.home(), |cookie| cookie.name == name);
    }

    /// Forgets all cookies of the application's host; the provider's stay.
    pub fn forget_cookies(&self) {
        self.forget_cookies_of(self.home());
    }

    /// Forgets all cookies of a host: of a provider's, for example, so that it asks who is there.
    pub fn forget_cookies_of(&self, host: &str) {
        self.jar.forget(host, |_| true);
    }
}

/// A request in the making.
pub struct Ask<'a> {
    person: &'a Person,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Body>,
    cookies: bool,
}

impl Ask<'_> {
    /// Sets a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.insert(header_name(name), header_value(value.as_ref()));
        self
    }

    /// Adds a header to those of its name.
    pub fn also(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.append(header_name(name), header_value(value.as_ref()));
        self
    }

    /// Sets several headers.
    pub fn headers(self, headers: &[(&str, &str)]) -> Self {
        headers.iter().fold(self, |ask, (name, value)| ask.header(name, value))
    }

    /// As a navigation of the browser.
    pub fn navigation(self) -> Self {
        self.headers(NAVIGATION)
    }

    /// With this body.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Leaves the cookies at home; those of the answer are still kept.
    pub fn without_cookies(mut self) -> Self {
        self.cookies = false;
        self
    }

    /// Sends it and reads the whole answer. Panics where there is none.
    pub async fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.url);
        self.try_send().await.unwrap_or_else(|error| panic!("{what}: {error:#}"))
    }

    /// Sends it, for a test that expects no answer.
    pub async fn try_send(self) -> Result<Answer> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mark = COUNT.fetch_add(1, Ordering::Relaxed).to_string();
        let Self { person, method, url, mut headers, body, cookies } = self;
        let host = url.host_str().unwrap_or_default().to_owned();
        if cookies {
            person.add_cookies(&host, &mut headers);
        }
        headers.insert(MARK, header_value(mark.as_bytes()));
        let request = person.client.request(method, url.clone()).headers(headers);
        let response = body.into_iter().fold(request, reqwest::RequestBuilder::body).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        headers.get_all("set-cookie").iter().for_each(|line| person.jar.take(&host, line.as_bytes()));
        let version = format!("{:?}", response.version());
        let body = response.bytes().await?.to_vec();
        let upstream = person.net.upstream.requests();
        let upstream = upstream.into_iter().filter(|seen| seen.header(MARK) == Some(&mark)).collect();
        Ok(Answer { url, status, version, headers, body, upstream })
    }
}

impl Person {
    /// The host of the application: the first that the network has.
    fn home(&self) -> &str {
        &self.net.hosts.first().expect("a network without hosts").0
    }

    fn url(&self, target: &str) -> Url {
        let url = if target.starts_with('/') { format!("https://{}{target}", self.home()) } else { target.to_owned() };
        Url::parse(&url).expect("a URL")
    }

    fn add_cookies(&self, host: &str, headers: &mut HeaderMap) {
        let pairs: Vec<_> = self.jar.of(host).iter().map(Cookie::pair).collect();
        if pairs.is_empty() {
            return;
        }
        let lines = if self.http == Http::One { vec![pairs.join(b"; ".as_slice())] } else { pairs };
        for line in lines {
            headers.append("cookie", header_value(&line));
        }
    }
}

fn client(net: &Net, habits: Habits) -> Client {
    tls::use_ring();
    let ca = reqwest::Certificate::from_pem(net.ca_pem.as_bytes()).expect("the CA");
    let builder = Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([ca]);
    let builder = net.hosts.iter().fold(builder, |builder, (host, addr)| builder.resolve(host, *addr));
    let builder = match habits.http {
        Http::One => builder.http1_only(),
        Http::Two => builder.http2_prior_knowledge(),
    };
    let idle = if habits.fresh { 0 } else { usize::MAX };
    builder.pool_max_idle_per_host(idle).timeout(Duration::from_secs(30)).build().expect("an HTTP client")
}

fn header_name(name: &str) -> HeaderName {
    HeaderName::from_bytes(name.as_bytes()).expect("a header name")
}

fn header_value(value: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(value).expect("a header value")
}
