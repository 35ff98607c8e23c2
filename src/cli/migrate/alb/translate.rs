//! From the rules of a listener to a configuration of ours.
//!
//! Decides the order of the parts, where our endpoints are, and which headers applications get. Providers are `provider`'s, who
//! passes where is `routes`'.

use super::{
    Choices, Translation, ingress,
    input::Inputs,
    ledger::Ledger,
    provider::{self, Client},
    render::{Material, SESSION_KEY},
    routes,
    rule::{Action, Rule},
    terms,
    yaml::Tree,
};

/// Translates all that is given. The refusals are in the ledger.
pub(super) fn translate(inputs: Inputs, choices: &Choices) -> Translation {
    let mut ledger = Ledger::default();
    ledger.refuse_all(inputs.problems);
    let (clients, placed) = clients(inputs.rules, &mut ledger);
    let several = clients.len() > 1;
    let named = placed.into_iter().map(|(rule, client)| {
        let name = client.and_then(|client| clients.get(client)).filter(|_| several).map(|client| client.name.clone());
        (rule, name)
    });
    let rules: Vec<_> = named.collect();
    ledger.source("publicUrls", "--public-url");
    let mut providers = Vec::new();
    let mut secrets = Vec::new();
    for (index, client) in clients.iter().enumerate() {
        let logout = sign_out(client, choices, &mut ledger);
        let (tree, secret) = client.tree(index, several, logout, &mut ledger);
        providers.push(tree);
        secrets.push(secret);
    }
    secrets.extend(terms::session_key(&mut ledger));
    callbacks(&clients, choices, &mut ledger);
    let urls = Tree::list(choices.public_urls.iter().map(|url| url.as_str().into()));
    ledger.source("paths.callback", "--callback");
    let mut configuration = Tree::map()
        .explained("Who signs people in.", "providers", Tree::list(providers))
        .explained(PUBLIC_URLS, "publicUrls", urls)
        .explained(PATHS, "paths", Tree::map().with("callback", choices.callback.as_str()))
        .with("session", session(&clients, choices, &mut ledger))
        .explained(IDENTITY, "identity", identity(choices, &mut ledger));
    let routes = routes::translate(&rules, &mut ledger);
    if !routes.is_empty() {
        configuration = configuration.explained(ROUTES, "routes", routes);
    }
    if inputs.is_partial {
        ledger.changed("rules", PARTIAL);
    }
    for (name, becomes) in inputs.annotations {
        match becomes {
            ingress::READ => ledger.carried(&name, becomes),
            ingress::TYPO => ledger.unknown(&name, becomes),
            becomes => ledger.lost(&name, becomes),
        }
    }
    for listener in inputs.others {
        ledger.lost(&listener, "a listener that is not read: `--listener-arn` chooses another one");
    }
    differences(&mut ledger);
    let provider_hosts = clients.iter().flat_map(|client| client.hosts.iter().filter(|_| client.is_cognito).cloned());
    let provider_hosts = provider_hosts.chain(choices.provider_hosts.iter().cloned()).collect();
    Translation { material: Material { command: COMMAND.to_owned(), configuration, secrets, provider_hosts }, ledger }
}

/// A rule, and which client signs people in there.
type Placed = (Rule, Option<usize>);

/// The clients of all rules, each once, and the rules.
fn clients(rules: Vec<Rule>, ledger: &mut Ledger) -> (Vec<Client>, Vec<Placed>) {
    let mut clients: Vec<Client> = Vec::new();
    let mut placed = Vec::new();
    for rule in rules {
        let Action::Authenticate(authentication) = &rule.action else {
            placed.push((rule, None));
            continue;
        };
        let client = provider::read(authentication, &rule.label, ledger);
        let place = clients.iter().position(|other| other.is(&client));
        match place.and_then(|place| clients.get_mut(place)) {
            Some(other) => other.merge(client, ledger),
            None => clients.push(client.renamed(&clients)),
        }
        let last = clients.len().saturating_sub(1);
        placed.push((rule, Some(place.unwrap_or(last))));
    }
    (clients, placed)
}

