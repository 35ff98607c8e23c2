//! Tokens that programs send.
//!
//! Decides which of authservice's authenticators go on as which kind of bearer token.

use super::{
    super::{super::yaml::Tree, dialect::Dialect, go, input::Setting},
    Given,
    provider::Client,
};

/// What programs may send.
#[derive(Default)]
pub(super) struct Programs {
    /// `bearer` of the provider.
    pub(super) rules: Vec<Tree>,
    /// The cluster, as a provider of service accounts' tokens.
    pub(super) kubernetes: Option<Tree>,
    /// Its issuer.
    pub(super) kubernetes_issuer: Option<String>,
    /// `bearer` of the document: where tokens stand.
    pub(super) place: Option<Tree>,
}

pub(super) fn translate(given: &mut Given<'_>, client: &Client) -> Programs {
    let mut programs = Programs::default();
    if given.dialect.has_prefix() {
        let audiences = given.take("AUDIENCES");
        programs.rules.extend(id_tokens(given, client));
        if given.dialect == Dialect::Last {
            programs.rules.extend(access_tokens(given, client, audiences.as_ref()));
        }
        service_accounts(given, audiences.as_ref(), &mut programs);
        programs.place = place(given, &programs);
    } else if given.choices.kubernetes_issuer.is_some() {
        service_accounts(given, None, &mut programs);
    }
    programs
}

fn id_tokens(given: &mut Given<'_>, client: &Client) -> Option<Tree> {
    if !given.take_boolean("IDTOKEN_AUTHN_ENABLED", true) {
        given.ledger.carried("IDTOKEN_AUTHN_ENABLED", "off: no ID token counts as a bearer token");
        return None;
    }
    given.ledger.carried(
        "ID tokens as bearer tokens",
        "`providers[0].bearer`: those of our own client, as authservice took them",
    );
    Some(Tree::map().with("kind", "id_token").with("audiences", Tree::list([client.id.as_str().into()])))
}

/// JWT access tokens for `AUDIENCES`, or opaque ones.
fn access_tokens(given: &mut Given<'_>, client: &Client, audiences: Option<&Setting>) -> Option<Tree> {
    let enabled = given.take_boolean("ACCESS_TOKEN_AUTHN_ENABLED", true);
    let kind = given.take("ACCESS_TOKEN_AUTHN");
    let is_opaque = enabled && !client.is_cognito && kind.as_ref().is_some_and(|setting| setting.value == "opaque");
    let cache = cache(given, is_opaque);
    if !enabled {
        given.ledger.carried("ACCESS_TOKEN_AUTHN_ENABLED", "off: no access token counts as a bearer token");
        return None;
    }
    match kind.as_ref().map_or("jwt", |setting| setting.value.as_str()) {
        _ if client.is_cognito => {
            let instead = "Cognito's access tokens have no `aud`, so authservice took none of them. Programs send ID \
                           tokens; for machine clients add `{ kind: access_token, clientIds: [...] }` to \
                           `providers[0].bearer`";
            given.ledger.lost("access tokens", instead);
            None
        }
        "jwt" => jwt(given, audiences),
        "opaque" => {
            kind.iter().for_each(|setting| given.ledger.source("providers[0].bearer", &setting.origin()));
            given.ledger.carried("ACCESS_TOKEN_AUTHN", "`providers[0].bearer`: `kind: user_info`");
            let what = "any application's tokens count, as with authservice, and `check` warns of it: UserInfo does not \
                        say for whom a token was made. Where the provider has introspection, `kind: introspection` \
                        tells them apart";
            given.ledger.changed("ACCESS_TOKEN_AUTHN", what);
            Some(Tree::map().with("kind", "user_info").with("anyClient", true).with("cache", cache))
        }
        _ => {
            let mend = "write `jwt` or `opaque`: authservice does not start with anything else";
            kind.iter().for_each(|setting| given.refuse(setting, "is neither kind of access token", mend));
            None
        }
    }
}

fn jwt(given: &mut Given<'_>, audiences: Option<&Setting>) -> Option<Tree> {
    let Some(setting) = audiences else {
        let instead = "JWT access tokens: the default audience is the gateway's own in Kubernetes, which no provider puts \
                       into its tokens. If yours does, add `{ kind: access_token, audiences: [...] }` to \
                       `providers[0].bearer`";
        given.ledger.lost("AUDIENCES (not set)", instead);
        return None;
    };
    if is_empty(&setting.value) {
        given.ledger.lost("AUDIENCES", "empty: no audience counted, and so no JWT access token did, nor does one here");
        return None;
    }
    given.ledger.source("providers[0].bearer", &setting.origin());
    given
        .ledger
        .carried("AUDIENCES", "`providers[0].bearer`: access tokens for these, spaces around them removed (F-18)");
    let what = "an access token is no ID token any more: authservice took either where `aud` fitted. `JWT` in `types` is \
                for providers from before RFC 9068; `check` warns of \
                it";
    given.ledger.changed("access tokens", what);
    let types = Tree::list(["at+jwt".into(), "JWT".into()]);
    Some(Tree::map().with("kind", "access_token").with("audiences", texts(&setting.value)).with("types", types))
}

