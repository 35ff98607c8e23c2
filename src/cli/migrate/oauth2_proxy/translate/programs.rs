//! Tokens that programs send.
//!
//! Decides whose tokens count: those of the provider for our client, and those of `extra_jwt_issuers`. oauth2-proxy told ID tokens
//! and access tokens not apart.

use super::{
    super::{input::Setting, yaml::Tree},
    Given,
    mesh::Mesh,
    provider::Client,
};

/// What programs may send.
#[derive(Default)]
pub(super) struct Programs {
    /// `bearer` of the provider.
    pub(super) rules: Vec<Tree>,
    /// Issuers of tokens alone, as providers.
    pub(super) others: Vec<Tree>,
}

impl Programs {
    /// The issuers whose tokens count.
    pub(super) fn issuers<'a>(&'a self, client: &'a Client) -> Vec<&'a str> {
        let others = self.others.iter().filter_map(|other| other.member("issuer")?.text());
        others.chain([client.issuer.as_str()]).collect()
    }
}

pub(super) fn translate(given: &mut Given<'_>, client: &Client, mesh: &Mesh) -> Programs {
    let mut programs = Programs::default();
    let (enabled, setting) = given.switch("skip_jwt_bearer_tokens", false);
    let claims = given.take_filled("oidc_audience_claims");
    let extra = given.take_filled("oidc_extra_audiences");
    let issuers = given.take_filled("extra_jwt_issuers");
    fallback(given, enabled);
    let names_client = claims.as_ref().is_some_and(|claims| claims.values.iter().any(|claim| claim == "client_id"));
    claims.iter().for_each(|setting| judge_claims(given, setting, client));
    if let Some(setting) = &setting {
        match enabled {
            true => given.carry(setting, "providers[0].bearer"),
            false => given.ledger.carried(&setting.label, "off: no bearer token counts"),
        }
    }
    let by_mesh = mesh.rules.iter().any(|rule| rule.issuer == client.issuer);
    if by_mesh && !enabled {
        given.ledger.carried("RequestAuthentication", "`providers[0].bearer`: ID tokens that programs send");
    }
    let audiences: Vec<&str> = [client.id.as_str()]
        .into_iter()
        .chain(extra.iter().flat_map(|extra| extra.values.iter().map(String::as_str)))
        .collect();
    let audiences = || Tree::list(audiences.iter().map(|audience| (*audience).into()));
    if let Some(extra) = &extra {
        match enabled {
            true => given.carry(extra, "providers[0].bearer"),
            false => {
                given.lose(extra, "no bearer token counts, and an ID token of a sign-in must be for our client alone")
            }
        }
        given.ledger.changed(
            &extra.label,
            "an ID token of a sign-in is for our client alone; tokens that programs send may be for these, too",
        );
    }
    if enabled || by_mesh {
        programs.rules.push(Tree::map().with("kind", "id_token").with("audiences", audiences()));
    }
    if enabled {
        programs.rules.extend(access_tokens(given, client, names_client, audiences()));
    }
    if let Some(issuers) = issuers {
        match enabled {
            true => issuers.values.iter().for_each(|pair| {
                extra_issuer(given, client, mesh, (&issuers.origin(), &issuers.label), pair, &mut programs)
            }),
            false => given.lose(&issuers, "`skip_jwt_bearer_tokens` is off, so no token of theirs counted"),
        }
    }
    unnamed(given, client, mesh, &programs);
    programs
}

fn judge_claims(given: &mut Given<'_>, setting: &Setting, client: &Client) {
    match setting.values.iter().all(|claim| claim == "aud" || (claim == "client_id" && client.is_cognito)) {
        true => given.ledger.carried(&setting.label, "`providers[0].bearer`"),
        false => given.refuse(
            setting,
            "names claims beside `aud`, so that a token for somebody else could count",
            "have the provider write our client into `aud`, and leave the setting out",
        ),
    }
}

/// A program's token without an address is its subject's, as with oauth2-proxy.
fn named(rule: Tree) -> Tree {
    rule.with(
        "identity",
        Tree::map().with("userId", Tree::map().with("claims", Tree::list(["email".into(), "sub".into()]))),
    )
}

fn access_tokens(given: &mut Given<'_>, client: &Client, names_client: bool, audiences: Tree) -> Option<Tree> {
    match (client.is_cognito, names_client) {
        (true, true) => {
            let ids = Tree::list([client.id.as_str().into()]);
            Some(named(Tree::map().with("kind", "access_token").with("clientIds", ids)))
        }
        (true, false) => {
            let instead = "Cognito's access tokens have no `aud`, so oauth2-proxy took none of them. For machine clients add `{ kind: \
                           access_token, clientIds: [...] }` to `providers[0].bearer`";
            given.ledger.lost("access tokens", instead);
            None
        }
        (false, _) => {
            let what = "an access token is no ID token any more: oauth2-proxy took either where `aud` fitted. `JWT` in `types` is for \
                        providers from before RFC 9068; `check` warns of it";
            given.ledger.changed("access tokens", what);
            let types = Tree::list(["at+jwt".into(), "JWT".into()]);
            Some(named(Tree::map().with("kind", "access_token").with("audiences", audiences).with("types", types)))
        }
    }
}

