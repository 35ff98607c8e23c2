//! What `demo --check` tries, and what must have held.
//!
//! Each check is one promise a user would notice broken. They run in order, as one person's visit; a check that cannot be
//! tried because the sign-in failed is a failed check, never a skipped one.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::time::sleep;

use super::person::Person;
use super::stack::{MACHINE_ID, Stack};

/// Tokens are not renewed within ten seconds of their coming.
const PATIENCE: Duration = Duration::from_secs(25);

const DEEP_LINK: &str = "/deep/link?x=1&y=a%20b&list=a&list=b";
const FORGED: &[(&str, &str)] = &[
    ("kubeflow-userid", "mallory@example.com"),
    ("kubeflow_userid", "mallory@example.com"),
    ("kubeflow-groups", "admins"),
    ("kubeflow_groups", "admins"),
];

/// What held and what did not.
#[derive(Default)]
pub struct Report {
    lines: Vec<(&'static str, Result<()>)>,
    identity: Vec<String>,
}

impl Report {
    /// Whether everything held.
    pub fn passed(&self) -> bool {
        self.lines.iter().all(|(_, outcome)| outcome.is_ok())
    }

    fn add(&mut self, name: &'static str, outcome: Result<()>) {
        self.lines.push((name, outcome));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, outcome) in &self.lines {
            match outcome {
                Ok(()) => writeln!(f, "✓ {name}")?,
                Err(error) => writeln!(f, "✗ {name}\n    {}", format!("{error:#}").replace('\n', "\n    "))?,
            }
        }
        writeln!(f, "\nWhat the application received:")?;
        self.identity.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        let held = self.lines.iter().filter(|(_, outcome)| outcome.is_ok()).count();
        write!(f, "\n{held} of {} checks passed", self.lines.len())
    }
}

/// Tries everything against a running stack.
pub async fn run(stack: &mut Stack) -> Report {
    let mut report = Report::default();
    let Ok(person) = Person::new() else {
        report.add("an HTTP client can be made", Err(anyhow::anyhow!("TLS is not available")));
        return report;
    };
    report.add("a public path needs no sign-in, and a forged identity is removed there", public(stack, &person).await);
    report.add("a script without a session gets 401 and JSON", script(stack, &person).await);
    report.add("a person without a session is sent to the provider", redirect(stack, &person).await);
    report.add("signing in leads to the deep link, query included", deep_link(stack, &person).await);
    let mut shown = Vec::new();
    report.add("the application receives who it is", identity(stack, &person, &mut shown).await);
    report.identity = shown;
    report.add("a forged identity is replaced, in every spelling", forged(stack, &person).await);
    report.add("whoami says it too, and no token", whoami(stack, &person).await);
    report.add("a rule lets its group in and nobody else", group(stack, &person).await);
    report.add("a program comes in by its own token, as itself", program(stack).await);
    report.add("tokens are renewed once and for all requests, without a sign-in", renewal(stack, &person).await);
    let (copy, mut ours) = (person.cookies(&stack.at("/")), Vec::new());
    report.add("sign-out ends the session, here and at the provider", sign_out(stack, &person, &mut ours).await);
    report.add("a copy of the session's cookie is of no use any more", replay(stack, &person, &copy).await);
    report.add("the application got its own cookies and none of the filter's", cookies(stack, &ours));
    report.add("no part of Envoy or the filter failed meanwhile", stack.envoy.assert_alive().await);
    report
}

async fn public(stack: &Stack, person: &Person) -> Result<()> {
    let seen = person.fetch(&stack.at("/healthz"), FORGED).await?.expect(200)?.json()?;
    ensure!(received(&seen, "kubeflow").is_empty(), "it received {:?}", received(&seen, "kubeflow"));
    Ok(())
}

async fn script(stack: &Stack, person: &Person) -> Result<()> {
    let before = stack.upstream.hits();
    let answer = person.fetch(&stack.at("/api/things"), &[]).await?;
    answer.expect(401)?.json()?;
    ensure!(
        answer.header("content-type").starts_with("application/json"),
        "its type is {}",
        answer.header("content-type")
    );
    ensure!(!answer.header("www-authenticate").is_empty(), "it has no WWW-Authenticate");
    ensure!(stack.upstream.hits() == before, "the application was reached");
    Ok(())
}

