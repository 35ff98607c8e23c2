//! What else a deployment may have set: where people go after signing in, who may pass, how user ids are written; and the
//! endpoints that stay where they were.

use devkit::authorizer::{Authorizer, Verdict};
use http::Method;
use serde_json::json;

use crate::world::{FORGED, HOST, Settings, expect_identity, sent};

// M-11, F-1, F-2, F-4
#[tokio::test]
async fn what_was_skipped_stays_open_and_nothing_else_is() {
    let Some(mut kubeflow) = Settings::last_image("").without_dex_route().start().await else { return };
    let stranger = kubeflow.person();
    for method in [Method::GET, Method::POST, Method::OPTIONS] {
        for path in ["/dex", "/dex/", "/dex/auth/local?x=1"] {
            let answer = stranger.ask(method.clone(), path).headers(&FORGED).send().await;
            expect_identity(&answer, "", "");
            assert_eq!(sent(&answer, "auth-method"), [""; 0]);
        }
    }
    // The prefix was one of characters, and authservice's own prefix was always among them.
    for path in
        ["/dexfoo", "/Dex/x", "/authservice/anything", "/authservice", "/dex%2f..%2fx", "/dex/..%5cx", "/dex/..;/x"]
    {
        let mut socket = e2e::Raw::connect(&kubeflow.gateway.net, HOST).await;
        let before = kubeflow.gateway.upstream.hits();
        let answer = socket.ask(format!("GET {path} HTTP/1.1\r\nhost: {HOST}\r\n\r\n")).await;
        assert!(matches!(answer.status, 400 | 401), "{path}: {}", answer.head);
        assert_eq!(kubeflow.gateway.upstream.hits(), before, "{path}");
    }
    kubeflow.assert_alive().await;
}

#[tokio::test]
async fn the_homepage_is_for_everyone_and_a_bare_callback_leads_there() {
    let Some(mut kubeflow) = Settings::stock("").start().await else { return };
    let homepage = "/authservice/site/homepage";
    let stranger = kubeflow.person();
    let page = stranger.look(homepage).await;
    assert!(page.expect(200).expect_not_forwarded().text().contains("Sign in"), "{page}");
    let bare = stranger.look("/authservice/oidc/callback").await;
    assert_eq!(bare.expect(302).location().path(), homepage);
    let ada = kubeflow.signed_in("ada").await;
    let page = ada.look(homepage).await;
    assert!(page.expect(200).expect_not_forwarded().text().contains("ada@example.com"), "{page}");
    kubeflow.assert_alive().await;
}

