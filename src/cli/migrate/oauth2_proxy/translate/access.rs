//! Who may pass: addresses, groups and roles.
//!
//! Decides that nothing lets more people in than before. One requirement holds for every rule.

use super::{
    super::{input::Setting, yaml::Tree},
    Given,
    parameters::quoted,
    provider::Client,
};

/// What everyone must meet; none if whoever has signed in may pass.
pub(super) fn translate(given: &mut Given<'_>, client: &Client) -> Option<Tree> {
    refuse_others(given);
    let people = people(given);
    let members = members(given, client);
    match (people, members) {
        (Some(people), Some(members)) => Some(Tree::map().with("all", Tree::list([people, members]))),
        (people, members) => people.or(members),
    }
}

/// `email_domains` and `authenticated_emails_file`: one of them suffices.
fn people(given: &mut Given<'_>) -> Option<Tree> {
    let domains = given.take_filled("email_domains");
    let file = given.take_filled("authenticated_emails_file");
    let emails = given.emails.take();
    let htpasswd = given.take_filled("htpasswd_file");
    if let Some(setting) = &htpasswd {
        given.lose(setting, "no passwords are checked here: give these people accounts at the provider");
    }
    if let (Some((_, place)), true) =
        (&emails, domains.as_ref().is_some_and(|setting| setting.values.iter().any(|domain| domain == "*")))
    {
        given.ledger.lost(place, "`email_domains` lets everyone pass, so the list changed nothing");
    }
    if let Some(setting) = domains.as_ref().filter(|setting| setting.values.iter().any(|domain| domain == "*")) {
        given.ledger.carried(&setting.label, "`*`: whoever signs in may pass");
        if let Some(setting) = &file {
            given.lose(setting, "`email_domains` lets everyone pass, so it changed nothing");
        }
        return None;
    }
    if let (Some(setting), None) = (&file, &emails) {
        let mend = "give that file, too: the tool knows it by its addresses";
        given.refuse(setting, "names a file that is not among these", mend);
    }
    if domains.is_none() && file.is_none() && emails.is_none() {
        given.ledger.refused(
            "nothing says whose addresses may pass: oauth2-proxy does not start without `email_domains` or `authenticated_emails_file`. \
             Add the file that has it, or `email_domains = [\"*\"]` if whoever signs in may pass",
        );
        return None;
    }
    let claim = given.peek("oidc_email_claim").or_else(|| given.peek("user_id_claim"));
    let claim = claim.map(|setting| setting.text().to_owned()).filter(|claim| claim != "email");
    let mut any = Vec::new();
    if let Some(setting) = &domains {
        given.ledger.source("routes", &setting.origin());
        given.ledger.carried(&setting.label, "`require.emailDomains` of the rules in `routes`");
        any.push(match &claim {
            Some(claim) => matching(claim, setting.values.iter().map(|domain| domain_expression(domain))),
            None => {
                Tree::map().with("emailDomains", Tree::list(setting.values.iter().map(|domain| spelled(domain).into())))
            }
        });
    }
    if let Some((addresses, place)) = emails {
        let label = file.as_ref().map_or(place.as_str(), |setting| setting.label.as_str()).to_owned();
        any.push(listed(given, &label, &addresses, &place, claim.as_deref()));
    }
    if claim.is_none() {
        given.ledger.changed("addresses", "must be called verified (`email_verified: true`) to open anything; oauth2-proxy took one about which the provider said nothing");
    }
    one_of(any)
}

/// The addresses of a file.
fn listed(given: &mut Given<'_>, label: &str, addresses: &[String], place: &str, claim: Option<&str>) -> Tree {
    given.ledger.source("routes", label);
    given.ledger.carried(label, format!("`require.emails` of the rules in `routes`: the addresses of {place}"));
    given.ledger.changed(
        label,
        "the list is a part of the configuration: a change of it is a change of that, and no file is watched",
    );
    match claim {
        Some(claim) => matching(claim, addresses.iter().map(|address| quoted(address))),
        None => Tree::map().with("emails", Tree::list(addresses.iter().map(|address| address.as_str().into()))),
    }
}

/// A domain as it is written here: `.example.com` and `*.example.com` are all below it.
fn spelled(domain: &str) -> String {
    match domain.strip_prefix("*.").or_else(|| domain.strip_prefix('.')) {
        Some(parent) => format!("*.{}", parent.to_ascii_lowercase()),
        None => domain.to_ascii_lowercase(),
    }
}

