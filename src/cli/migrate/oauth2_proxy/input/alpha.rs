//! The alpha configuration: YAML with the provider, the headers and the upstreams.
//!
//! Decides which of its members say what a setting says otherwise, and takes those for it. oauth2-proxy does not start with a
//! member that it does not know, so one is a problem.

use serde_json::Value;

use super::{
    super::manifest::{self, list, text},
    Inputs, Layer, Setting,
};

/// The members of the document.
pub(super) const MEMBERS: [&str; 7] = [
    "injectRequestHeaders",
    "injectResponseHeaders",
    "metricsServer",
    "providers",
    "server",
    "upstreamConfig",
    "upstreams",
];

/// What the settings cannot say.
pub(in crate::cli::migrate::oauth2_proxy) struct Alpha {
    /// The headers, those of requests first.
    pub(in crate::cli::migrate::oauth2_proxy) headers: Vec<Header>,
    /// What the sign-in asks for, and what a link may add.
    pub(in crate::cli::migrate::oauth2_proxy) parameters: Vec<Parameter>,
    /// Whether the upstreams' paths are passed on as they came.
    pub(in crate::cli::migrate::oauth2_proxy) place: String,
}

/// A header that is set.
#[derive(Clone)]
pub(in crate::cli::migrate::oauth2_proxy) struct Header {
    /// Its name, as it is written.
    pub(in crate::cli::migrate::oauth2_proxy) name: String,
    /// Where its value comes from.
    pub(in crate::cli::migrate::oauth2_proxy) sources: Vec<Source>,
    /// Whether what a client sends stays.
    pub(in crate::cli::migrate::oauth2_proxy) preserve: bool,
    /// The setting that it comes from.
    pub(in crate::cli::migrate::oauth2_proxy) label: String,
    /// Whether it stands in requests rather than in answers.
    pub(in crate::cli::migrate::oauth2_proxy) request: bool,
}

/// Where a header's value comes from.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cli::migrate::oauth2_proxy) enum Source {
    /// Name and password.
    Basic,
    /// A claim behind a prefix.
    Claim { claim: String, prefix: String },
    /// A text that is always the same.
    Fixed,
}

/// A parameter of the authorization request.
#[derive(Clone)]
pub(in crate::cli::migrate::oauth2_proxy) struct Parameter {
    /// Its name.
    pub(in crate::cli::migrate::oauth2_proxy) name: String,
    /// What it is if nobody says otherwise.
    pub(in crate::cli::migrate::oauth2_proxy) default: Vec<String>,
    /// Values that a link may name.
    pub(in crate::cli::migrate::oauth2_proxy) values: Vec<String>,
    /// Expressions one of which must be found in what a link names.
    pub(in crate::cli::migrate::oauth2_proxy) patterns: Vec<String>,
    /// The setting that it comes from.
    pub(in crate::cli::migrate::oauth2_proxy) label: String,
}

/// Reads a document.
pub(super) fn read(place: &str, content: &str, inputs: &mut Inputs) {
    let content = substituted(content, place, inputs);
    let documents = manifest::documents(&content);
    let Ok([document]) = documents.as_deref() else {
        let why = documents.err().unwrap_or_else(|| "it is no single document".to_owned());
        return inputs.problems.push(format!("{place} is no YAML as the alpha configuration is: {why}"));
    };
    let mut alpha = Alpha { headers: Vec::new(), parameters: Vec::new(), place: place.to_owned() };
    let members = document.as_object().into_iter().flatten();
    for (name, value) in members {
        match name.as_str() {
            "providers" => providers(value, &mut alpha, inputs),
            "injectRequestHeaders" => headers(value, true, &mut alpha, inputs),
            "injectResponseHeaders" => headers(value, false, &mut alpha, inputs),
            "upstreamConfig" => {
                upstreams(value.get("upstreams").unwrap_or(&Value::Null), "upstreamConfig", place, inputs)
            }
            "upstreams" => upstreams(value, "upstreams", place, inputs),
            "server" => gone("http_address", name, place, inputs),
            "metricsServer" => gone("metrics_address", name, place, inputs),
            // The settings of a file can stand here, too, in newer releases.
            other => inputs.problems.push(unknown(other, place)),
        }
    }
    inputs.alpha = Some(alpha);
}

fn unknown(name: &str, place: &str) -> String {
    format!(
        "{name} ({place}) is no member of oauth2-proxy's alpha configuration: look for a typing error, or take it out"
    )
}

fn providers(value: &Value, alpha: &mut Alpha, inputs: &mut Inputs) {
    let place = alpha.place.clone();
    let mut all = value.as_array().into_iter().flatten();
    let Some(provider) = all.next() else { return };
    for (index, _) in all.enumerate() {
        let label = format!("providers[{}]", index.saturating_add(1));
        inputs.dead.push((label, "oauth2-proxy signs people in at the first provider alone".to_owned()));
    }
    for (name, value) in provider.as_object().into_iter().flatten() {
        let label = format!("providers[0].{name}");
        match name.as_str() {
            "id" => {}
            "loginURLParameters" => parameters(value, alpha, inputs),
            // Any claim can be named where it is used.
            "additionalClaims" => {}
            _ if value.is_object() => nested(name, value, &place, inputs),
            _ => take(setting(&PROVIDER, name), value, &label, &place, inputs),
        }
    }
}

