//! Debian's Prometheus behind the filter, and as a client that scrapes through it.
//!
//! It reads no header, so nothing can be forged: what it served, and to how many, is in its own counters.

use std::process::Command;

use devkit::cognito::Client;
use devkit::install;
use devkit::tls::{self, TestCa};
use e2e::{Answer, Person, World, until};
use http::Method;
use serde_json::{Value, json};

use crate::page::Page;
use crate::people::{signed_in, with_token};
use crate::process::{Application, Place, installed};
use crate::proxy::Proxy;
use crate::world::in_front_of;

const ROBOT: &str = "6h9kq2v0s4m1c3b5n7x8z0a2d4";
const ROBOT_SECRET: &str = "hunter2robot0with0many0characters";
const TARGETS: &str = "/classic/targets";
const QUERY: &str = "/api/v1/query?query=up";
const SNAPSHOT: &str = "/api/v1/admin/tsdb/snapshot";

/// A Prometheus, the gateway in front of it, and what it needs to come in there itself.
struct Setting {
    world: World,
    prometheus: Application,
}

/// What the job reads that has a token in a file.
const TOKEN: &str = "token";

impl Setting {
    async fn start() -> Setting {
        tls::use_ring();
        let (proxy, authority) = (Proxy::start().await, TestCa::new().expect("an authority"));
        let binary = installed(install::prometheus).await;
        let assets = binary.parent().expect("a folder").join("../share/prometheus/web/");
        let prometheus = Application::start("prometheus", "/-/ready", |place| {
            let file = place.put("prometheus.yml", &jobs(place, &proxy, &authority).to_string());
            let mut command = Command::new(&binary);
            command.arg(format!("--config.file={}", file.display()));
            command.arg(format!("--storage.tsdb.path={}", place.folder.join("data").display()));
            command.arg(format!("--web.listen-address={}", place.addr));
            command.arg(format!("--web.local-assets={}/", assets.display()));
            command.args(["--web.enable-admin-api", "--web.enable-lifecycle"]);
            command.arg("--web.cors.origin=https://app.example.com");
            command
        })
        .await;
        let machine = Client::machine(ROBOT, ROBOT_SECRET, &["metrics/read", "metrics/other"]);
        let builder = in_front_of(prometheus.addr(), Page::of("prometheus").configuration()).authority(authority);
        let builder = builder.cognito(|options| {
            options.clients.push(machine);
            options.users.push(devkit::cognito::User::new("olga", e2e::PASSWORD).with_groups(["observers"]));
        });
        let world = builder.start().await;
        proxy.leads_to(&world);
        let token = world
            .control()
            .mint_machine_token(ROBOT, |claims| drop(claims.insert("scope".into(), "metrics/read".into())));
        std::fs::write(prometheus.folder().join(TOKEN), token).expect("a file");
        Setting { world, prometheus }
    }

    /// What Prometheus says when it is asked directly.
    async fn says(&self, query: &str) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let url = format!("http://{}/api/v1/query", self.prometheus.addr());
        let answer = client.get(url).query(&[("query", query)]).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")["data"]["result"].clone()
    }

    /// How many requests it has answered at this handler.
    async fn served(&self, handler: &str) -> u64 {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let url = format!("http://{}/metrics", self.prometheus.addr());
        let metrics = client.get(url).send().await.expect("an answer").text().await.expect("text");
        let of_handler = format!("handler=\"{handler}\"");
        let counters = metrics.lines().filter(|line| line.starts_with("prometheus_http_requests_total{"));
        let counters = counters.filter(|line| line.contains(&of_handler));
        counters.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>() as u64
    }
}

/// The page's job with this machine's files, and the same without its token, with another scope, and with a token in a file.
fn jobs(place: &Place, proxy: &Proxy, authority: &TestCa) -> Value {
    let shown = Page::of("prometheus").fence("yaml", "scrape_configs:");
    let mut shown: Value = serde_saphyr::from_str(&shown).expect("YAML");
    let mut job = shown["scrape_configs"][0].take();
    let trust = json!({ "ca_file": authority.write_to(&place.folder).expect("a certificate") });
    let proxy = format!("http://{}", proxy.addr);
    job["scrape_interval"] = json!("1s");
    job["scrape_timeout"] = json!("1s");
    for client in ["/oauth2", ""] {
        let client = job.pointer_mut(client).expect("an object");
        client["tls_config"] = trust.clone();
        client["proxy_url"] = json!(proxy);
    }
    job["oauth2"]["client_secret_file"] = json!(place.put("client-secret", ROBOT_SECRET));
    let (mut stranger, mut other) = (job.clone(), job.clone());
    let mut in_file = stranger.clone();
    in_file["job_name"] = json!("token-in-a-file");
    in_file.as_object_mut().expect("an object").remove("oauth2");
    in_file["authorization"] = json!({ "credentials_file": place.put(TOKEN, "") });
    stranger["job_name"] = json!("stranger");
    stranger.as_object_mut().expect("an object").remove("oauth2");
    other["job_name"] = json!("other-scope");
    other["oauth2"]["scopes"] = json!(["metrics/other"]);
    json!({ "scrape_configs": [job, stranger, other, in_file] })
}

