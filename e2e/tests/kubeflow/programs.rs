//! Programs: the text of a session in a header, and tokens of Dex's.

use e2e::Person;
use http::Method;
use url::Url;

use crate::world::{CALLBACK, FORGED, HOST, Kubeflow, SCRIPT, Settings, expect_identity, sent};

const CLIENT: [&str; 2] = ["kubeflow-oidc-authservice", "placeholder-client-secret"];
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An ID token that Dex makes for authservice's client.
async fn id_token(kubeflow: &Kubeflow, person: &Person, user: &str) -> String {
    let mut authorize = Url::parse(&format!("https://{HOST}/dex/auth")).expect("a URL");
    authorize.query_pairs_mut().extend_pairs([
        ("client_id", CLIENT[0]),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("redirect_uri", &format!("https://{HOST}{CALLBACK}")),
        ("response_type", "code"),
        ("scope", "openid email groups"),
    ]);
    let callback = Url::parse(&kubeflow.approve(person, user, authorize.as_str()).await).expect("a URL");
    let code = callback.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let redirect_uri = format!("https://{HOST}{CALLBACK}");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", &redirect_uri),
    ];
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let token = client.post(format!("http://{}/dex/token", kubeflow.dex.addr())).header("host", devkit::dex::HOST);
    let answer = token.basic_auth(CLIENT[0], Some(CLIENT[1])).form(&fields).send().await.expect("an answer");
    let answer: serde_json::Value = answer.json().await.expect("JSON");
    answer["id_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

// M-8, M-9
#[tokio::test]
async fn the_text_of_the_cookie_is_a_credential_in_the_header() {
    let Some(mut kubeflow) = Settings::stock("").start().await else { return };
    let (ada, grace) = (kubeflow.signed_in("ada").await, kubeflow.signed_in("grace").await);
    let (hers, graces) = (kubeflow.session(&ada), kubeflow.session(&grace));
    for value in [format!("Bearer {hers}"), format!("bearer {hers}"), hers.clone()] {
        let answer = kubeflow.with("/pipeline/apis/v2beta1/runs", "authorization", &value).await;
        expect_identity(&answer, "ada@example.com", "a,data-science");
        assert_eq!(sent(&answer, "authorization"), [""; 0], "no application gets a session");
        // Of a session in the header and another in the cookie, the header decides.
        let both = grace.ask(Method::GET, "/x").header("authorization", &value).send().await;
        expect_identity(&both, "ada@example.com", "a,data-science");
        // Nor does Dex, whose paths are open.
        let page = kubeflow.with("/dex/.well-known/openid-configuration", "authorization", &value).await;
        page.expect(200);
    }
    expect_identity(
        &kubeflow.with("/x", "cookie", &format!("authservice_session={graces}")).await,
        "grace@example.com",
        "data-science",
    );
    // A session that was changed is none; a program never gets a redirect, and no cookie helps.
    let mut changed = hers.clone();
    changed.replace_range(40..41, if &hers[40..41] == "A" { "B" } else { "A" });
    for value in [changed.as_str(), "x", &"A".repeat(400)] {
        let answer = kubeflow.with("/x", "authorization", &format!("Bearer {value}")).await;
        answer.expect(401).expect_not_forwarded();
    }
    kubeflow.assert_alive().await;
}

#[tokio::test]
async fn an_id_token_of_authservices_client_is_the_person() {
    let Some(mut kubeflow) = Settings::stock("").start().await else { return };
    let token = id_token(&kubeflow, &kubeflow.person(), "ada").await;
    for forged in [&[][..], &FORGED] {
        let program = kubeflow.person();
        let ask = program.ask(Method::GET, "/pipeline/apis").header("authorization", format!("Bearer {token}"));
        expect_identity(&ask.headers(forged).send().await, "ada@example.com", "a,data-science");
    }
    let answer = kubeflow.with("/x", "authorization", &format!("Bearer {}x", &token[..token.len() - 5])).await;
    answer.expect(401).expect_not_forwarded();
    kubeflow.assert_alive().await;
}

#[tokio::test]
async fn another_header_for_sessions_is_never_an_applications() {
    let settings = Settings::last_image("AUTH_HEADER=X-Auth-Token\n");
    let Some(mut kubeflow) = settings.start().await else { return };
    let ada = kubeflow.signed_in("ada").await;
    let session = kubeflow.session(&ada);
    let answer = kubeflow.with("/x", "x-auth-token", &session).await;
    expect_identity(&answer, "ada@example.com", "a,data-science");
    assert_eq!((sent(&answer, "x-auth-token"), sent(&answer, "auth-method")), (vec![], vec!["header".to_owned()]));
    let by_cookie = ada.ask(Method::GET, "/x").headers(&FORGED).send().await;
    expect_identity(&by_cookie, "ada@example.com", "a,data-science");
    assert_eq!(sent(&by_cookie, "auth-method"), ["cookie"]);
    let bad = ada.ask(Method::GET, "/x").headers(&SCRIPT).header("x-auth-token", "not a session").send().await;
    bad.expect(401).expect_not_forwarded();
    kubeflow.assert_alive().await;
}
