//! Someone with a browser's habits: keeps cookies, follows redirects, fills in the sign-in form.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use devkit::tls;
use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{ACCEPT, COOKIE, HeaderMap};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use url::Url;

use devkit::form::Form;

const NAVIGATION: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A person, with the cookies they collected.
pub struct Person {
    jar: Arc<Jar>,
    follows: Client,
    stays: Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Where it came from, after all redirects.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Person {
    /// Someone who has never been here.
    pub fn new() -> Result<Self> {
        tls::use_ring();
        let jar = Arc::new(Jar::default());
        let client = |redirects| {
            let builder = Client::builder().cookie_provider(Arc::clone(&jar)).redirect(redirects).no_proxy();
            builder.timeout(Duration::from_secs(20)).build()
        };
        Ok(Self { follows: client(Policy::limited(10))?, stays: client(Policy::none())?, jar })
    }

    /// Takes a cookie as if this page had set it.
    pub fn keep_cookie(&self, url: &str, cookie: &str) -> Result<()> {
        self.jar.add_cookie_str(cookie, &Url::parse(url)?);
        Ok(())
    }

    /// The cookies that go to a page.
    pub fn cookies(&self, url: &str) -> String {
        let cookies = Url::parse(url).ok().and_then(|url| self.jar.cookies(&url));
        cookies.and_then(|cookies| cookies.to_str().map(str::to_owned).ok()).unwrap_or_default()
    }

    /// Asks as a script does, with cookies that somebody copied.
    pub async fn fetch_with(&self, url: &str, cookies: &str) -> Result<Answer> {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build()?;
        answer(client.get(url).header(ACCEPT, "application/json").header(COOKIE, cookies)).await
    }

    /// Opens a page and goes wherever it leads.
    pub async fn open(&self, url: &str) -> Result<Answer> {
        answer(self.follows.get(url).header(ACCEPT, NAVIGATION)).await
    }

    /// Opens a page and looks at the first answer.
    pub async fn look(&self, url: &str) -> Result<Answer> {
        answer(self.stays.get(url).header(ACCEPT, NAVIGATION)).await
    }

    /// Asks as a script in a page does.
    pub async fn fetch(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let request =
            self.stays.get(url).header(ACCEPT, "application/json").header("x-requested-with", "XMLHttpRequest");
        answer(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    /// Opens a page, and signs in at the provider when it leads there.
    pub async fn sign_in(&self, url: &str, user: &str, password: &str) -> Result<Answer> {
        let page = self.open(url).await?;
        let form = Form::first(&page.body)
            .with_context(|| format!("no sign-in form at {} ({})", page.url, page.status))?
            .fill(&["username", "email"], user)
            .fill(&["password"], password);
        let request = self.follows.post(page.url.join(&form.action)?).header(ACCEPT, NAVIGATION).form(&form.fields);
        answer(request).await
    }
}

impl Answer {
    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("no JSON from {}: {}", self.url, self.start()))
    }

    /// Fails unless the status is this one.
    pub fn expect(&self, status: u16) -> Result<&Self> {
        if self.status.as_u16() != status {
            bail!("{} answered {} instead of {status}: {}", self.url, self.status, self.start());
        }
        Ok(self)
    }

    fn start(&self) -> String {
        self.body.chars().take(300).collect()
    }
}

async fn answer(request: RequestBuilder) -> Result<Answer> {
    let response = request.send().await?;
    Ok(Answer {
        url: response.url().clone(),
        status: response.status(),
        headers: response.headers().clone(),
        body: response.text().await?,
    })
}
