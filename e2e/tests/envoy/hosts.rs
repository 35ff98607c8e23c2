//! Which host a request names, and who decides where people are sent (T-27, T-140, T-141, T-145, T-48).

use e2e::{APP, CALLBACK, RawAnswer, World, h2_connection};
use url::Url;

async fn look(world: &World, host: &str, path: &str, more: &str) -> RawAnswer {
    let head = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\n{more}\r\n");
    world.raw().await.ask(head).await
}

fn redirect_uri(answer: &RawAnswer) -> String {
    let location = Url::parse(answer.header("location").unwrap_or_else(|| panic!("{}", answer.head))).unwrap();
    location.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned()
}

#[tokio::test]
async fn the_host_in_any_case_and_with_its_port_is_the_same_host() {
    let mut world = World::start().await;
    for host in [APP, "APP.Example.COM", "app.example.com:443", "App.example.com:443"] {
        let answer = look(&world, host, "/x", "").await;
        assert_eq!((answer.status, redirect_uri(&answer).as_str()), (302, CALLBACK), "{host}");
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn any_other_host_is_never_redirected_and_gets_no_cookie() {
    let mut world = World::builder().workers(2).start().await;
    let others = [
        "evil.example",
        "app.example.com.",
        "app.example.com:8443",
        "app.example.com:80",
        "xapp.example.com",
        "example.com",
        "app.example.com.evil.example",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "app.example.com@evil.example",
        "evil.example#app.example.com",
        "app.example.com/evil",
        "app.example.com, evil.example",
        "app.example.com evil.example",
        "app.example.com:",
        "app.example.com:443:443",
        ":443",
        "",
    ];
    for host in others {
        for path in [
            "/x",
            "/oauth2/sign-in?return_to=/x",
            "/oauth2/sign-out",
            "/oauth2/callback?code=a&state=b",
            "/oauth2/callback?error=x&state=b",
        ] {
            let answer = look(&world, host, path, "").await;
            assert!((400..500).contains(&answer.status), "{host}{path}: {}", answer.head);
            assert_eq!(
                (answer.header("location"), answer.header("set-cookie")),
                (None, None),
                "{host}{path}: {}",
                answer.head
            );
        }
    }
    assert_eq!(world.upstream.hits(), 0);
    assert_eq!(look(&world, "evil.example", "/healthz", "").await.status, 200, "public paths are public on every host");
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn two_hosts_are_no_host() {
    let mut world = World::start().await;
    for more in ["host: evil.example\r\n", "Host: app.example.com\r\n"] {
        let answer = look(&world, APP, "/x", more).await;
        assert_eq!((answer.status, answer.header("location")), (400, None), "{more}");
    }
    world.assert_all_workers_alive().await;
}

// T-140, T-145
#[tokio::test]
async fn no_forwarded_header_changes_where_people_are_sent() {
    let mut world = World::start().await;
    let noise = "x-forwarded-host: evil.example\r\nx-forwarded-proto: http\r\nx-forwarded-port: 8080\r\nforwarded: host=evil.example;proto=http\r\n\
                 x-forwarded-for: 10.0.0.1\r\nx-real-ip: 127.0.0.1\r\nx-original-host: evil.example\r\nx-host: evil.example\r\nx-forwarded-uri: /evil\r\n\
                 x-original-url: /evil\r\nx-envoy-original-path: /evil\r\nx-forwarded-prefix: //evil.example\r\nx-forwarded-server: evil.example\r\n";
    let (quiet, noisy) = (look(&world, APP, "/x", "").await, look(&world, APP, "/x", noise).await);
    assert_eq!((quiet.status, noisy.status), (302, 302));
    assert_eq!(redirect_uri(&noisy), CALLBACK);
    let target = |answer: &RawAnswer| answer.header("location").unwrap().split('?').next().unwrap().to_owned();
    assert_eq!(target(&quiet), target(&noisy));
    // And it lands where the person wanted, though the noise is there all the way.
    let ada = world.person();
    let begin = ada
        .ask(http::Method::GET, "/x?y")
        .navigation()
        .header("x-forwarded-host", "evil.example")
        .header("x-original-url", "/evil");
    let callback = ada.approve("ada", &begin.send().await.expect(302).location()).await;
    let landing = ada
        .ask(http::Method::GET, callback.as_str())
        .navigation()
        .header("x-forwarded-host", "evil.example")
        .send()
        .await;
    assert_eq!(landing.expect(302).location().as_str(), "https://app.example.com/x?y");
    world.assert_all_workers_alive().await;
}

// T-27
#[tokio::test]
async fn no_scheme_lets_anybody_pass_or_changes_where_people_are_sent() {
    let mut world = World::start().await;
    for scheme in ["https", "HTTPS", "http", "HtTp", "hTTpS", "ftp", "javascript"] {
        for path in ["/admin", "/oauth2/sign-in?return_to=/admin"] {
            let uri = http::Uri::builder().scheme(scheme).authority(APP).path_and_query(path).build().unwrap();
            let request = http::Request::get(uri).header("accept", "text/html").body(()).unwrap();
            let (answer, _) = h2_connection(&world.net, APP).await.send_request(request, true).unwrap();
            // Envoy may refuse such a request before us.
            let Ok(answer) = answer.await else { continue };
            assert_eq!(answer.status(), 302, "{scheme} {path}");
            let text = |name| answer.headers()[name].to_str().unwrap();
            let location = Url::parse(text("location")).unwrap();
            assert_eq!(
                location.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1,
                CALLBACK,
                "{scheme}"
            );
            assert!(text("set-cookie").contains("; Secure"), "{scheme}: {}", text("set-cookie"));
        }
    }
    assert_eq!(world.upstream.hits(), 0);
    world.assert_all_workers_alive().await;
}

// T-71
#[tokio::test]
async fn nothing_in_a_query_reaches_the_providers_address() {
    let mut world = World::start().await;
    let evil = "redirect_uri=https://evil.example&client_id=x&scope=admin&state=x&response_type=token&prompt=none&return_to=//evil.example";
    for path in [format!("/x?{evil}"), format!("/oauth2/sign-in?{evil}")] {
        let asked = world.person().begin(&path).await;
        let values = |name: &str| {
            asked
                .query_pairs()
                .filter(|(found, _)| found == name)
                .map(|(_, value)| value.into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (values("redirect_uri"), values("response_type")),
            (vec![CALLBACK.to_owned()], vec!["code".to_owned()])
        );
        assert!(!asked.as_str().contains("evil") && !asked.as_str().contains("admin"), "{asked}");
    }
    let ada = world.person();
    let callback = ada.approve("ada", &ada.begin("/oauth2/sign-in?return_to=//evil.example").await).await;
    assert_eq!(ada.look(callback.as_str()).await.expect(302).location().as_str(), "https://app.example.com/");
    world.assert_all_workers_alive().await;
}
