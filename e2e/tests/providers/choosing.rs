//! Of two pools a person chooses, or the rule does; each session stays its own provider's.

use e2e::{CLIENT_ID, DOMAIN, Habits, PARTNERS_DOMAIN};
use http::Method;
use serde_json::json;

use crate::{SHOP, choices, choose, two_pools, user};

#[tokio::test]
async fn a_person_chooses_and_comes_back_to_where_they_wanted_to_go() {
    let (builder, pool) = two_pools(|_| {}).await;
    let world = builder.workers(2).start().await;
    for habits in [Habits::default().fresh_connections(), Habits::default().http2()] {
        let (ada, quinn) = (world.person_with(habits), world.person_with(habits));
        let page = ada.look("/deep/link?x=1&y=%2F").await;
        let offered: Vec<_> = choices(&page).into_iter().map(|(label, _)| label).collect();
        assert_eq!(offered, ["Staff &amp; &lt;friends&gt;", "Partners"]);
        assert_eq!((page.all("cache-control"), page.all("location")), (vec!["no-store"], vec![]));
        let landing = choose(&ada, "Staff &amp; &lt;friends&gt;", "ada", "/deep/link?x=1&y=%2F").await;
        assert_eq!(user(&landing), ["ada@example.com"]);
        assert_eq!((landing.url.path(), landing.url.query()), ("/deep/link", Some("x=1&y=%2F")));
        assert_eq!(user(&choose(&quinn, "Partners", "quinn", "/deep").await), ["quinn@partner.example"]);
        assert_eq!(quinn.get("/oauth2/whoami").await.expect(200).json()["provider"], "partners");
        for (person, name) in [(&ada, "ada@example.com"), (&quinn, "quinn@partner.example")] {
            for _ in 0..4 {
                assert_eq!(user(&person.get("/api").await), [name]);
            }
        }
    }
    // Whoever is no person in front of a page is told, not offered anything.
    let told = world.person().get("/api").await;
    assert_eq!(told.expect(401).json()["error"], "login_required");
    assert_eq!(
        (world.control().counters().interactive_sign_ins, pool.control().counters().interactive_sign_ins),
        (2, 2)
    );
}

#[tokio::test]
async fn a_rule_or_a_host_of_one_provider_leads_there_at_once() {
    let (builder, _pool) = two_pools(|_| {}).await;
    let world = builder.start().await;
    let stranger = world.person();
    for (target, domain) in [
        ("/team/x".to_owned(), DOMAIN),
        ("/deal/x".to_owned(), PARTNERS_DOMAIN),
        (format!("https://{SHOP}/x"), PARTNERS_DOMAIN),
        (format!("https://{SHOP}/team/x"), PARTNERS_DOMAIN),
        ("/oauth2/sign-in?provider=partners".to_owned(), PARTNERS_DOMAIN),
        ("/oauth2/sign-in?return_to=/team/x".to_owned(), DOMAIN),
    ] {
        assert_eq!(stranger.look(&target).await.expect(302).location().host_str(), Some(domain), "{target}");
    }
    for target in ["/oauth2/sign-in?provider=partners&return_to=/team/x", "/oauth2/sign-in?provider=nobody"] {
        let page = stranger.look(target).await;
        assert!(page.expect(400).text().contains("provider_unknown"), "{page}");
    }
}

// A session of one provider is none where only the other counts, and whoever signs in there has that one's from then on.
#[tokio::test]
async fn a_session_of_the_other_provider_leads_to_a_sign_in_at_the_right_one() {
    let (builder, _pool) = two_pools(|_| {}).await;
    let world = builder.start().await;
    let kim = world.person();
    assert_eq!(user(&choose(&kim, "Partners", "kim", "/").await), ["kim@example.com"]);
    assert_eq!(user(&kim.get("/deal/x").await), ["kim@example.com"]);
    let told = kim.get("/team/x").await;
    assert_eq!(told.expect(401).expect_not_forwarded().json()["error"], "other_provider");
    assert_eq!(user(&kim.get("/deal/x").await), ["kim@example.com"], "the session stays");
    let authorize = kim.look("/team/x?y=1").await.expect(302).location();
    assert_eq!(authorize.host_str(), Some(DOMAIN));
    let landing = kim.navigate(kim.approve("ada", &authorize).await.as_str()).await;
    assert_eq!((user(&landing), landing.url.path()), (vec!["ada@example.com"], "/team/x"));
    assert_eq!(kim.get("/deal/x").await.expect(401).json()["error"], "other_provider");
    assert_eq!(kim.get("/oauth2/whoami").await.json()["provider"], "staff");
}

#[tokio::test]
async fn signing_out_leads_to_the_provider_of_the_session_and_revokes_there() {
    let (builder, pool) = two_pools(|_| {}).await;
    let world = builder.start().await;
    let (ada, quinn) = (world.person(), world.person());
    ada.sign_in("ada", "/team").await;
    choose(&quinn, "Partners", "quinn", "/").await;
    let out = quinn.look("/oauth2/sign-out").await.expect(302).location();
    assert_eq!((out.host_str(), out.path()), (Some(PARTNERS_DOMAIN), "/logout"));
    e2e::until("the partners' token is revoked", || async {
        (pool.control().counters().revocations == 1).then_some(())
    })
    .await;
    assert_eq!(world.control().counters().revocations, 0);
    quinn.get("/x").await.expect(401).expect_not_forwarded();
    assert_eq!(user(&ada.get("/x").await), ["ada@example.com"]);
}

// T-165 among issuers: the same client id and the same sub mean nothing elsewhere.
#[tokio::test]
async fn tokens_of_each_issuer_count_by_its_own_rules_and_keys() {
    let (builder, pool) = two_pools(|_| {}).await;
    let partner = devkit::cognito::Options::partners().clients[0].client_id.clone();
    let (own, theirs) = (json!([CLIENT_ID]), json!([partner]));
    let world = builder.plugin(move |plugin| {
        plugin["providers"][0]["bearer"] = json!([{ "kind": "id_token", "audiences": own }]);
        plugin["providers"][1]["bearer"] = json!([{ "kind": "id_token", "audiences": theirs }]);
    });
    let mut world = world.start().await;
    let program = world.person();
    let issuers = [(world.control(), CLIENT_ID, "ada@example.com"), (pool.control(), &*partner, "kim@example.com")];
    let ask = |token: String, path| program.ask(Method::GET, path).header("authorization", format!("Bearer {token}"));
    for ((control, client, email), (path, status)) in issuers.iter().zip([("/team", 200), ("/team", 401)]) {
        let name = email.split('@').next().unwrap();
        let token = control.mint_id_token(name, client, None, |_| {});
        assert_eq!(user(&ask(token.clone(), "/x").send().await), [*email]);
        ask(token, path).send().await.expect(status);
    }
    let (first, second) = (&issuers[0].0, &issuers[1].0);
    let swapped = [
        second.mint_id_token("ada", CLIENT_ID, None, |_| {}),
        first.mint_id_token("ada", &partner, None, |_| {}),
        second.mint_id_token("ada", CLIENT_ID, None, |claims| {
            drop(claims.insert("iss".into(), json!(world.cognito.issuer())))
        }),
        first.mint_id_token("ada", &partner, None, |claims| drop(claims.insert("iss".into(), json!(pool.issuer())))),
    ];
    for token in swapped {
        ask(token, "/x").send().await.expect(401).expect_not_forwarded();
    }
    world.assert_no_vm_died().await;
}
