//! `edge-oidc explain FILE --url URL`: which rule decides on a request, why the earlier ones do not, and what happens.
//!
//! Decides who asks and what is told of it. The decision itself is the engine's, the very one that the filter runs.
//!
//! | File | Decides |
//! |---|---|
//! | `request` | what the request looks like on the wire |
//! | `caller` | who sends it |
//! | `stand_in`, `trial` | what the engine decides, without anyone being called |
//! | `verdict` | the words |

mod caller;
mod request;
mod stand_in;
mod trial;
mod verdict;

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use self::{
    caller::Credential,
    request::{Target, judged, route},
    trial::Headers,
    verdict::{Asked, explain},
};
use super::{
    Outcome, World,
    surroundings::{Surroundings, list_problems},
};
use crate::{
    config::{Config, TOKEN_KINDS},
    oidc::{
        bearer::{BearerRule, TokenKind},
        claims::{ClaimPath, Naming},
        provider::ProviderSettings,
    },
    time::UnixTime,
};

/// Which request to explain.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What `check` reads: a configuration, a WasmPlugin or TrafficExtension, or an Envoy configuration; `-` is the standard input
    file: PathBuf,
    /// What is asked for, as it is sent: nothing of it is normalised
    #[arg(long)]
    url: String,
    /// The request's method
    #[arg(long, default_value = "GET")]
    method: String,
    /// The groups of whoever asks
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with = "signed_out")]
    groups: Vec<String>,
    /// A claim of whoever asks; with `:=` the value is JSON
    #[arg(long = "claim", value_name = "NAME=VALUE", conflicts_with = "signed_out")]
    claims: Vec<String>,
    /// A header of the request
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The provider that vouches for whoever asks; by default the first that the rule takes
    #[arg(long, value_name = "NAME", conflicts_with = "signed_out")]
    provider: Option<String>,
    /// A program asks, with a bearer token of the first kind that the provider's `bearer` lists
    #[arg(long, conflicts_with = "signed_out")]
    bearer: bool,
    /// The kind of that token, as `bearer` has it: id_token, access_token, service_account, introspection or user_info
    #[arg(long, value_name = "KIND", requires = "bearer")]
    token: Option<String>,
    /// Nobody is signed in
    #[arg(long)]
    signed_out: bool,
    #[command(flatten)]
    surroundings: Surroundings,
}

pub(super) fn run(arguments: &Arguments, world: &dyn World) -> Outcome {
    match arguments.surroundings.read(&arguments.file, world) {
        Ok(read) => {
            let mut outcome = Outcome::default();
            let several = read.len() > 1;
            for read in &read {
                let told = match &read.config {
                    Ok(config) => arguments.explain(config),
                    Err(problems) => {
                        outcome.code = outcome.code.max(1);
                        Ok(list_problems(&read.heading, problems))
                    }
                };
                match told {
                    Ok(told) if several => outcome.output.push_str(&format!("{}\n\n{told}\n", read.heading)),
                    Ok(told) => outcome.output.push_str(&told),
                    Err(error) => return Outcome::failed(error),
                }
            }
            outcome
        }
        Err(error) => Outcome::failed(error),
    }
}

impl Arguments {
    fn explain(&self, config: &Config) -> Result<String, String> {
        let target = Target::parse(&self.url)?;
        let given = self.headers.iter().map(|header| request::header(header)).collect::<Result<Headers, _>>()?;
        let mut headers = request::headers(&target, &self.method, given, !self.bearer);
        let kind = self.token.as_deref().map(token_kind).transpose()?;
        let provider = self.provider(config, kind, &headers)?;
        let credential = provider.map(|provider| self.credential(config, provider, kind, &target));
        let credential = credential.transpose()?.flatten();
        headers.extend(credential.iter().map(|credential| credential.field.clone()));
        let opaque = credential.as_ref().and_then(|credential| credential.opaque.as_ref());
        let trial = trial::run(config, headers.clone(), opaque, NOW);
        let asked = Asked {
            url: &self.url,
            method: &self.method,
            provider: provider.filter(|_| credential.is_some()),
            claims: credential.as_ref().map(|credential| &credential.claims),
            bearer: self.bearer,
            token: credential.as_ref().and_then(|credential| credential.token.as_deref()),
        };
        Ok(explain(config, &asked, headers, &trial))
    }