async fn send(person: &Person, method: Method, path: &str) -> Answer {
    let site = [("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"), ("sec-fetch-site", "same-origin")];
    person.ask(method, path).headers(&site).header("content-length", "0").send().await
}

#[tokio::test]
async fn people_see_and_do_what_their_groups_may() {
    let mut setting = Setting::start().await;
    let (ada, page) = signed_in(&setting.world, "ada", TARGETS).await;
    page.expect(200);
    // Prometheus finds its targets some time after it is ready.
    let shows = async || ada.look(TARGETS).await.expect(200).text().contains("through-the-gateway").then_some(());
    until("the page shows a target", shows).await;
    assert_eq!(ada.get(QUERY).await.expect(200).json()["status"], "success");
    let snapshot = send(&ada, Method::POST, SNAPSHOT).await;
    let name = snapshot.expect(200).json()["data"]["name"].as_str().expect("a name").to_owned();
    assert!(setting.prometheus.folder().join("data/snapshots").join(name).is_dir());
    let (olga, page) = signed_in(&setting.world, "olga", TARGETS).await;
    page.expect(200);
    olga.get(QUERY).await.expect(200);
    let (grace, page) = signed_in(&setting.world, "grace", TARGETS).await;
    assert!(page.expect(403).text().contains("requirement_unmet"), "{page}");
    let before = setting.served("/api/v1/*path").await;
    for (who, method, path) in [
        (&olga, Method::POST, SNAPSHOT),
        (&grace, Method::GET, QUERY),
        (&ada, Method::PUT, "/-/quit"),
        (&ada, Method::POST, "/-/reload"),
        (&ada, Method::POST, "/api/v1/write"),
    ] {
        assert_eq!(send(who, method, path).await.status, 403, "{path}");
    }
    assert_eq!(send(&ada, Method::GET, "/metrics").await.status, 401, "only programs scrape");
    assert_eq!(setting.served("/api/v1/*path").await, before, "none of them arrived");
    setting.world.assert_no_vm_died().await;
}

#[tokio::test]
async fn strangers_get_health_and_nothing_else() {
    let mut setting = Setting::start().await;
    let stranger = setting.world.person();
    for path in ["/-/healthy", "/-/ready"] {
        stranger.get(path).await.expect(200);
    }
    assert_eq!(stranger.look(TARGETS).await.expect(302).location().host_str(), Some(e2e::DOMAIN));
    for path in [QUERY, "/metrics", "/federate?match[]=up", TARGETS] {
        assert_eq!(stranger.get(path).await.status, 401, "{path}");
    }
    let ask = stranger.ask(Method::GET, QUERY).header("x-groups", "admins").header("x-user", "ada@example.com");
    assert_eq!(ask.send().await.status, 401);
    assert_eq!(setting.served("/federate").await, 0);
    setting.world.assert_no_vm_died().await;
}

#[tokio::test]
async fn programs_query_by_their_scope() {
    let mut setting = Setting::start().await;
    let (program, control) = (setting.world.person(), setting.world.control());
    let scope = |scope: &'static str| {
        control.mint_machine_token(ROBOT, |claims| drop(claims.insert("scope".into(), scope.into())))
    };
    let (reader, other) = (scope("metrics/read"), scope("metrics/other"));
    for path in [QUERY, "/metrics", "/federate?match[]=up"] {
        with_token(&program, path, &reader).send().await.expect(200);
        let refused = with_token(&program, path, &other).send().await;
        assert_eq!(refused.expect(403).json()["error"], "requirement_unmet", "{refused}");
        let told = refused.header("www-authenticate").contains("insufficient_scope");
        assert_eq!(told, path != QUERY, "a group would do there, too: {refused}");
    }
    let page = with_token(&program, TARGETS, &reader).send().await;
    assert_eq!(page.status, 401, "no token opens pages: {page}");
    setting.world.assert_no_vm_died().await;
}

#[tokio::test]
async fn prometheus_scrapes_through_the_gateway_with_its_own_token_and_cannot_without() {
    let setting = Setting::start().await;
    let up = async |job: &str| setting.says(&format!("up{{job=\"{job}\"}}")).await[0]["value"][1].clone();
    for job in ["through-the-gateway", "token-in-a-file"] {
        until("the job with a token is up", async || (up(job).await == "1").then_some(())).await;
    }
    for job in ["stranger", "other-scope"] {
        let tried = format!("count_over_time(up{{job=\"{job}\"}}[1h]) >= 2");
        until("two scrapes were tried", async || setting.says(&tried).await.get(0).map(|_| ())).await;
        assert_eq!(setting.says(&format!("max_over_time(up{{job=\"{job}\"}}[1h])")).await[0]["value"][1], "0");
    }
    let own = setting.says("prometheus_build_info{job=\"through-the-gateway\"}").await;
    assert_eq!(own[0]["metric"]["instance"], "app.example.com:443", "{own}");
}