async fn redirect(stack: &Stack, person: &Person) -> Result<()> {
    let before = stack.upstream.hits();
    let answer = person.look(&stack.at(DEEP_LINK)).await?;
    let to = answer.expect(302)?.header("location");
    ensure!(to.starts_with(&stack.domain), "it leads to {to}");
    for parameter in ["response_type=code", "state=", "nonce=", "code_challenge=", "code_challenge_method=S256"] {
        ensure!(to.contains(parameter), "{parameter} is missing in {to}");
    }
    ensure!(stack.upstream.hits() == before, "the application was reached");
    Ok(())
}

async fn deep_link(stack: &Stack, person: &Person) -> Result<()> {
    let user = stack.user();
    let answer = person.sign_in(&stack.at(DEEP_LINK), &user.username, &user.password).await?;
    ensure!(answer.expect(200)?.url.as_str() == stack.at(DEEP_LINK), "it ended at {}", answer.url);
    let seen = stack.upstream.last().context("the application was not reached")?;
    let target = format!("{}?{}", seen.path, seen.query);
    ensure!(target == DEEP_LINK, "the application was asked for {target}");
    Ok(())
}

async fn identity(stack: &Stack, person: &Person, shown: &mut Vec<String>) -> Result<()> {
    let seen = person.fetch(&stack.at("/who"), &[]).await?.expect(200)?.json()?;
    shown.extend(received(&seen, "kubeflow").iter().map(|(name, value)| format!("{name}: {value}")));
    let user = stack.user();
    expect_one(&seen, "kubeflow-userid", user.email.as_deref().unwrap_or_default())?;
    expect_one(&seen, "kubeflow-groups", &user.groups.join(","))
}

async fn forged(stack: &Stack, person: &Person) -> Result<()> {
    let seen = person.fetch(&stack.at("/who"), FORGED).await?.expect(200)?.json()?;
    let user = stack.user();
    expect_one(&seen, "kubeflow-userid", user.email.as_deref().unwrap_or_default())?;
    expect_one(&seen, "kubeflow-groups", &user.groups.join(","))?;
    let under = received(&seen, "kubeflow_");
    ensure!(under.is_empty(), "it received {under:?}");
    Ok(())
}

async fn whoami(stack: &Stack, person: &Person) -> Result<()> {
    let answer = person.fetch(&stack.at("/oauth2/whoami"), &[]).await?;
    let said = answer.expect(200)?.json()?;
    let email = stack.user().email.unwrap_or_default();
    ensure!(said["headers"]["kubeflow-userid"] == email, "it said {said}");
    ensure!(!answer.body.contains("eyJ"), "there is a token in {said}");
    Ok(())
}

async fn group(stack: &Stack, person: &Person) -> Result<()> {
    person.fetch(&stack.at("/admins"), &[]).await?.expect(200)?;
    let before = stack.upstream.hits();
    let token = format!("Bearer {}", stack.machine_token().await?);
    let answer = Person::new()?.fetch(&stack.at("/admins"), &[("authorization", &token)]).await?;
    let said = answer.expect(403)?.json()?;
    ensure!(said["error"] == "requirement_unmet", "it said {said}");
    ensure!(stack.upstream.hits() == before, "the application was reached");
    Ok(())
}

async fn program(stack: &Stack) -> Result<()> {
    let (nobody, token) = (Person::new()?, stack.machine_token().await?);
    let seen = nobody.fetch(&stack.at("/api"), &[("authorization", &format!("bearer {token}"))]).await?;
    let user = format!("program:{MACHINE_ID}");
    expect_one(&seen.expect(200)?.json()?, "kubeflow-userid", &user)?;
    let before = stack.upstream.hits();
    let answer = nobody.fetch(&stack.at("/api"), &[("authorization", &format!("Bearer {token}x"))]).await?;
    let challenge = answer.expect(401)?.header("www-authenticate");
    ensure!(challenge.contains("error=\"invalid_token\""), "the challenge is {challenge}");
    ensure!(stack.upstream.hits() == before, "the application was reached");
    Ok(())
}

