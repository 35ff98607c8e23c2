//! One of `providers`: who vouches for people and programs.
//!
//! Decides what one provider's block may say and what is meant where it says nothing. What its metadata says later is
//! judged in `oidc::discovery`.

use std::time::Duration;

use url::Url;

use super::{
    Environment, address,
    identity::{self, Common},
    read::{Node, Object, Report, each_once},
    role::{self, Given},
    tokens,
};
use crate::oidc::{
    cognito,
    provider::{EndpointOverrides, ProviderKind, ProviderSettings},
    signature::Algorithm,
};

const KNOWN: [&str; 22] = [
    "name",
    "displayName",
    "issuer",
    "kind",
    "signIn",
    "clientId",
    "clientSecret",
    "clientAuthentication",
    "basicEncoding",
    "scopes",
    "userInfo",
    "identity",
    "bearer",
    "clusters",
    "endpoints",
    "authorizationParameters",
    "signInParameters",
    "insecureHttp",
    "timeout",
    "leeway",
    "algorithms",
    "logout",
];

pub(super) fn read(
    node: &Node<'_>,
    common: Common,
    environment: &dyn Environment,
    report: &mut Report,
) -> Option<ProviderSettings> {
    let object = node.object(&KNOWN, report)?;
    let name = name(&object, report);
    let insecure_http = address::insecure_http(&object, INSECURE_MEND, report);
    let mend = "add the issuer, for Cognito `https://cognito-idp.REGION.amazonaws.com/POOL_ID`";
    let issuer_node = object.required("issuer", mend, report);
    let issuer = issuer_node.as_ref().and_then(|node| address::issuer(node, insecure_http, report));
    let kind = kind(&object, issuer.as_ref().map(|(_, url)| url), report);
    if let (Some(node), Some((_, url))) = (&issuer_node, &issuer) {
        judge_issuer(node, url, kind, report);
    }
    let endpoints = object.member("endpoints").map(|node| endpoints(&node, insecure_http, report)).unwrap_or_default();
    let bearer = object.member("bearer").map(|node| tokens::read(&node, kind, common, report)).unwrap_or_default();
    let given = Given { kind, insecure_http, endpoints: &endpoints, bearer: &bearer };
    let role = role::read(&object, given, environment, report);
    let naming = object.member("identity").map(|node| identity::naming(&node, common, report)).unwrap_or_default();
    let clusters = object.member("clusters").map(|node| address::clusters(&node, report)).unwrap_or_default();
    let timeout = object.member("timeout").and_then(|node| node.duration(TIMEOUT, "from `1s` to `30s`", report));
    let leeway = object.member("leeway").and_then(|node| node.duration(LEEWAY, "from `0s` to `300s`", report));
    let algorithms = object.member("algorithms");
    let algorithms = algorithms.map_or_else(
        || vec![Algorithm::Rs256],
        |node| each_once(&node, report, |node, report| algorithm(node, kind, report)),
    );
    let ((issuer, _), role) = (issuer?, role?);
    Some(ProviderSettings {
        display_name: role.display_name.unwrap_or_else(|| name.clone()),
        name,
        signs_in: role.signs_in,
        user_info: role.user_info,
        naming,
        bearer,
        issuer: issuer.to_owned(),
        kind,
        client_id: role.client_id,
        client_authentication: role.client_authentication,
        scopes: role.scopes,
        clusters,
        endpoints,
        authorization_parameters: role.authorization_parameters,
        insecure_http,
        timeout: timeout.unwrap_or(Duration::from_secs(5)),
        leeway: leeway.unwrap_or(Duration::from_mins(1)),
        algorithms,
        logout: role.logout,
        logout_return_urls: role.logout_return_urls,
    })
}

fn name(provider: &Object<'_>, report: &mut Report) -> String {
    let Some(node) = provider.member("name") else { return "default".to_owned() };
    let name = node.text(report).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // It becomes a segment of the path that the provider sends people back to.
    if name.len() > LONGEST_NAME || !name.chars().all(plain) || matches!(name, "." | "..") {
        let mend =
            "write up to 64 letters, digits, `-`, `.` and `_`, but not `.` or `..`: sessions and the callback have it";
        node.problem(report, "is not a plain name", mend);
    }
    name.to_owned()
}

fn kind(provider: &Object<'_>, issuer: Option<&Url>, report: &mut Report) -> ProviderKind {
    let inferred = match issuer.is_some_and(cognito::is_issuer) {
        true => ProviderKind::Cognito,
        false => ProviderKind::Oidc,
    };
    let Some(node) = provider.member("kind") else { return inferred };
    let kinds = [("cognito", ProviderKind::Cognito), ("oidc", ProviderKind::Oidc)];
    let chosen = node.choice(&kinds, report).unwrap_or(inferred);
    if chosen == ProviderKind::Oidc && inferred == ProviderKind::Cognito {
        node.problem(report, "is `oidc` for an issuer of Cognito's", "remove it: Cognito's own rules are needed there");
    }
    chosen
}

fn judge_issuer(node: &Node<'_>, issuer: &Url, kind: ProviderKind, report: &mut Report) {
    if kind == ProviderKind::Cognito && cognito::is_issuer(issuer) && !is_pool(issuer) {
        let mend = "end it with the user pool's id: `https://cognito-idp.REGION.amazonaws.com/REGION_xxxxxxxxx`";
        node.problem(report, "names no user pool", mend);
    }
}

/// Whether the path is `/<pool id>`, as AWS documents ids: `[\w-]+_[0-9a-zA-Z]+`.
fn is_pool(issuer: &Url) -> bool {
    let id = issuer.path().strip_prefix('/').and_then(|id| id.rsplit_once('_'));
    let region =
        |region: &str| !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let pool = |pool: &str| !pool.is_empty() && pool.chars().all(|c| c.is_ascii_alphanumeric());
    id.is_some_and(|(before, after)| region(before) && pool(after))
}

fn endpoints(node: &Node<'_>, insecure_http: bool, report: &mut Report) -> EndpointOverrides {
    let known = ["authorization", "token", "jwks", "endSession", "revocation", "userInfo", "introspection"];
    let Some(object) = node.object(&known, report) else { return EndpointOverrides::default() };
    let mut endpoint = |name| object.member(name).and_then(|node| address::endpoint(&node, insecure_http, report));
    EndpointOverrides {
        authorization: endpoint("authorization"),
        token: endpoint("token"),
        jwks: endpoint("jwks"),
        end_session: endpoint("endSession"),
        revocation: endpoint("revocation"),
        user_info: endpoint("userInfo"),
        introspection: endpoint("introspection"),
    }
}

fn algorithm(node: &Node<'_>, kind: ProviderKind, report: &mut Report) -> Option<Algorithm> {
    let mend = format!("choose among {}", Algorithm::ALL.map(Algorithm::name).join(", "));
    let algorithm = node.parse(report, &mend, |name| name.parse().map_err(|_| "is not an accepted algorithm"))?;
    if kind == ProviderKind::Cognito && algorithm != Algorithm::Rs256 {
        let mend = "remove `algorithms`: Cognito signs with RS256 only";
        node.problem(report, "is not what Cognito signs with", mend);
        return None;
    }
    Some(algorithm)
}

const INSECURE_MEND: &str =
    "whoever is between Envoy and the provider can sign in as anyone; use https where the provider has it";
const TIMEOUT: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(30);
const LEEWAY: std::ops::RangeInclusive<Duration> = Duration::ZERO..=Duration::from_mins(5);
const LONGEST_NAME: usize = 64;