/// `bearer_token_login_fallback`.
fn fallback(given: &mut Given<'_>, enabled: bool) {
    let (falls_back, setting) = given.switch("bearer_token_login_fallback", true);
    let label =
        setting.as_ref().map_or("bearer_token_login_fallback (not set)", |setting| setting.label.as_str()).to_owned();
    let what = match falls_back {
        true => "a bad token is 401 with the reason, and never a sign-in page or the session of a cookie beside it",
        false => "a bad token is 401 with the reason; it was 403",
    };
    if setting.is_some() || enabled {
        given.ledger.changed(&label, what);
    }
}

/// `ISSUER=AUDIENCE`
fn extra_issuer(
    given: &mut Given<'_>,
    client: &Client,
    mesh: &Mesh,
    (origin, label): (&str, &str),
    pair: &str,
    programs: &mut Programs,
) {
    let Some((issuer, audience)) =
        pair.split_once('=').filter(|(issuer, audience)| !issuer.is_empty() && !audience.is_empty())
    else {
        let mend = "write `https://ISSUER=AUDIENCE`: oauth2-proxy does not start with anything else";
        given.ledger.refused(format!("{origin} holds an element that is no issuer and audience: {mend}"));
        return;
    };
    let audiences = Tree::list([audience.into()]);
    if issuer == client.issuer {
        programs.rules.push(Tree::map().with("kind", "id_token").with("audiences", audiences));
        given.ledger.carried(label, format!("`providers[0].bearer`: ID tokens for {audience}"));
        return;
    }
    let index = programs.others.len().saturating_add(1);
    given.ledger.source(&format!("providers[{index}]"), origin);
    let rule = mesh.rules.iter().find(|rule| rule.issuer == issuer);
    let provider = Tree::map().with("name", format!("issuer-{index}")).with("issuer", issuer);
    let jwks = rule.map(|rule| rule.jwks.as_str()).filter(|jwks| !jwks.is_empty());
    let is_plain = issuer.starts_with("http://") || jwks.is_some_and(|jwks| jwks.starts_with("http://"));
    let provider = if is_plain { provider.with("insecureHttp", true) } else { provider };
    let provider = provider.with_some("endpoints", jwks.map(|jwks| Tree::map().with("jwks", jwks)));
    let is_cluster = ["oidc.eks.", "kubernetes", "container.googleapis.com", "oidc.prod-aks"]
        .iter()
        .any(|part| issuer.contains(part));
    let (claims, rules) = match is_cluster {
        true => (
            Tree::map().with("claim", "sub"),
            vec![Tree::map().with("kind", "service_account").with("audiences", audiences)],
        ),
        false => {
            let types = Tree::list(["at+jwt".into(), "JWT".into()]);
            let access =
                Tree::map().with("kind", "access_token").with("audiences", audiences.clone()).with("types", types);
            (
                Tree::map().with("claims", Tree::list(["email".into(), "sub".into()])),
                vec![Tree::map().with("kind", "id_token").with("audiences", audiences), access],
            )
        }
    };
    given.ledger.carried(label, format!("`providers[{index}]`: tokens of {issuer} for {audience}"));
    if is_cluster {
        given.ledger.changed(
            label,
            format!("tokens of {issuer} are a cluster's: the user id is `sub`, `system:serviceaccount:NAMESPACE:NAME`"),
        );
    }
    let identity = Tree::map().with("userId", claims);
    programs.others.push(provider.with("identity", identity).with("bearer", Tree::list(rules)));
}

/// Issuers that a RequestAuthentication took tokens of, without saying for whom.
fn unnamed(given: &mut Given<'_>, client: &Client, mesh: &Mesh, programs: &Programs) {
    let known = programs.issuers(client);
    let unknown: Vec<_> = mesh.rules.iter().filter(|rule| !known.contains(&rule.issuer.as_str())).collect();
    // The variable holds all of them, those of now before those to add.
    let now = given.peek("extra_jwt_issuers").map_or_else(Vec::new, |setting| setting.values);
    let pairs: Vec<_> = now.into_iter().chain(unknown.iter().map(|rule| format!("{}=AUDIENCE", rule.issuer))).collect();
    for rule in &unknown {
        let instead = format!(
            "tokens of {} do not count: nothing says for whom they must be made, and a token for anybody would do. Run this again with \
             `OAUTH2_PROXY_EXTRA_JWT_ISSUERS={}` in an env file beside these, or where these files have that setting, and the \
             audience that programs ask for in place of AUDIENCE",
            rule.issuer,
            pairs.join(",")
        );
        given.ledger.lost(&rule.place, instead);
    }
}
