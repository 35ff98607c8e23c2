//! A pool that lies about whose code it sends, and one that is down, beside an honest one (RFC 9207, RFC 9700 4.4).

use std::time::Duration;

use devkit::cognito::{CallbackIssuer, Fault, MixUp};
use e2e::{CLIENT_ID, DOMAIN, Person, World};
use tokio::time::timeout;
use url::Url;

use crate::{choose, two_pools, user};

/// As far as the honest pool's answer to the browser, which set out for the hostile one.
async fn misled(person: &Person) -> Url {
    let authorize = person.look("/deal/x").await.expect(302).location();
    let sent_on = person.look(authorize.as_str()).await.expect(302).location();
    assert_eq!(sent_on.host_str(), Some(DOMAIN));
    person.approve("ada", &sent_on).await
}

fn mix_up(pool: &devkit::cognito::Cognito) {
    pool.control().set_behaviour(|behaviour| {
        let authorization_endpoint = format!("https://{DOMAIN}/oauth2/authorize");
        behaviour.mix_up = Some(MixUp { authorization_endpoint, client_id: CLIENT_ID.to_owned() });
    });
}

// T-170
#[tokio::test]
async fn a_code_of_the_honest_pool_that_came_by_the_hostile_one_is_never_redeemed() {
    for issuer in [CallbackIssuer::Own, CallbackIssuer::Absent] {
        let (builder, pool) = two_pools(|options| options.behaviour.discovery.iss_parameter = true).await;
        let honest = issuer.clone();
        let world = builder.cognito(|options| options.behaviour.callback_issuer = honest).start().await;
        mix_up(&pool);
        let ada = world.person();
        let callback = misled(&ada).await;
        let page = ada.navigate(callback.as_str()).await;
        let code = if issuer == CallbackIssuer::Own { "callback_iss_mismatch" } else { "callback_iss_absent" };
        assert!(page.expect(400).text().contains(code), "{page}");
        for pool in [&world.control(), &pool.control()] {
            assert_eq!(pool.counters().token_grant("authorization_code"), 0, "no code was shown to anybody");
        }
        ada.get("/deal/x").await.expect(401).expect_not_forwarded();
        // The honest pool is none the worse for it.
        assert_eq!(ada.sign_in("ada", "/team/x").await.upstream.header("kubeflow-userid"), Some("ada@example.com"));
    }
}

// T-170 where neither says `iss`, as Cognito's pools: the hostile one is shown a code, which is worth nothing without the
// verifier's challenge and the client of the honest one; nobody is signed in.
#[tokio::test]
async fn without_iss_the_mixed_up_sign_in_ends_with_nobody_signed_in() {
    let (builder, pool) = two_pools(|_| {}).await;
    let world = builder.start().await;
    mix_up(&pool);
    let ada = world.person();
    let callback = misled(&ada).await;
    let page = ada.navigate(callback.as_str()).await;
    assert!(matches!(page.status, 400 | 502), "{page}");
    assert_eq!(world.control().counters().token_grant("authorization_code"), 0);
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