// M-10, F-14
#[tokio::test]
async fn after_signing_in_people_are_welcomed_and_the_page_knows_where_they_wanted_to_go() {
    let settings = Settings::last_image("AFTER_LOGIN_URL=/welcome?a=b\n");
    let Some(mut kubeflow) = settings.start().await else { return };
    let ada = kubeflow.person();
    let welcome = kubeflow.sign_in(&ada, "ada", "/x?y=1&z=%2F").await;
    let query: Vec<_> = welcome.url.query_pairs().into_owned().collect();
    let expected = [("a", "b"), ("next", "/x?y=1&z=%2F")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!((welcome.url.path(), query), ("/welcome", expected.to_vec()));
    expect_identity(&welcome, "ada@example.com", "a,data-science");
    // Only a sign-in does so.
    assert_eq!(ada.look("/x").await.expect(200).url.path(), "/x");
    kubeflow.assert_alive().await;
}

// M-12
#[tokio::test]
async fn another_proxy_asks_and_is_never_redirected() {
    let lines = "GROUPS_ALLOWLIST=a\nVERIFY_AUTH_URL=/authservice/verify\n";
    let Some(mut kubeflow) = Settings::last_image(lines).start().await else { return };
    let ada = kubeflow.signed_in("ada").await;
    let yes = ada.ask(Method::GET, "/authservice/verify/x").navigation().send().await;
    yes.expect(204).expect_not_forwarded();
    let told = ["kubeflow-userid", "kubeflow-groups", "auth-method"].map(|name| yes.all(name).join("|"));
    assert_eq!(told, ["ada@example.com", "a,data-science", "cookie"]);
    let session = kubeflow.session(&ada);
    let by_header = kubeflow.with("/authservice/verify/x", "authorization", &format!("Bearer {session}")).await;
    assert_eq!(by_header.expect(204).all("auth-method"), ["header"]);
    let nobody = kubeflow.person().ask(Method::GET, "/authservice/verify/x").navigation().send().await;
    assert_eq!(
        (nobody.expect(401).expect_not_forwarded().all("location"), nobody.all("kubeflow-userid")),
        (vec![], vec![])
    );
    let grace = kubeflow.person();
    kubeflow.sign_in(&grace, "grace", "/").await.expect(403);
    grace.ask(Method::GET, "/authservice/verify/x").navigation().send().await.expect(403).expect_not_forwarded();
    kubeflow.assert_alive().await;
}

// M-2, M-3
#[tokio::test]
async fn user_ids_are_rewritten_and_then_prefixed() {
    let rules = json!([
        { "matches": r"^(\w+)@example\.com$", "replaces": "$1" },
        { "matches": "a", "replaces": "never after the first" },
    ]);
    let settings = Settings::last_image(&format!("USERID_TRANSFORMERS={rules}\nUSERID_PREFIX=kf:\n"));
    let Some(mut kubeflow) = settings.start().await else { return };
    let ada = kubeflow.signed_in("ada").await;
    expect_identity(&ada.get("/").await, "kf:ada", "a,data-science");
    // `Ada@Example.com` is none of the first rule's: all of the second's matches are replaced.
    let capital = kubeflow.signed_in("capital").await;
    let rewritten =
        "kf:Ad@Exmple.com".replace("Ad@", "Adnever after the first@").replace("Exmple", "Exnever after the firstmple");
    expect_identity(&capital.get("/").await, &rewritten, "b");
    kubeflow.assert_alive().await;
}

// M-13, M-14
#[tokio::test]
async fn an_allowlist_that_is_empty_lets_nobody_in_and_a_star_everybody() {
    let Some(mut kubeflow) = Settings::last_image("GROUPS_ALLOWLIST=\n").start().await else { return };
    let stranger = kubeflow.person();
    for path in ["/", "/_/", "/pipeline/apis"] {
        stranger.look(path).await.expect(403).expect_not_forwarded();
    }
    stranger.look("/dex/.well-known/openid-configuration").await.expect(200);
    kubeflow.assert_alive().await;
    let Some(mut kubeflow) = Settings::last_image("GROUPS_ALLOWLIST=x,*\nGROUPS_HEADER=\n").start().await else {
        return;
    };
    let user = kubeflow.signed_in("user").await;
    expect_identity(&user.get("/").await, "user@example.com", "");
    let ada = kubeflow.signed_in("ada").await;
    expect_identity(&ada.ask(Method::GET, "/").headers(&FORGED).send().await, "ada@example.com", "");
    kubeflow.assert_alive().await;
}

#[tokio::test]
async fn the_external_authorizer_is_asked_about_the_name_before_it_was_rewritten() {
    let authorizer = Authorizer::start().await.expect("the authorizer");
    let rules = json!([{ "matches": r"@example\.com$", "replaces": "" }]);
    let lines =
        format!("EXTERNAL_AUTHZ_URL=http://authz.kubeflow.svc.cluster.local:8080/check\nUSERID_TRANSFORMERS={rules}\n");
    let settings = Settings::last_image(&lines).place("authz.kubeflow.svc.cluster.local:8080", authorizer.addr());
    let Some(mut kubeflow) = settings.start().await else { return };
    let ada = kubeflow.signed_in("ada").await;
    authorizer.clear();
    let answer = ada.ask(Method::POST, "/x?secret=1").body("body").send().await;
    expect_identity(&answer, "ada", "a,data-science");
    let questions = authorizer.questions();
    let [question] = &questions[..] else { panic!("one question: {questions:?}") };
    assert_eq!((question.method.as_str(), question.target.as_str()), ("POST", "/check"));
    let user = json!({ "name": "ada@example.com", "groups": ["a", "data-science"] });
    assert_eq!((&question.json["user"]["name"], &question.json["user"]["groups"]), (&user["name"], &user["groups"]));
    assert_eq!(question.json["request"]["path"], "/x");
    authorizer.set_verdict(Verdict::deny("<b>no</b>"));
    let denied = ada.get("/x").await;
    assert!(!denied.expect(403).expect_not_forwarded().text().contains("<b>no"), "{denied}");
    kubeflow.assert_alive().await;
}