/// The tokens of this stack last a second, and each refresh token is taken once: whoever asks twice is signed out.
async fn renewal(stack: &Stack, person: &Person) -> Result<()> {
    let before = person.cookies(&stack.at("/"));
    let deadline = Instant::now() + PATIENCE;
    while stack.refreshes() == 0 {
        ensure!(Instant::now() < deadline, "nothing was renewed in {PATIENCE:?}");
        sleep(Duration::from_millis(250)).await;
        let everything = (0..20).map(|_| async { person.fetch(&stack.at("/who"), &[]).await?.expect(200).map(|_| ()) });
        futures_util::future::try_join_all(everything).await?;
    }
    ensure!(stack.refreshes() == 1, "the provider was asked {} times", stack.refreshes());
    ensure!(person.cookies(&stack.at("/")) != before, "no new cookie came");
    Ok(())
}

async fn replay(stack: &Stack, person: &Person, copy: &str) -> Result<()> {
    ensure!(copy.contains("edge_oidc="), "there was no session in {copy:?}");
    person.fetch_with(&stack.at("/who"), copy).await?.expect(401)?;
    Ok(())
}

async fn sign_out(stack: &Stack, person: &Person, ours: &mut Vec<String>) -> Result<()> {
    person.keep_cookie(&stack.at("/"), "theme=dark")?;
    person.fetch(&stack.at("/who"), &[]).await?.expect(200)?;
    let answer = person.look(&stack.at("/oauth2/sign-out")).await?;
    ours.extend(answer.headers.get_all("set-cookie").iter().filter_map(cookie_name));
    let to = answer.expect(302)?.header("location");
    ensure!(to.starts_with(&stack.domain), "it leads to {to} and not to the provider");
    person.open(to).await?;
    person.fetch(&stack.at("/who"), &[]).await?.expect(401).context("a script is still signed in")?;
    let answer = person.open(&stack.at(DEEP_LINK)).await?;
    if !answer.url.as_str().starts_with(&stack.domain) {
        bail!("the person was not asked to sign in again but came to {}", answer.url);
    }
    Ok(())
}

/// Judged after the sign-out, because only then is it known which cookies were the filter's: those it deleted.
fn cookies(stack: &Stack, ours: &[String]) -> Result<()> {
    ensure!(!ours.is_empty(), "the sign-out deleted no cookie");
    let requests = stack.upstream.requests();
    let seen = requests.iter().rfind(|request| request.path == "/who").context("the application was not reached")?;
    let cookies: Vec<_> = seen.all("cookie").into_iter().flat_map(|header| header.split("; ")).collect();
    ensure!(cookies.contains(&"theme=dark"), "its own cookie is missing in {cookies:?}");
    for request in &requests {
        let names = request.all("cookie").into_iter().flat_map(|header| header.split("; "));
        let names = names.filter_map(|cookie| cookie.split('=').next());
        let leaked: Vec<_> = names.filter(|name| ours.iter().any(|own| own == name)).collect();
        ensure!(leaked.is_empty(), "{} received {leaked:?}", request.path);
    }
    Ok(())
}

fn received<'a>(seen: &'a Value, prefix: &str) -> Vec<(&'a str, &'a str)> {
    let pairs = seen["headers"].as_array().into_iter().flatten();
    let pairs = pairs.filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str()?)));
    pairs.filter(|(name, _)| name.starts_with(prefix)).collect()
}

fn expect_one(seen: &Value, name: &str, value: &str) -> Result<()> {
    let all: Vec<_> = received(seen, name).into_iter().map(|(_, value)| value).collect();
    ensure!(all == [value], "{name} is {all:?} instead of [{value:?}]");
    Ok(())
}

fn cookie_name(value: &reqwest::header::HeaderValue) -> Option<String> {
    value.to_str().ok()?.split('=').next().map(str::to_owned)
}
