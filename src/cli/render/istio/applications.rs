//! What the applications believe, and from whom.
//!
//! Decides two policies for the namespaces of applications: that identity headers count from the gateway alone, and, where the
//! configuration hands the ID token on, that each application's own proxy verifies it once more.

use super::{
    super::{
        Artifact, IstioArguments,
        kubernetes::{name, resource},
    },
    Plan, Tree,
};
use crate::{
    identity::Forwarding,
    oidc::{
        bearer::BearerRule,
        provider::{ProviderKind, ProviderSettings},
    },
    policy::{Action, PathPattern, Rule},
};

/// Whose word the applications take, as certificates of the mesh name them.
pub(super) fn principals(arguments: &IstioArguments) -> Result<Vec<String>, String> {
    let kubeflow = if arguments.is_for_kubeflow() { &KUBEFLOW[..] } else { &[] };
    let accounts = arguments.service_account.iter().map(String::as_str).chain(kubeflow.iter().copied());
    let domain = &arguments.trust_domain;
    domain.split('.').try_for_each(|part| name("--trust-domain", part))?;
    let mut principals = Vec::new();
    for account in accounts {
        let own = arguments.namespace.as_str();
        let (namespace, account) = account.split_once('/').unwrap_or((own, account));
        // What is wrong with the gateway's own namespace is said of its own option.
        if namespace != own {
            name("--service-account", namespace)?;
        }
        name("--service-account", account)?;
        let principal = format!("{domain}/ns/{namespace}/sa/{account}");
        if !principals.contains(&principal) {
            principals.push(principal);
        }
    }
    Ok(principals)
}

/// The policies that refuse identity headers from anybody but the gateway.
pub(super) fn identity_headers(plan: &Plan<'_>) -> Option<Artifact> {
    // What clients send a session in is no identity, and may be an application's own inside the mesh.
    let tokens = plan.config.forwardings().flat_map(Forwarding::header_names);
    let mut headers: Vec<&str> = Vec::new();
    for header in plan.config.identity.header_names().chain(tokens) {
        if !headers.contains(&header) {
            headers.push(header);
        }
    }
    if plan.arguments.applications.is_empty() || headers.is_empty() {
        return None;
    }
    let accounts = Tree::list(plan.principals.iter().map(|principal| Tree::from(principal.as_str())));
    let source = Tree::map().with("source", Tree::map().with("notPrincipals", accounts));
    let rule = |header: &&str| {
        let when =
            Tree::map().with("key", format!("request.headers[{header}]")).with("values", Tree::list(["*".into()]));
        Tree::map().with("from", Tree::list([source.clone()])).with("when", Tree::list([when]))
    };
    let policy = |namespace: &String| {
        let spec = Tree::map().with("action", "DENY").with("rules", Tree::list(headers.iter().map(rule)));
        policy(plan, "edge-oidc-identity-headers", namespace).with("spec", spec)
    };
    let policies: Vec<_> = plan.arguments.applications.iter().map(policy).collect();
    let what = "Identity headers count from the gateway alone: whoever else sends one to an application is refused. A caller\n\
                without mutual TLS has no principal and is refused, too.";
    Some(plan.artifact("identity-headers.yaml", what, &policies))
}

/// The policies that let nothing in without the ID token, verified once more.
pub(super) fn authorization(plan: &Plan<'_>) -> Option<Artifact> {
    let header = plan.config.identity.forward.id_token.as_deref()?;
    if plan.arguments.applications.is_empty() {
        return None;
    }
    let providers: Vec<_> = plan.config.providers().iter().collect();
    let group = format!("security.istio.io/{}", plan.release.version());
    let mut documents = Vec::new();
    for namespace in &plan.arguments.applications {
        let metadata = Tree::members([("name", "edge-oidc".into()), ("namespace", namespace.as_str().into())]);
        let rules = Tree::list(providers.iter().map(|provider| jwt_rule(provider, header)));
        let authentication = resource(&group, "RequestAuthentication", metadata);
        documents.push(authentication.with("spec", Tree::map().explained(TOKENS, "jwtRules", rules)));
        let spec = Tree::map().with("action", "ALLOW").explained(OPEN, "rules", allowed(plan, &providers));
        documents.push(policy(plan, "edge-oidc", namespace).with("spec", spec));
    }
    let what = "The same identity, checked once more where the applications are: each application's own proxy verifies the\n\
                ID token that the filter hands on, and nothing gets in without one.";
    Some(plan.artifact("authorization.yaml", what, &documents))
}