fn sign_out(client: &Client, choices: &Choices, ledger: &mut Ledger) -> Tree {
    if client.is_cognito {
        let registered =
            choices.first_host().map_or_else(|| "the public URL and `/`".to_owned(), |host| format!("`{host}/`"));
        ledger.step(format!("register {registered} at the app client as an allowed sign-out URL"));
        return Tree::map().with("kind", "cognito");
    }
    ledger.step(
        "register the public URL and `/oauth2/signed-out` at the provider as a URL for after signing out (`post_logout_redirect_uris`)",
    );
    if choices.provider_hosts.is_empty() && client.is_at_several_hosts() {
        ledger.step(format!(
            "see which hosts {}/.well-known/openid-configuration names, that of the keys (`jwks_uri`) above all: for those that no \
             rule names run this again with `--provider-host HOST`, or no sign-in ends",
            client.issuer.trim_end_matches('/')
        ));
    }
    Tree::map().with("kind", "rpInitiated")
}

/// What is registered already, and what must be.
fn callbacks(clients: &[Client], choices: &Choices, ledger: &mut Ledger) {
    let known = choices.callback == LOAD_BALANCERS;
    ledger.carried(
        "/oauth2/idpresponse",
        match known {
            true => {
                format!("`paths.callback`: the redirect URI {} stays as it is registered", choices.redirect_uri(""))
            }
            false => format!("`paths.callback: {}`, as `--callback` says", choices.callback),
        },
    );
    for (index, client) in clients.iter().enumerate() {
        let below = if index == 0 { String::new() } else { format!("/{}", client.name) };
        if known && index == 0 {
            continue;
        }
        ledger.step(format!(
            "register `{}` at the provider as a redirect URI of the client {}",
            choices.redirect_uri(&below),
            client.id
        ));
    }
}

fn session(clients: &[Client], choices: &Choices, ledger: &mut Ledger) -> Tree {
    let key = Tree::map().with("env", SESSION_KEY);
    let seconds = clients.iter().map(|client| client.timeout).min().unwrap_or(provider::WEEK);
    if clients.iter().any(|client| client.timeout != seconds) {
        ledger.changed(
            "SessionTimeout",
            "the rules differ; there is one session for all of them, and the shortest time counts",
        );
    }
    ledger.source("session.lifetime", "SessionTimeout");
    ledger.carried("SessionTimeout", "`session.lifetime`");
    let held = seconds.clamp(300, 30 * 86_400);
    if held != seconds {
        ledger.changed(
            "SessionTimeout",
            format!("{}: `session.lifetime` is from five minutes to 30 days", terms::duration(held)),
        );
    }
    let cookie = choices.is_a_trial().then(|| {
        ledger.source("session.cookie", "--public-url");
        ledger.changed(
            "--public-url",
            "http, so cookies are not `Secure`: for a trial on this machine, and for nobody else",
        );
        Tree::map().with("insecure", true)
    });
    Tree::map()
        .explained(KEYS, "keys", Tree::list([key]))
        .with_some("cookie", cookie)
        .with("lifetime", terms::duration(held))
}

/// The three headers of the load balancer's.
fn identity(choices: &Choices, ledger: &mut Ledger) -> Tree {
    ledger.carried("x-amzn-oidc-identity", "`identity.userId`: the claim `sub`");
    let mut forward = Tree::map();
    let mut removed = Vec::new();
    if choices.without_data {
        removed.push(DATA.into());
        ledger.changed(DATA, "removed from every request, as `--without-data` says");
    } else {
        forward = forward.with("idToken", Tree::map().with("header", DATA));
        ledger.changed(DATA, SIGNED);
        ledger.step(VERIFY);
    }
    if choices.without_access_token {
        removed.push(ACCESS_TOKEN.into());
        ledger.changed(ACCESS_TOKEN, "removed from every request, as `--without-access-token` says");
    } else {
        forward = forward.with("accessToken", Tree::map().with("header", ACCESS_TOKEN));
        ledger.carried(ACCESS_TOKEN, "`identity.forward.accessToken`: the access token as it is");
    }
    let user_id = Tree::map().with("claim", "sub").with("header", "x-amzn-oidc-identity");
    let mut identity = Tree::map().with("userId", user_id);
    if !forward.is_empty() {
        identity = identity.explained(FORWARD, "forward", forward);
    }
    if removed.is_empty() { identity } else { identity.with("remove", Tree::list(removed)) }
}

