//! A sign-in ends where it was meant to, whatever lies between the person and the application.

use devkit::install::{ENVOY_NEWEST, ENVOY_OLDEST};
use e2e::{Builder, Habits, Http, Manifest, PathHandling, World};

const DEEP_LINK: &str = "/deep/link?x=1&y=a%20b&list=a&list=b";

async fn lands(http: Http, shape: Builder) {
    let mut world = shape.start().await;
    let ada = world.person_with(Habits::default().http(http).fresh_connections());
    let landing = ada.sign_in("ada", DEEP_LINK).await;
    assert_eq!(landing.path, DEEP_LINK);
    assert_eq!(format!("{}?{}", landing.upstream.path, landing.upstream.query), DEEP_LINK);
    assert_eq!(landing.upstream.all("kubeflow-userid"), ["ada@example.com"]);
    assert_eq!(landing.upstream.all("kubeflow-groups"), ["admins,data-science"]);
    assert_eq!(landing.upstream.all("cookie"), Vec::<&str>::new());
    assert_eq!(landing.answer.version, if http == Http::Two { "HTTP/2.0" } else { "HTTP/1.1" });
    for path in ["/a", "/b", "/c"] {
        assert_eq!(ada.get(path).await.expect(200).forwarded().all("kubeflow-userid"), ["ada@example.com"]);
    }
    world.assert_all_workers_alive().await;
}

macro_rules! each_lands {
    ($($name:ident: $http:ident, $workers:literal, $paths:ident;)*) => {
        $(#[tokio::test]
        async fn $name() {
            lands(Http::$http, World::builder().workers($workers).path_handling(PathHandling::$paths)).await;
        })*
    };
}

each_lands! {
    lands_over_http_1_with_one_worker_and_default_paths: One, 1, Default;
    lands_over_http_1_with_one_worker_and_hardened_paths: One, 1, Hardened;
    lands_over_http_1_with_two_workers_and_default_paths: One, 2, Default;
    lands_over_http_1_with_two_workers_and_hardened_paths: One, 2, Hardened;
    lands_over_http_2_with_one_worker_and_default_paths: Two, 1, Default;
    lands_over_http_2_with_one_worker_and_hardened_paths: Two, 1, Hardened;
    lands_over_http_2_with_two_workers_and_default_paths: Two, 2, Default;
    lands_over_http_2_with_two_workers_and_hardened_paths: Two, 2, Hardened;
}

#[tokio::test]
async fn lands_in_the_oldest_envoy() {
    lands(Http::Two, World::builder().workers(2).version(ENVOY_OLDEST)).await;
}

#[tokio::test]
async fn lands_in_the_newest_envoy() {
    lands(Http::One, World::builder().workers(2).version(ENVOY_NEWEST)).await;
}

#[tokio::test]
async fn lands_with_the_configuration_and_the_clusters_of_istio() {
    lands(Http::Two, World::builder().workers(2).manifest(Manifest::Istio)).await;
}

// T-63
#[tokio::test]
async fn a_return_path_in_any_spelling_comes_back_as_it_was() {
    let mut world = World::start().await;
    let ada = world.person();
    for path in ["/?", "/a%2Fb/c%20d?e=%26%3D", "/%C3%A4?q=%23x", "/x?y=https://elsewhere.example/&z", "/a;b=c?d;e"] {
        ada.forget_cookies();
        assert_eq!(ada.sign_in("ada", path).await.path, path);
    }
    world.assert_all_workers_alive().await;
}

// T-207: what the provider signed before is not asked for again, what it signs now is known at once.
#[tokio::test]
async fn keys_may_rotate_between_two_sign_ins() {
    let mut world = World::builder().workers(2).start().await;
    let (ada, grace) = (world.person(), world.person_with(Habits::default().fresh_connections()));
    ada.sign_in("ada", "/before").await;
    world.control().rotate_keys();
    let landing = grace.sign_in("grace", "/after").await;
    assert_eq!(landing.upstream.header("kubeflow-userid"), Some("grace@example.com"));
    ada.get("/still").await.expect(200).forwarded();
    world.assert_all_workers_alive().await;
}