fn policy(plan: &Plan<'_>, name: &str, namespace: &str) -> Tree {
    let metadata = Tree::members([("name", name.into()), ("namespace", namespace.into())]);
    resource(&format!("security.istio.io/{}", plan.release.version()), "AuthorizationPolicy", metadata)
}

fn jwt_rule(provider: &ProviderSettings, header: &str) -> Tree {
    let audiences = provider.bearer.iter().flat_map(|rule: &BearerRule| rule.audiences.iter());
    let mut known = Vec::new();
    for audience in Some(&provider.client_id).filter(|id| !id.is_empty()).into_iter().chain(audiences) {
        if !known.contains(&audience) {
            known.push(audience);
        }
    }
    let keys = match (&provider.endpoints.jwks, provider.kind) {
        (Some(url), _) => Some(url.to_string()),
        (None, ProviderKind::Cognito) => Some(format!("{}/.well-known/jwks.json", provider.issuer)),
        // Istio asks the issuer's metadata.
        (None, ProviderKind::Oidc) => None,
    };
    let from = match header == crate::identity::AUTHORIZATION {
        true => Tree::members([("name", header.into()), ("prefix", "Bearer ".into())]),
        false => Tree::map().with("name", header),
    };
    Tree::map()
        .with("issuer", provider.issuer.as_str())
        .with_some("jwksUri", keys)
        .with("audiences", Tree::list(known.into_iter().map(|audience| Tree::from(audience.as_str()))))
        .with("fromHeaders", Tree::list([from]))
        .with("forwardOriginalToken", true)
}

/// What is public in the filter is public here, as far as a policy can say it; all else needs somebody.
fn allowed(plan: &Plan<'_>, providers: &[&ProviderSettings]) -> Tree {
    // What stands behind another rule may be open in part only.
    let first = plan.config.routes.rules().iter().take_while(|rule| rule.action == Action::Allow);
    let open: Vec<_> = first.filter_map(paths).flatten().map(Tree::from).collect();
    let to = |paths| Tree::map().with("operation", Tree::map().with("paths", Tree::list(paths)));
    let open = (!open.is_empty()).then(|| Tree::map().with("to", Tree::list([to(open)])));
    let somebody = providers.iter().map(|provider| Tree::from(format!("{}/*", provider.issuer)));
    let source = Tree::map().with("source", Tree::map().with("requestPrincipals", Tree::list(somebody)));
    let somebody = Tree::map().with("from", Tree::list([source]));
    Tree::list(open.into_iter().chain([somebody]))
}

/// The paths of a rule that lets everybody pass, if they are all that it looks at.
fn paths(rule: &Rule) -> Option<Vec<String>> {
    let simple = rule.hosts.is_empty() && rule.methods.is_empty() && rule.not.is_none();
    let text = |segments: &[String]| format!("/{}", segments.join("/"));
    match rule.path.as_ref().filter(|_| simple)? {
        PathPattern::Exact(segments) => Some(vec![text(segments)]),
        PathPattern::Prefix(segments) if segments.is_empty() => Some(vec!["/*".to_owned()]),
        PathPattern::Prefix(segments) => Some(vec![text(segments), format!("{}/*", text(segments))]),
        PathPattern::Regex(_) | PathPattern::Template(_) => None,
    }
}

/// Kubeflow's components that hand the header on: the dashboard to the profiles' service, the pipelines' page to their server.
const KUBEFLOW: [&str; 2] = ["kubeflow/centraldashboard", "kubeflow/ml-pipeline-ui"];
const TOKENS: &str = "istiod fetches the keys, from its own pods. Tokens of the issuer's other clients have the same issuer and\n\
                      the same keys: `audiences` is what keeps them out.";
const OPEN: &str = "RequestAuthentication refuses a bad token, but lets requests without any pass: this is what refuses those.\n\
                    What is public in the filter is public here, too, where a policy can say it.";