fn nested(group: &str, value: &Value, place: &str, inputs: &mut Inputs) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let label = format!("providers[0].{group}.{name}");
        take(setting(&NESTED, &format!("{group}.{name}")), value, &label, place, inputs);
    }
}

/// The setting that a member is; a group of members that mean one and the same is one.
fn setting(members: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    members.iter().find(|(member, _)| *member == name).map(|(_, setting)| *setting)
}

fn take(name: Option<&'static str>, value: &Value, label: &str, place: &str, inputs: &mut Inputs) {
    let Some(name) = name else { return inputs.problems.push(unknown(label, place)) };
    // A secret of the environment that is in none of the files is for people to fill in.
    if value.is_null() && inputs.elsewhere.contains_key(name) {
        return;
    }
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) | Value::Null | Value::Object(_) => None,
    };
    let values: Option<Vec<_>> = match value {
        Value::Array(elements) => elements.iter().map(scalar).collect(),
        value => scalar(value).map(|value| vec![value]),
    };
    match values {
        Some(values) => inputs.add(Setting::new(name, values, label, place, Layer::File)),
        None => inputs.problems.push(format!("{label} ({place}) is neither a text nor a list of texts")),
    }
}

fn headers(value: &Value, request: bool, alpha: &mut Alpha, inputs: &mut Inputs) {
    let group = if request { "injectRequestHeaders" } else { "injectResponseHeaders" };
    for (index, header) in value.as_array().into_iter().flatten().enumerate() {
        let label = format!("{group}[{index}]");
        for name in header.as_object().into_iter().flatten().map(|(name, _)| name) {
            if !["name", "preserveRequestValue", "InsecureSkipHeaderNormalization", "values"].contains(&name.as_str()) {
                inputs.problems.push(unknown(&format!("{label}.{name}"), &alpha.place));
            }
        }
        for (number, value) in list(header, "values").enumerate() {
            let label = format!("{label}.values[{number}]");
            known(value, &SOURCE, &label, alpha, inputs);
            if let Some(claim) = value.get("claimSource") {
                known(claim, &CLAIM, &label, alpha, inputs);
            }
        }
        let preserve = header.get("preserveRequestValue").and_then(Value::as_bool).unwrap_or(false);
        let sources = list(header, "values").map(source).collect();
        alpha.headers.push(Header { name: text(header, "/name").to_owned(), sources, preserve, label, request });
    }
    alpha.headers.sort_by_key(|header| !header.request);
}

fn known(value: &Value, members: &[&str], label: &str, alpha: &Alpha, inputs: &mut Inputs) {
    let others = value.as_object().into_iter().flatten().filter(|(name, _)| !members.contains(&name.as_str()));
    inputs.problems.extend(others.map(|(name, _)| unknown(&format!("{label}.{name}"), &alpha.place)));
}

/// Since 7.14 a source is an object of its own.
fn source(value: &Value) -> Source {
    let claim = value.get("claimSource").unwrap_or(value);
    match (claim.get("basicAuthPassword"), text(claim, "/claim")) {
        (Some(_), _) => Source::Basic,
        (None, "") => Source::Fixed,
        (None, name) => Source::Claim { claim: name.to_owned(), prefix: text(claim, "/prefix").to_owned() },
    }
}

fn parameters(value: &Value, alpha: &mut Alpha, inputs: &mut Inputs) {
    for (index, parameter) in value.as_array().into_iter().flatten().enumerate() {
        let label = format!("providers[0].loginURLParameters[{index}]");
        let texts =
            |values: &mut dyn Iterator<Item = &Value>| values.filter_map(Value::as_str).map(str::to_owned).collect();
        let rules = |name: &str| texts(&mut list(parameter, "allow").filter_map(|rule| rule.get(name)));
        let read = Parameter {
            name: text(parameter, "/name").to_owned(),
            default: texts(&mut list(parameter, "default")),
            values: rules("value"),
            patterns: rules("pattern"),
            label,
        };
        if read.name.is_empty() {
            inputs.problems.push(format!("{} ({}) has no name", read.label, alpha.place));
        }
        alpha.parameters.push(read);
    }
}

fn upstreams(value: &Value, label: &str, place: &str, inputs: &mut Inputs) {
    let uri = |upstream: &Value| match upstream.get("static") {
        Some(Value::Bool(true)) => "static://200".to_owned(),
        _ => text(upstream, "/uri").to_owned(),
    };
    let uris = value.as_array().into_iter().flatten().map(uri).collect();
    inputs.add(Setting::new("upstreams", uris, label, place, Layer::File));
}

