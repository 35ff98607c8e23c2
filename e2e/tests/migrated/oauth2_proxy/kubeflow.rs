//! Kubeflow 1.9 and newer: its oauth2-proxy with Dex behind the same gateway, and what RequestAuthentications made of tokens.

use devkit::{dex, oidc_provider::OidcProvider};
use e2e::{Answer, Form, Person, Rendered, Tool};
use http::Method;

const HOST: &str = "kubeflow.example.com";
const CALLBACK: &str = "/oauth2/callback";
const FORGED: [(&str, &str); 3] = [
    ("kubeflow-userid", "root@example.com"),
    ("kubeflow-groups", "admins"),
    ("x-auth-request-email", "root@example.com"),
];

/// Opens a page and says yes to everything that Dex asks.
async fn sign_in(person: &Person, user: &str, target: &str) -> Answer {
    let mut answer = person.look(target).await;
    for _ in 0..20 {
        answer = match Form::first(&answer.text()).filter(|_| answer.status == 200) {
            Some(form) => {
                let to = answer.url.join(&form.action).expect("a form's action");
                person.submit(to.as_str(), &form.fill(&["login", "password"], user).fields).await
            }
            None => match answer.location() {
                to if to.path() == CALLBACK => return person.navigate(to.as_str()).await,
                to => person.look(to.as_str()).await,
            },
        };
    }
    panic!("Dex never sends {user} back, at last: {answer}")
}

#[track_caller]
fn expect_identity(answer: &Answer, user: &str, groups: &[&str]) {
    let received = answer.expect(200).forwarded();
    assert_eq!(
        (received.all("kubeflow-userid"), received.all("kubeflow-groups")),
        (vec![user], groups.to_vec()),
        "{answer}"
    );
    assert_eq!(received.all("x-auth-request-email"), [user], "{answer}");
    assert_eq!(received.all("x-auth-request-groups"), groups, "{answer}");
    let token = received.all("authorization");
    assert!(matches!(token.as_slice(), [token] if token.starts_with("Bearer ey")), "{token:?}");
}

#[tokio::test]
async fn what_kubeflow_ships_with_dex() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/migrate/oauth2-proxy/in/kubeflow.yaml");
    let tool = Tool::new();
    tool.put("kubeflow.yaml", &std::fs::read_to_string(manifest).expect("the manifest"));
    let public_url = format!("https://{HOST}");
    tool.expect(&["migrate", "oauth2-proxy", "kubeflow.yaml", "--public-url", &public_url, "--target", "envoy"]);
    let (config, environment) = (tool.written("envoy.yaml"), tool.written(".env"));
    tool.expect(&["check", &config, "--env-file", &environment]);
    let options = dex::options("kubeflow-oidc-authservice", "hunter2-kubeflow", &format!("{public_url}{CALLBACK}"));
    let provider = OidcProvider::start(options).await.expect("the provider");
    let rendered = Rendered::new(&tool.path(&config), &tool.path(&environment), HOST).place(dex::HOST, provider.addr());
    let cluster = rendered.cluster_of(dex::HOST);
    let mut gateway = rendered.route(dex::PATH, &cluster).start("127.0.0.1:8080").await;

    let ada = gateway.person();
    let landed = sign_in(&ada, "ada", "/_/?ns=ada&x=a%20b").await;
    assert_eq!((landed.url.path(), landed.url.query()), ("/_/", Some("ns=ada&x=a%20b")));
    expect_identity(&landed, "ada@example.com", &["a,data-science"]);
    for method in [Method::GET, Method::POST, Method::PUT] {
        let answer =
            ada.ask(method, "/pipeline/apis/v2beta1/runs").headers(&FORGED).also("kubeflow-userid", "b").send().await;
        expect_identity(&answer, "ada@example.com", &["a,data-science"]);
    }
    let user = gateway.person();
    expect_identity(&sign_in(&user, "user", "/").await, "user@example.com", &[]);
    expect_identity(&user.ask(Method::GET, "/").headers(&FORGED).send().await, "user@example.com", &[]);

    // A person's link to an API is no sign-in: 401, as its `api_routes` say.
    let stranger = gateway.person();
    for target in
        ["/pipeline/apis/v2beta1/runs", "/volumes/api/config", "/ml_metadata.MetadataStoreService/GetContexts"]
    {
        stranger.look(target).await.expect(401).expect_not_forwarded();
    }
    stranger.ask(Method::GET, "/").headers(&FORGED).send().await.expect(401).expect_not_forwarded();

    // A program brings the token that a person got, as kfp's SDK does, and is that person.
    let token = landed.forwarded().header("authorization").expect("a token").to_owned();
    let program = gateway.person();
    expect_identity(
        &program.ask(Method::GET, "/x").headers(&FORGED).header("authorization", &token).send().await,
        "ada@example.com",
        &["a,data-science"],
    );

    // The dashboard's sign-out.
    let answer = ada.ask(Method::POST, "/oauth2/sign_out").header("authorization", "Bearer ").send().await;
    assert!(answer.expect(201).json()["afterLogoutURL"].is_string(), "{answer}");
    ada.get("/").await.expect(401).expect_not_forwarded();
    gateway.envoy.assert_alive().await.unwrap_or_else(|error| panic!("{error:#}"));
}