/// `CACHE_*`, for opaque tokens.
fn cache(given: &mut Given<'_>, is_opaque: bool) -> String {
    let enabled = given.take_boolean("CACHE_ENABLED", false);
    let minutes = given.take_integer("CACHE_EXPIRATION_MINUTES");
    let has_minutes = minutes.is_some();
    let minutes = minutes.map_or(5, |(_, minutes)| minutes);
    if has_minutes && !(enabled && is_opaque) {
        given.ledger.lost("CACHE_EXPIRATION_MINUTES", "nothing is kept for so long: CACHE_ENABLED says why");
    }
    if !enabled && given.take("CACHE_ENABLED").is_some() {
        given.ledger.carried("CACHE_ENABLED", "off: each opaque token is asked about");
    }
    let cache = match (enabled, minutes) {
        (false, _) => return "0s".to_owned(),
        (true, ..=0) => "0s".to_owned(),
        (true, minutes) => format!("{}m", minutes.min(10)),
    };
    if !is_opaque {
        let instead = "it was for opaque tokens, and none are taken; JWTs that were verified are always remembered";
        given.ledger.lost("CACHE_ENABLED", instead);
        return "0s".to_owned();
    }
    given.ledger.carried(
        "CACHE_ENABLED",
        "`cache` of an entry with `kind: user_info`; JWTs that were verified are always remembered",
    );
    if minutes > 10 {
        given
            .ledger
            .changed("CACHE_EXPIRATION_MINUTES", "ten minutes, the most there is: so long a revoked token lives on");
    }
    cache
}

/// TokenReview becomes the cluster's own keys (N-4).
fn service_accounts(given: &mut Given<'_>, audiences: Option<&Setting>, programs: &mut Programs) {
    if !given.take_boolean("KUBERNETES_AUTHN_ENABLED", true) {
        given.ledger.carried("KUBERNETES_AUTHN_ENABLED", "off: no service account's token counts");
        return;
    }
    let Some(issuer) = given.choices.kubernetes_issuer.clone() else {
        if given.dialect == Dialect::Middle && audiences.is_some() {
            given.ledger.lost("AUDIENCES", "for Kubernetes tokens alone: see KUBERNETES_AUTHN");
        }
        let instead = "Kubernetes tokens (TokenReview): their issuer's keys verify them here instead. Where programs send \
                       them, run this again with `--kubernetes-issuer \
                       \"$(kubectl get --raw /.well-known/openid-configuration | jq -r \
                       .issuer)\"`, in one line \
                       (N-4)";
        given.ledger.lost("KUBERNETES_AUTHN", instead);
        return;
    };
    given.ledger.source("providers[1]", "--kubernetes-issuer");
    if let Some(setting) = audiences.filter(|setting| is_empty(&setting.value)) {
        let mend = "name the audience that programs ask the cluster for, or leave `--kubernetes-issuer` away: no audience \
                    counted";
        given.refuse(setting, "is empty", mend);
        given.ledger.source("providers[1].bearer[0].audiences", &setting.origin());
    }
    let audiences = audiences.map_or(GATEWAY, |setting| setting.value.as_str());
    let rule = Tree::map().with("kind", "service_account").with("audiences", texts(audiences));
    let naming = Tree::map().with("userId", Tree::map().with("claim", "sub"));
    let provider = Tree::map().with("name", "kubernetes").with("issuer", issuer.as_str());
    let provider = match issuer.starts_with("http://") {
        true => provider.with("insecureHttp", true),
        false => provider,
    };
    let naming = if given.has_user_id() { Some(naming) } else { None };
    programs.kubernetes = Some(provider.with_some("identity", naming).with("bearer", Tree::list([rule])));
    programs.kubernetes_issuer = Some(issuer);
    let what = "the cluster's keys verify service accounts' tokens, and nobody is asked: a pod's token lives until its \
                `exp`, and there are no groups `system:...` in the headers. Tokens of people that only the API server \
                knows do not count (N-4)";
    given.ledger.changed("Kubernetes tokens", what);
}

/// `ID_TOKEN_HEADER`.
fn place(given: &mut Given<'_>, programs: &Programs) -> Option<Tree> {
    let setting = given.take("ID_TOKEN_HEADER")?;
    if programs.rules.is_empty() && programs.kubernetes.is_none() {
        given.ledger.lost("ID_TOKEN_HEADER", "no token is taken");
        return None;
    }
    if setting.value.is_empty() {
        let mend = "name a header, or leave it out: no token was ever found without one";
        given.refuse(&setting, "is empty", mend);
        return None;
    }
    given.carry(&setting, "bearer.header");
    let header = setting.value.to_ascii_lowercase();
    if header == "authorization" {
        return None;
    }
    if programs.kubernetes.is_some() {
        let what = "the cluster's tokens stand there, too; authservice looked for those in `Authorization`";
        given.ledger.changed(&setting.name, what);
    }
    Some(Tree::map().with("header", header).explained(RAW, "raw", true))
}

/// Whether no element of a list counts.
fn is_empty(list: &str) -> bool {
    go::raw_list(list).iter().all(|element| element.trim().is_empty())
}

/// The elements of a list, spaces around them removed.
fn texts(list: &str) -> Tree {
    let elements = go::raw_list(list).into_iter().map(str::trim).filter(|element| !element.is_empty());
    Tree::list(elements.map(Tree::from))
}

impl Given<'_> {
    /// Whether applications get a user id at all.
    fn has_user_id(&mut self) -> bool {
        self.take("USERID_HEADER").is_none_or(|setting| !setting.value.is_empty())
    }
}

/// What `AUDIENCES` is by default.
const GATEWAY: &str = "istio-ingressgateway.istio-system.svc.cluster.local";
const RAW: &str = "Clients of authservice could send a token without the word `Bearer`. Remove it when none does.";