fn differences(ledger: &mut Ledger) {
    for (what, now) in CHANGED {
        ledger.changed(what, now);
    }
    for (what, instead) in LOST {
        ledger.lost(what, instead);
    }
}

/// The path that the load balancer's callback has.
pub(super) const LOAD_BALANCERS: &str = "/oauth2/idpresponse";
const DATA: &str = "x-amzn-oidc-data";
const ACCESS_TOKEN: &str = "x-amzn-oidc-accesstoken";
const COMMAND: &str = "edge-oidc migrate alb";
const PUBLIC_URLS: &str = "Where people reach the gateway. At any other host there is no sign-in and no cookie.";
const PATHS: &str = "Where the load balancer had its callback. The others have the paths of `edge-oidc check`.";
const IDENTITY: &str =
    "What applications learn, under the load balancer's names. What clients send under them is removed on every path.";
const FORWARD: &str = "An application that gets a token can use it as the person. Remove what none of them reads.";
const ROUTES: &str = "The rules of the listener, the first that matches. What none is for needs a sign-in.";
const KEYS: &str = "`edge-oidc keygen` makes a key; to change one see the operations guide.";
const SIGNED: &str = "the provider's ID token (`identity.forward.idToken`), and not the balancer's own token: signed by the \
                      provider (RS256), with its issuer in `iss`, our client in `aud` and no `signer` in its header. An \
                      application that verifies it takes the provider's keys (`jwks_uri`) in place of the balancer's; one that \
                      decodes it only goes on with `sub`, `email`, `exp` and whatever else the ID token has";
const VERIFY: &str = "in each application that verifies `x-amzn-oidc-data`: the provider's issuer, its keys and our client id in place of \
                      the load balancer's public keys and `signer` (docs/alb.md); where nobody reads the header, run this again with \
                      `--without-data`";
const PARTIAL: &str = "only the default action is in the files. If the listener has rules, add what `aws elbv2 describe-rules \
                       --listener-arn ARN` prints: without them everything is as the default says";
/// What is otherwise, whatever was set.
const CHANGED: [(&str, &str); 7] = [
    (
        "sign-in",
        "PKCE, a nonce, and a state that belongs to one browser; up to sixteen tabs at once, each for ten minutes",
    ),
    (
        "XHR, APIs, other methods",
        "401 instead of a redirect to the sign-in page. `unauthenticated: login` sends a program's GET there, as before",
    ),
    (
        "identity headers",
        "what clients send under these names is removed on every path, open ones included: the load balancer left that to security groups",
    ),
    ("x-amzn-oidc-identity", "whoever has no `sub` gets 403; no provider leaves it out"),
    (
        "claims of UserInfo",
        "what the ID token lacks of them is in no header: `userInfo: true` and `identity.headers` hand one on",
    ),
    (
        "paths",
        "judged in every form that some server reads: `//`, `..`, `%2e`, `..;`, `%5c`. Where the forms fall under different rules: 400",
    ),
    ("OPTIONS", "a CORS preflight (with `Origin` and `Access-Control-Request-Method`) passes without a sign-in"),
];
const LOST: [(&str, &str); 3] = [
    (
        "AWSELBAuthSessionCookie",
        "everyone signs in once more; an application that signs people out by expiring it and going to the \
      provider's sign-out page sends them to `/oauth2/sign-out` instead",
    ),
    ("public keys of the region", "`https://public-keys.auth.elb.REGION.amazonaws.com/` has none of these keys"),
    (
        "sign-out on the server",
        "a copy of a cookie made before signing out is refused by the gateway's pod that saw the sign-out, not by every replica, until the session ends",
    ),
];