fn gone(name: &'static str, label: &str, place: &str, inputs: &mut Inputs) {
    inputs.add(Setting::new(name, vec![String::new()], label, place, Layer::File));
}

/// `${NAME}` of the environment. One that nobody knows stays, and is for people to fill in where it is a secret.
fn substituted(content: &str, place: &str, inputs: &mut Inputs) -> String {
    let mut text = String::new();
    let mut rest = content;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, left)) = after.split_once('}') else { break };
        text.push_str(before);
        let line = before.rsplit('\n').next().unwrap_or_default();
        match inputs.variables.get(name) {
            Some(value) => text.push_str(value),
            None if line.contains("clientSecret") => {
                inputs.elsewhere.insert("client_secret", format!("{place} takes it from the variable {name}, which is in none of the files"));
            }
            None if line.contains("value") => text.push('x'),
            None => inputs.problems.push(format!(
                "{place} takes the variable {name}, which is in none of the files. Write it out, or give the env file, too"
            )),
        }
        rest = left;
    }
    text + rest
}

/// Members of a header's value, those of before 7.14 among them.
const SOURCE: [&str; 8] =
    ["basicAuthPassword", "claim", "claimSource", "fromEnv", "fromFile", "prefix", "secretSource", "value"];
const CLAIM: [&str; 3] = ["basicAuthPassword", "claim", "prefix"];
/// Members of a provider, and the settings that say the same.
const PROVIDER: [(&str, &str); 19] = [
    ("allowedGroups", "allowed_groups"),
    ("authRequestResponseMode", "auth_request_response_mode"),
    ("backendLogoutURL", "backend_logout_url"),
    ("caFiles", "provider_ca_files"),
    ("clientID", "client_id"),
    ("clientSecret", "client_secret"),
    ("clientSecretFile", "client_secret_file"),
    ("code_challenge_method", "code_challenge_method"),
    ("force_code_challenge_method", "force_code_challenge_method"),
    ("loginURL", "login_url"),
    ("name", "provider_display_name"),
    ("profileURL", "profile_url"),
    ("provider", "provider"),
    ("redeemURL", "redeem_url"),
    ("resource", "resource"),
    ("scope", "scope"),
    ("skipClaimsFromProfileURL", "skip_claims_from_profile_url"),
    ("useSystemTrustStore", "use_system_trust_store"),
    ("validateURL", "validate_url"),
];
const NESTED: [(&str, &str); 33] = [
    ("azureConfig.graphGroupField", "azure_graph_group_field"),
    ("azureConfig.tenant", "azure_tenant"),
    ("bitbucketConfig.repository", "bitbucket_repository"),
    ("bitbucketConfig.team", "bitbucket_team"),
    ("githubConfig.org", "github_org"),
    ("githubConfig.repo", "github_repo"),
    ("githubConfig.team", "github_team"),
    ("githubConfig.token", "github_token"),
    ("githubConfig.users", "github_users"),
    ("gitlabConfig.group", "gitlab_groups"),
    ("gitlabConfig.projects", "gitlab_projects"),
    ("googleConfig.adminEmail", "google_admin_email"),
    ("googleConfig.group", "google_groups"),
    ("googleConfig.serviceAccountJson", "google_service_account_json"),
    ("googleConfig.targetPrincipal", "google_target_principal"),
    ("googleConfig.useApplicationDefaultCredentials", "google_use_application_default_credentials"),
    ("keycloakConfig.groups", "keycloak_groups"),
    ("keycloakConfig.roles", "allowed_roles"),
    ("microsoftEntraIDConfig.allowedTenants", "entra_id_allowed_tenants"),
    ("microsoftEntraIDConfig.federatedTokenAuth", "entra_id_federated_token_auth"),
    ("oidcConfig.audienceClaims", "oidc_audience_claims"),
    ("oidcConfig.emailClaim", "oidc_email_claim"),
    ("oidcConfig.enabledSigningAlgs", "oidc_enabled_signing_algs"),
    ("oidcConfig.extraAudiences", "oidc_extra_audiences"),
    ("oidcConfig.groupsClaim", "oidc_groups_claim"),
    ("oidcConfig.insecureAllowUnverifiedEmail", "insecure_oidc_allow_unverified_email"),
    ("oidcConfig.insecureSkipIssuerVerification", "insecure_oidc_skip_issuer_verification"),
    ("oidcConfig.insecureSkipNonce", "insecure_oidc_skip_nonce"),
    ("oidcConfig.issuerURL", "oidc_issuer_url"),
    ("oidcConfig.jwksURL", "oidc_jwks_url"),
    ("oidcConfig.publicKeyFiles", "oidc_public_key_files"),
    ("oidcConfig.skipDiscovery", "skip_oidc_discovery"),
    ("oidcConfig.userIDClaim", "user_id_claim"),
];

#[cfg(test)]
mod tests {
    use super::{super::super::names, *};

    #[test]
    fn every_member_is_a_setting() {
        assert!(PROVIDER.iter().chain(&NESTED).all(|(_, name)| names::by_name(name).is_some()));
    }
}
