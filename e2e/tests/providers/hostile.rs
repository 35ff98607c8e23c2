//! A pool that lies about whose code it sends, and one that is down, beside an honest one (RFC 9207, RFC 9700 4.4).

use std::time::Duration;

use devkit::cognito::{CallbackIssuer, Cognito, Fault, MixUp};
use e2e::{Answer, CALLBACK, CLIENT_ID, DOMAIN, PARTNERS_DOMAIN, Person, World};
use tokio::time::timeout;
use url::Url;

use crate::{PARTNERS_CALLBACK, choose, two_pools, user};

/// As far as the honest pool's page, which the hostile one sent the person on to.
async fn misled(person: &Person) -> Url {
    let authorize = person.look("/deal/x").await.expect(302).location();
    assert_eq!(authorize.host_str(), Some(PARTNERS_DOMAIN));
    let sent_on = person.look(authorize.as_str()).await.expect(302).location();
    assert_eq!(sent_on.host_str(), Some(DOMAIN));
    sent_on
}

/// The pool turns hostile: whoever comes is sent on to the honest one, which shall send the code to `redirect_uri`, or else to
/// the hostile pool's own address.
fn turn(pool: &Cognito, redirect_uri: Option<&str>) {
    let mix_up = MixUp {
        authorization_endpoint: format!("https://{DOMAIN}/oauth2/authorize"),
        client_id: CLIENT_ID.to_owned(),
        redirect_uri: redirect_uri.map(str::to_owned),
    };
    pool.control().set_behaviour(|behaviour| behaviour.mix_up = Some(mix_up));
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(other, _)| other == name).expect("a parameter").1.into_owned()
}

/// Where the browser was sent to, without the query.
fn address(callback: &Url) -> String {
    callback.as_str().split('?').next().unwrap_or_default().to_owned()
}

/// How often each pool was shown a code: the honest one first.
fn codes_shown(world: &World, pool: &Cognito) -> [u64; 2] {
    [world.control(), pool.control()].map(|control| control.counters().token_grant("authorization_code"))
}

/// The page says why nobody was signed in, and nobody was.
async fn assert_refused(person: &Person, page: &Answer, code: &str) {
    assert!(page.expect(400).expect_not_forwarded().text().contains(&format!("Code: {code}")), "{page}");
    assert!(person.cookie("__Host-edge_oidc").is_none(), "{page}");
    for path in ["/deal/x", "/team/x"] {
        person.get(path).await.expect(401).expect_not_forwarded();
    }
}

// T-170, RFC 9700 4.4.2.2
#[tokio::test]
async fn a_code_that_the_hostile_pool_caught_is_no_answer_at_the_honest_ones_address() {
    let (builder, pool) = two_pools(|_| {}).await;
    let mut world = builder.workers(2).start().await;
    turn(&pool, Some(CALLBACK));
    let ada = world.person();
    let callback = ada.approve("ada", &misled(&ada).await).await;
    assert_eq!(address(&callback), CALLBACK);
    let page = ada.navigate(callback.as_str()).await;
    assert_refused(&ada, &page, "attempt_absent").await;
    assert_eq!(codes_shown(&world, &pool), [0, 0]);
    // The honest pool is none the worse for it.
    assert_eq!(ada.sign_in("ada", "/team/x").await.upstream.header("kubeflow-userid"), Some("ada@example.com"));
    world.assert_no_vm_died().await;
}

// T-170, T-173
#[tokio::test]
async fn a_state_counts_at_the_address_of_its_own_provider_only() {
    let (builder, pool) = two_pools(|_| {}).await;
    let world = builder.start().await;
    let ada = world.person();
    let mut callbacks = Vec::new();
    for (path, who) in [("/team/x", "ada"), ("/deal/x", "quinn")] {
        let authorize = ada.look(path).await.expect(302).location();
        callbacks.push(ada.approve(who, &authorize).await);
    }
    let [staff, partners] = &callbacks[..] else { panic!("two") };
    assert_eq!([staff, partners].map(address), [CALLBACK, PARTNERS_CALLBACK]);
    for (at, state) in [(staff, partners), (partners, staff)] {
        for code in [staff, partners] {
            let mut mixed = at.clone();
            let members = [("code", parameter(code, "code")), ("state", parameter(state, "state"))];
            mixed.query_pairs_mut().clear().extend_pairs(members);
            assert_refused(&ada, &ada.navigate(mixed.as_str()).await, "attempt_absent").await;
        }
    }
    assert_eq!(codes_shown(&world, &pool), [0, 0]);
    // Neither sign-in is spoilt by that.
    assert_eq!(user(&ada.navigate(partners.as_str()).await), ["quinn@partner.example"]);
    assert_eq!(user(&ada.navigate(staff.as_str()).await), ["ada@example.com"]);
    assert_eq!(codes_shown(&world, &pool), [1, 1]);
}