fn domain_expression(domain: &str) -> String {
    match spelled(domain).strip_prefix("*.") {
        Some(parent) => format!("[^@]+@[^@]+\\.{}", quoted(parent)),
        None => format!("[^@]+@{}", quoted(domain)),
    }
}

fn matching(claim: &str, expressions: impl Iterator<Item = String>) -> Tree {
    let expressions: Vec<_> = expressions.collect();
    let test = Tree::map().with("claim", claim).with("matches", format!("(?i:{})", expressions.join("|")));
    Tree::map().with("claims", Tree::list([test]))
}

/// `allowed_groups` and `allowed_roles`: one of all suffices.
fn members(given: &mut Given<'_>, client: &Client) -> Option<Tree> {
    let mut names: Vec<String> = Vec::new();
    for name in ["allowed_groups", "keycloak_groups", "gitlab_groups"] {
        let Some(setting) = given.take_members(name) else { continue };
        given.ledger.source("routes", &setting.origin());
        given.ledger.carried(&setting.label, "`require.groups` of the rules in `routes`");
        names.extend(setting.values.iter().filter(|name| !name.is_empty()).cloned());
        if setting.values.iter().any(|name| name.contains('*')) {
            given.refuse(
                &setting,
                "has a `*`, which oauth2-proxy compared letter by letter",
                "leave that name out; in `require.groups` a `*` is any run of characters",
            );
        }
    }
    let (roles, names): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| name.starts_with("role:") && client.kind == "keycloak-oidc");
    let mut roles: Vec<String> = roles.iter().map(|role| role.trim_start_matches("role:").to_owned()).collect();
    if let Some(setting) = given.take_members("allowed_roles") {
        match client.kind.as_str() {
            "keycloak-oidc" => {
                given.ledger.source("routes", &setting.origin());
                given.ledger.carried(&setting.label, "`require.claims` of the rules in `routes`");
                roles.extend(setting.values.iter().cloned());
            }
            _ => given.lose(
                &setting,
                "oauth2-proxy reads it with `provider = \"keycloak-oidc\"` alone, so it changed nothing",
            ),
        }
    }
    let mut any = Vec::new();
    if !names.is_empty() {
        let names = Tree::list(names.into_iter().map(Tree::from));
        any.push(Tree::map().with("groups", Tree::map().with("any", names)));
    }
    if !roles.is_empty() {
        given.ledger.step(
            "have Keycloak put roles into ID tokens, where they are read: in the client scope `roles`, the mappers `realm roles` and `client \
             roles`, switch on `Add to ID token`",
        );
    }
    any.extend(roles.iter().map(|role| self::role(role)));
    one_of(any)
}

/// `NAME` of the realm, or `CLIENT:NAME`.
fn role(role: &str) -> Tree {
    let (path, name): (Vec<&str>, _) = match role.split_once(':') {
        Some((client, name)) => (vec!["resource_access", client, "roles"], name),
        None => (vec!["realm_access", "roles"], role),
    };
    let test = Tree::map().with("claim", Tree::list(path.into_iter().map(Tree::from))).with("contains", name);
    Tree::map().with("claims", Tree::list([test]))
}

fn one_of(mut any: Vec<Tree>) -> Option<Tree> {
    match any.len() {
        0 | 1 => any.pop(),
        _ => Some(Tree::map().with("any", Tree::list(any))),
    }
}

/// Restrictions that cannot be kept: without them more people would pass.
fn refuse_others(given: &mut Given<'_>) {
    let others: [(&str, &str); 3] = [
        ("gitlab_projects", "name the groups by `gitlab_groups`: a project is no claim of a token"),
        ("google_group", DIRECTORY),
        ("google_groups", DIRECTORY),
    ];
    for (name, mend) in others {
        if let Some(setting) = given.take_members(name) {
            given.refuse(&setting, "restricts who may pass by what an API of the provider's says", mend);
        }
    }
    let trusted: Option<Setting> = given.take_filled("trusted_ips");
    if let Some(setting) = trusted {
        let mend = "leave it out, and give those programs tokens (`providers[].bearer`), or a listener of their own: an address says who is on \
                    the way, not who asks";
        given.refuse(&setting, "lets addresses pass without a sign-in", mend);
    }
}

const DIRECTORY: &str = "Google's tokens have no groups: name people by `authenticated_emails_file`, or put a provider between that knows them, \
                         such as Dex with its connector `google`, and give its `--issuer`";
