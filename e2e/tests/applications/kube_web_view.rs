//! Kubernetes Web View behind the filter, before an API server of ours that knows who asks by the ID token alone.

mod cluster;

use std::process::Command;

use devkit::install;
use e2e::{CLIENT_ID, World};

use crate::page::Page;
use crate::people::{signed_in, with_token};
use crate::process::{Application, installed};
use crate::world::{in_front_of, lies, without_filter};
use cluster::Cluster;

const PODS: &str = "/clusters/local/namespaces/team-red/pods";
/// What its MarkupSafe had when it was made.
const OLD_NAME: &str = "import markupsafe\nmarkupsafe.soft_unicode = markupsafe.soft_str\n";

struct Setting {
    world: World,
    cluster: Cluster,
    _application: Application,
}

impl Setting {
    async fn start() -> Setting {
        let cluster = Cluster::start().await;
        let python = installed(install::kube_web_view).await;
        let page = Page::of("kube-web-view");
        let application = Application::start("kube-web-view", "/health", |place| {
            place.put("site/sitecustomize.py", OLD_NAME);
            let mut command = Command::new(python);
            command.arg(place.put("as_the_person.py", &page.fence("python", "as_the_person")));
            command.args(["--port", &place.addr.port().to_string(), "--show-container-logs"]);
            command.args(["--clusters", &format!("local=http://{}", cluster.addr)]);
            command.env("PYTHONPATH", place.folder.join("site"));
            command
        })
        .await;
        let world = in_front_of(application.addr(), page.configuration()).start().await;
        cluster.trusts(&world).await;
        Setting { world, cluster, _application: application }
    }
}

#[tokio::test]
async fn each_sees_what_the_api_server_shows_them() {
    let mut setting = Setting::start().await;
    let (ada, page) = signed_in(&setting.world, "ada", PODS).await;
    assert!(page.expect(200).text().contains("red-of-ada"), "{page}");
    let (grace, page) = signed_in(&setting.world, "grace", PODS).await;
    assert!(page.expect(200).text().contains("red-of-grace") && !page.text().contains("red-of-ada"), "{page}");
    for (path, what) in [
        ("/clusters/local", "team-red"),
        ("/clusters/local/namespaces/team-red/pods/red-of-ada", "red-of-ada"),
        ("/clusters/local/namespaces/team-red/pods/red-of-ada/logs", "said to ada@example.com"),
        ("/clusters/_all/namespaces/_all/pods", "red-of-ada"),
        ("/search?q=red&type=pods", "red-of-ada"),
        ("/clusters/local/namespaces/team-red/pods?download=tsv", "red-of-ada"),
    ] {
        let page = ada.look(path).await;
        assert!(page.expect(200).text().contains(what), "{path}: {page}");
    }
    ada.look("/assets/kube-web.css").await.expect(200);
    let own = grace.look("/clusters/local/namespaces/team-red/pods/red-of-ada").await;
    assert!(own.status >= 400 && !own.text().contains("said to"), "{own}");
    assert_eq!(setting.cluster.heard(), ["ada@example.com", "grace@example.com"]);
    setting.world.assert_no_vm_died().await;
}

#[tokio::test]
async fn a_program_with_an_id_token_is_whom_it_names() {
    let mut setting = Setting::start().await;
    let token = setting.world.control().mint_id_token("grace", CLIENT_ID, None, |_| {});
    let program = setting.world.person();
    let page = with_token(&program, PODS, &token).send().await;
    assert!(page.expect(200).text().contains("red-of-grace"), "{page}");
    assert_eq!(setting.cluster.heard(), ["grace@example.com"]);
    let (signed, _) = token.rsplit_once('.').expect("a JWT");
    let forged = with_token(&program, PODS, &format!("{signed}.{}", "A".repeat(342))).send().await;
    assert_eq!(forged.expect(401).json()["error"], "jwt_signature", "it is refused before it gets there");
    setting.world.assert_no_vm_died().await;
}

#[tokio::test]
async fn of_strangers_and_liars_the_api_server_hears_nothing() {
    let setting = Setting::start().await;
    let stranger = setting.world.person();
    let lies = lies(&Page::of("kube-web-view").configuration());
    let lies: Vec<_> = lies.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(stranger.get(PODS).await.status, 401);
    assert_eq!(stranger.ask(http::Method::GET, PODS).headers(&lies).send().await.status, 401);
    stranger.get("/health").await.expect(200);
    let (ada, _) = signed_in(&setting.world, "ada", "/").await;
    let page = ada.ask(http::Method::GET, PODS).headers(&lies).send().await;
    assert!(page.expect(200).text().contains("red-of-ada"), "{page}");
    assert_eq!(setting.cluster.heard(), ["ada@example.com"]);
    // It hands on whatever it is sent: the filter is what makes that the person's.
    let open = without_filter(&setting.world).await;
    let token = setting.world.control().mint_id_token("grace", CLIENT_ID, None, |_| {});
    with_token(&open.person(), PODS, &token).send().await.expect(200);
    assert_eq!(setting.cluster.heard(), ["ada@example.com", "grace@example.com"]);
}
