//! Identity is what the filter says, never what a client says (T-40 to T-47).

use bytes::Bytes;
use devkit::upstream::Received;
use e2e::{APP, World, h2_connection};
use http::{HeaderMap, HeaderName, Request};

const SPELLINGS: &[&str] = &[
    "kubeflow-userid",
    "Kubeflow-Userid",
    "KUBEFLOW-USERID",
    "kubeflow_userid",
    "KUBEFLOW_USERID",
    "kubeflow.userid",
    "Kubeflow.UserId",
    "kubeflow-groups",
    "kubeflow_groups",
    "kubeflow.groups",
    "KUBEFLOW.GROUPS",
];

fn forged() -> String {
    let once = |name: &&str| format!("{name}: mallory@example.com\r\n");
    let all: String = SPELLINGS.iter().map(once).collect();
    format!("{all}{all}kubeflow-userid: \r\n")
}

/// Whether a name is one of ours to somebody who folds names as CGI does.
fn is_identity(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().replace(['_', '.', ' '], "-").as_str(), "kubeflow-userid" | "kubeflow-groups")
}

fn identity(seen: &Received) -> Vec<(&str, &str)> {
    let pairs = seen.headers.iter().filter(|(name, _)| is_identity(name));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.sort_unstable();
    pairs
}

// T-40, T-42, T-43: with a session, on a public path, in a preflight.
#[tokio::test]
async fn forged_identity_is_removed_in_every_spelling_on_every_branch() {
    let mut world = World::builder().workers(2).start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let cookie = format!("cookie: {}\r\n", ada.cookie_header());
    let preflight = "origin: https://x.example\r\naccess-control-request-method: PUT\r\n";
    let hers = vec![("kubeflow-groups", "admins,data-science"), ("kubeflow-userid", "ada@example.com")];
    for (request, headers, expected) in [
        ("GET /who", cookie.as_str(), hers.clone()),
        ("POST /who", &format!("{cookie}content-length: 0\r\n"), hers.clone()),
        ("GET /healthz", &cookie, vec![]),
        ("GET /healthz/live", "", vec![]),
        ("OPTIONS /api", preflight, vec![]),
        // A browser's preflight never has a cookie: with one it is a request like any other.
        ("OPTIONS /api", &format!("{cookie}{preflight}"), hers),
    ] {
        let mut raw = world.raw().await;
        let answer = raw.ask(format!("{request} HTTP/1.1\r\nhost: {APP}\r\n{headers}{}\r\n", forged())).await;
        assert_eq!(answer.status, 200, "{request}");
        assert_eq!(identity(&world.upstream.last().unwrap()), expected, "{request}");
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn forged_identity_signs_nobody_in() {
    let mut world = World::start().await;
    let mut raw = world.raw().await;
    for (noise, status) in [
        (forged(), 401),
        ("authorization: Basic YWRhOnBhc3N3b3Jk\r\n".into(), 401),
        ("authorization: Bearer x\r\n".into(), 401),
    ] {
        let answer = raw.ask(format!("GET /who HTTP/1.1\r\nhost: {APP}\r\n{noise}\r\n")).await;
        assert_eq!((answer.status, world.upstream.hits()), (status, 0), "{noise}");
    }
    world.assert_all_workers_alive().await;
}

// T-45: Envoy joins two lines into one before any filter sees them, so what counts is that no later hop has to choose.
#[tokio::test]
async fn two_authorization_headers_are_refused_or_arrive_as_one() {
    let mut world = World::start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let (cookie, mut raw) = (ada.cookie_header(), world.raw().await);
    for path in ["/who", "/healthz"] {
        for twice in [
            "authorization: Basic a\r\nAuthorization: Basic b\r\n",
            "authorization: Bearer a\r\nauthorization: Bearer a\r\n",
        ] {
            world.upstream.clear();
            let head = format!("GET {path} HTTP/1.1\r\nhost: {APP}\r\ncookie: {cookie}\r\n{twice}\r\n");
            let answer = raw.ask(head).await;
            let arrived: Vec<_> =
                world.upstream.requests().iter().map(|seen| seen.all("authorization").len()).collect();
            let expected = if answer.status == 400 { vec![] } else { vec![1] };
            assert_eq!(arrived, expected, "{path}: {}", answer.head);
        }
    }
    world.assert_all_workers_alive().await;
}

// The application's own credentials are not ours.
#[tokio::test]
async fn one_authorization_header_beside_a_session_passes_untouched() {
    let mut world = World::start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let answer = ada.ask(http::Method::GET, "/who").header("authorization", "Basic YWRhOng=").send().await;
    assert_eq!(answer.expect(200).forwarded().all("authorization"), ["Basic YWRhOng="]);
    assert_eq!(answer.forwarded().all("kubeflow-userid"), ["ada@example.com"]);
    world.assert_all_workers_alive().await;
}

fn trailers() -> HeaderMap {
    let names = ["kubeflow-userid", "kubeflow_userid", "kubeflow.groups", "kubeflow-groups", "x-checksum"];
    HeaderMap::from_iter(names.map(|name| (HeaderName::from_static(name), "mallory".parse().unwrap())))
}

#[tokio::test]
async fn forged_identity_in_trailers_is_removed_and_no_other_trailer() {
    let mut world = World::builder().workers(2).setup(|setup| setup.http2_cluster("app").unwrap()).start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    for path in ["/who", "/healthz"] {
        let mut h2 = h2_connection(&world.net, APP).await;
        let request = Request::post(format!("https://{APP}{path}"))
            .header("cookie", ada.cookie_header())
            .header("trailer", "kubeflow-userid, x-checksum, Kubeflow_Groups");
        let (answer, mut body) = h2.send_request(request.body(()).unwrap(), false).unwrap();
        body.send_data(Bytes::from_static(b"body"), false).unwrap();
        body.send_trailers(trailers()).unwrap();
        assert_eq!(answer.await.unwrap().status(), 200);
        let seen = world.upstream.last().unwrap();
        assert_eq!((seen.path.as_str(), seen.body_length), (path, 4));
        assert_eq!(seen.trailers, [("x-checksum".to_owned(), "mallory".to_owned())]);
        assert_eq!(seen.all("trailer"), ["x-checksum"]);
    }
    world.assert_all_workers_alive().await;
}