// RFC 9700 4.4.2.2: a provider that matches addresses exactly, as it has to, sends its code to no other provider's.
#[tokio::test]
async fn the_honest_pool_sends_no_code_to_the_address_of_the_hostile_one() {
    let (builder, pool) = two_pools(|_| {}).await;
    let world = builder.start().await;
    turn(&pool, None);
    let ada = world.person();
    let sent_on = misled(&ada).await;
    assert_eq!(parameter(&sent_on, "redirect_uri"), PARTNERS_CALLBACK);
    let page = ada.navigate(sent_on.as_str()).await;
    assert_eq!(page.url.host_str(), Some(DOMAIN), "{page}");
    assert!(page.status >= 400 || page.url.path() == "/error", "{page}");
    assert_eq!(codes_shown(&world, &pool), [0, 0]);
}

// T-170: where the honest pool was told both addresses, its code gets to the hostile one's, and `iss` tells.
#[tokio::test]
async fn a_code_of_the_honest_pool_that_came_by_the_hostile_one_is_never_redeemed() {
    for issuer in [CallbackIssuer::Own, CallbackIssuer::Absent] {
        let (builder, pool) = two_pools(|options| options.behaviour.discovery.iss_parameter = true).await;
        let honest = issuer.clone();
        let builder = builder.cognito(|options| {
            options.behaviour.callback_issuer = honest;
            options.clients[0].callback_urls.push(PARTNERS_CALLBACK.to_owned());
        });
        let world = builder.start().await;
        turn(&pool, None);
        let ada = world.person();
        let callback = ada.approve("ada", &misled(&ada).await).await;
        assert_eq!(address(&callback), PARTNERS_CALLBACK);
        let page = ada.navigate(callback.as_str()).await;
        let code = if issuer == CallbackIssuer::Own { "callback_iss_mismatch" } else { "callback_iss_absent" };
        assert_refused(&ada, &page, code).await;
        assert_eq!(codes_shown(&world, &pool), [0, 0], "no code was shown to anybody");
        assert_eq!(ada.sign_in("ada", "/team/x").await.upstream.header("kubeflow-userid"), Some("ada@example.com"));
    }
}

// T-170 where neither says `iss`, as Cognito's pools, and the honest pool was told both addresses: the hostile one is shown a
// code, which is worth nothing without the verifier's challenge and the client of the honest one; nobody is signed in.
#[tokio::test]
async fn without_iss_the_mixed_up_sign_in_ends_with_nobody_signed_in() {
    let (builder, pool) = two_pools(|_| {}).await;
    let both = builder.cognito(|options| options.clients[0].callback_urls.push(PARTNERS_CALLBACK.to_owned()));
    let world = both.start().await;
    turn(&pool, None);
    let ada = world.person();
    let callback = ada.approve("ada", &misled(&ada).await).await;
    let page = ada.navigate(callback.as_str()).await;
    assert!(matches!(page.status, 400 | 502), "{page}");
    assert_eq!(codes_shown(&world, &pool)[0], 0);
    ada.get("/deal/x").await.expect(401).expect_not_forwarded();
    ada.get("/team/x").await.expect(401).expect_not_forwarded();
}

#[tokio::test]
async fn a_pool_that_is_down_costs_its_own_people_only() {
    for fault in [Fault::NoAnswer, Fault::ServiceUnavailable, Fault::HangUp] {
        let (builder, _pool) = two_pools(|options| options.behaviour.set_fault_everywhere(&fault)).await;
        let mut world: World = builder.plugin(|plugin| plugin["providers"][1]["timeout"] = "1s".into()).start().await;
        let (ada, quinn) = (world.person(), world.person());
        let quinns = quinn.look("/deal/x");
        let adas = timeout(Duration::from_secs(4), async {
            assert_eq!(user(&choose(&ada, "Staff &amp; &lt;friends&gt;", "ada", "/x").await), ["ada@example.com"]);
            assert_eq!(user(&ada.get("/team/x").await), ["ada@example.com"]);
        });
        let (page, adas) = tokio::join!(quinns, adas);
        adas.unwrap_or_else(|_| panic!("staff waited for the partners: {fault:?}"));
        assert!(page.expect(503).text().contains("provider_unavailable"), "{page}");
        assert_eq!(page.all("retry-after"), ["5"]);
        world.assert_no_vm_died().await;
    }
}