    /// Who vouches for whoever asks; nobody where nobody is signed in.
    fn provider<'a>(
        &self,
        config: &'a Config,
        kind: Option<TokenKind>,
        headers: &Headers,
    ) -> Result<Option<&'a ProviderSettings>, String> {
        if self.signed_out {
            return Ok(None);
        }
        let fits = |provider: &&ProviderSettings| match self.bearer {
            true => entry(provider, kind).is_some(),
            false => provider.signs_in,
        };
        let Some(name) = &self.provider else {
            let seen = judged(config, headers.clone());
            let route = seen.as_ref().ok().and_then(|inbound| route(config, inbound).ok());
            let taken = |provider: &&ProviderSettings| route.is_none_or(|route| route.access().takes(&provider.name));
            let fitting = || config.providers().iter().filter(fits);
            return match (fitting().find(taken).or_else(|| fitting().next()), kind) {
                (None, Some(_)) => {
                    Err("--token: no provider of this configuration has `bearer` of this kind".to_owned())
                }
                (None, None) if self.bearer => {
                    Err("--bearer: no provider of this configuration has `bearer`".to_owned())
                }
                (provider, _) => Ok(provider),
            };
        };
        let names: Vec<_> = config.providers().iter().map(|provider| provider.name.as_str()).collect();
        let provider = config.provider_named(name);
        let provider = provider.ok_or_else(|| format!("--provider: is none of {}", names.join(", ")))?;
        match (fits(&provider), self.bearer) {
            (true, _) => Ok(Some(provider)),
            (false, true) if kind.is_some() => Err(format!("--token: no tokens of this kind of {name} are taken")),
            (false, true) => Err(format!("--provider: no bearer tokens of {name} are taken")),
            (false, false) => Err(format!("--provider: nobody signs in at {name}; with --bearer a program asks")),
        }
    }

    /// What whoever asks is known by; nothing at a host that is not ours, where no cookie could come from.
    fn credential(
        &self,
        config: &Config,
        provider: &ProviderSettings,
        kind: Option<TokenKind>,
        target: &Target,
    ) -> Result<Option<Credential>, String> {
        let rule = entry(provider, kind).filter(|_| self.bearer);
        let naming = rule.map_or_else(|| provider.naming.clone(), |rule| rule.naming.or(&provider.naming));
        let given = self.claims(config, &naming)?;
        match (rule, config.public_urls.origin_for(&target.authority)) {
            (Some(rule), _) => Ok(Some(caller::token(config, provider, rule, &given, NOW))),
            (None, Some(origin)) => caller::session(config, provider, &origin, &given, NOW).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn claims(&self, config: &Config, naming: &Naming) -> Result<Vec<(ClaimPath, Value)>, String> {
        let mut claims = self.claims.iter().map(|text| claim(text)).collect::<Result<Vec<_>, _>>()?;
        if !self.groups.is_empty() {
            let path = config.identity.groups_claim(naming);
            let path =
                path.ok_or("--groups: this configuration reads no groups; `identity.groups` names their claim")?;
            claims.push((path.clone(), self.groups.clone().into()));
        }
        Ok(claims)
    }
}

/// The first entry of the provider's `bearer`, or the first for tokens of this kind.
fn entry(provider: &ProviderSettings, kind: Option<TokenKind>) -> Option<&BearerRule> {
    provider.bearer.iter().find(|rule| kind.is_none_or(|kind| rule.kind == kind))
}

fn token_kind(text: &str) -> Result<TokenKind, String> {
    let kind = TOKEN_KINDS.iter().find(|(name, _)| *name == text);
    let names = || TOKEN_KINDS.map(|(name, _)| name).join(", ");
    kind.map(|(_, kind)| *kind).ok_or_else(|| format!("--token: is none of {}", names()))
}

/// `NAME=VALUE`, or `NAME:=JSON`.
fn claim(text: &str) -> Result<(ClaimPath, Value), String> {
    let (name, value) = text.split_once('=').ok_or("--claim: is neither NAME=VALUE nor NAME:=JSON")?;
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => {
            let value = serde_json::from_str(value);
            (name, value.map_err(|error| format!("--claim: the value of {name} is not JSON ({error})"))?)
        }
        None => (name, Value::from(value)),
    };
    if name.is_empty() {
        return Err("--claim: names no claim before the `=`".to_owned());
    }
    Ok((ClaimPath::top_level(name), value))
}

/// When all of this happens: any time will do, since sessions and tokens are made for it.
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
