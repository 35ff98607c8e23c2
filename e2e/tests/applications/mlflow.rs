//! MLflow: a server with users of its own, whom a header names; its client, and its page.

use std::path::{Path, PathBuf};
use std::process::Command;

use devkit::cognito::Client;
use devkit::install;
use e2e::chromium::Chromium;
use e2e::{Answer, Ask, DOMAIN, PASSWORD, Person, World};
use http::Method;
use serde_json::{Value, json};

use crate::page::Page;
use crate::process::{Application, Place, installed};
use crate::programs;
use crate::world::{in_front_of, without_filter};

/// The machine that the page names.
const ROBOT: &str = "6h9kq2v0s4m1c3b5n7x8z0a2d4";
const ROBOT_SECRET: &str = "hunter2hunter2hunter2hunter2";
/// The administrator that the page names.
const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const ME: &str = "/ajax-api/2.0/mlflow/users/current";
const METRIC: &str = "/ajax-api/2.0/mlflow/runs/log-metric";
/// A training, in short. Without a token, and with a bad one, it gets nowhere.
const TRAINING: &str = r#"
import json, os, requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

client = MlflowClient()
refused = []
for token in (None, "abc.def.ghi"):
    if token:
        os.environ["MLFLOW_TRACKING_TOKEN"] = token
    try:
        client.create_experiment("never")
    except MlflowException as error:
        refused.append(str(error))

answer = requests.post("https://demo.auth.us-east-1.amazoncognito.com/oauth2/token", auth=(os.environ["CLIENT"], os.environ["SECRET"]),
                       data={"grant_type": "client_credentials", "scope": "edge/write"})
os.environ["MLFLOW_TRACKING_TOKEN"] = answer.json()["access_token"]
experiment = client.create_experiment("through the gateway")
run = client.create_run(experiment).info.run_id
client.log_metric(run, "loss", 0.25)
weights = os.urandom(8 << 20)
with open("weights", "wb") as file:
    file.write(weights)
client.log_artifact(run, "weights", "a folder")
with open(client.download_artifacts(run, "a folder/weights", "."), "rb") as file:
    same = file.read() == weights
client.set_terminated(run)
print(json.dumps({"experiment": experiment, "run": run, "same": same, "refused": refused}))
"#;

async fn server(page: &Page, python: &Path) -> Application {
    Application::start("mlflow", "/health", |place| command(page, python, place)).await
}

/// The command of the page, at another port, and as small as can be.
fn command(page: &Page, python: &Path, place: &Place) -> Command {
    place.put("gateway_identity.py", &page.fence("python", "def from_header"));
    place.put("auth.ini", &page.fence("ini", "authorization_function"));
    let shell = page.fence("sh", "mlflow server").replace("\\\n", " ");
    let line = shell.lines().find_map(|line| line.strip_prefix("mlflow ")).expect("a command");
    let port = place.addr.port().to_string();
    let words = line.split_whitespace().map(|word| if word == "8080" { &port } else { word });
    let mut command = Command::new(python);
    command.args(["-m", "mlflow"]).args(words).args(["--workers", "1"]).env("PYTHONPATH", &place.folder);
    command.env("MLFLOW_AUTH_CONFIG_PATH", "auth.ini").env("MLFLOW_AUTH_ADMIN_PASSWORD", "hunter2hunter2hunter2");
    command.env("MLFLOW_FLASK_SERVER_SECRET_KEY", "hunter2hunter2").env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
    command.env("MLFLOW_DISABLE_TELEMETRY", "true");
    command
}

#[tokio::test]
async fn mlflow_s_own_permissions_go_by_the_identity_of_a_person_and_of_a_program() {
    let page = Page::of("mlflow");
    let python: PathBuf = installed(install::mlflow).await;
    let server = server(&page, &python).await;
    let machine = Client::machine(ROBOT, ROBOT_SECRET, &["edge/write"]);
    let world = in_front_of(server.addr(), page.configuration()).cognito(|options| options.clients.push(machine));
    let mut world = world.start().await;

    let trained = trained(&world, &python).await;
    let run = trained["run"].as_str().expect("a run");
    the_page_shows_it(&world, &trained).await;
    only_who_made_it_may_change_it(&world, run).await;
    nothing_arrives_of_nobody(&world, &server).await;
    the_header_makes_an_administrator_where_the_filter_is_not(&world).await;
    world.assert_no_vm_died().await;
}

/// What a program did with a token of its own, and how it fared without.
async fn trained(world: &World, python: &Path) -> Value {
    let variables = [
        ("MLFLOW_TRACKING_URI", "https://app.example.com"),
        ("CLIENT", ROBOT),
        ("SECRET", ROBOT_SECRET),
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
    ];
    let trained = programs::python(python, world, TRAINING, &variables).await;
    let refused = trained["refused"].as_array().expect("a list");
    for (error, code) in refused.iter().zip(["login_required", "bearer_unaccepted"]) {
        assert!(error.as_str().is_some_and(|error| error.contains(code)), "{error}");
    }
    assert_eq!((refused.len(), &trained["same"]), (2, &json!(true)), "{trained}");
    trained
}

/// In Chromium, to somebody else.
async fn the_page_shows_it(world: &World, trained: &Value) {
    let chromium = Chromium::start(world).await;
    chromium.open("/").await;
    chromium.until_at(DOMAIN).await;
    chromium.log_in("grace", PASSWORD).await;
    chromium.until_url("https://app.example.com/").await;
    let experiment = trained["experiment"].as_str().expect("an id");
    chromium.open(&format!("/#/experiments/{experiment}/runs")).await;
    let shown = "return document.body.innerText.includes('through the gateway')";
    let shown = async || (chromium.script(shown, json!([])).await == true).then_some(());
    chromium.until("the experiment", shown).await;
    let asked = chromium.script("return fetch(arguments[0]).then(answer => answer.json())", json!([ME])).await;
    assert_eq!(asked["user"]["username"], GRACE);
    assert_eq!(chromium.complaints().await.iter().find(|line| line.contains("Cross-origin")), None);
}

async fn only_who_made_it_may_change_it(world: &World, run: &str) {
    let robot = world.control().mint_machine_token(ROBOT, |_| {});
    let grace = signed_in(world, "grace").await;
    for lie in [GRACE, ADA] {
        changing(grace.ask(Method::POST, METRIC), run).header("x-auth-user", lie).send().await.expect(403);
        assert_eq!(
            user(&grace.ask(Method::GET, ME).header("x-auth-user", lie).send().await),
            (GRACE.to_owned(), false)
        );
    }
    let program = world.person();
    let by_token = |method, path| program.ask(method, path).header("authorization", format!("Bearer {robot}"));
    changing(by_token(Method::POST, METRIC), run).send().await.expect(200);
    assert_eq!(user(&by_token(Method::GET, ME).send().await), (format!("client:{ROBOT}"), false));
    let ada = signed_in(world, "ada").await;
    assert_eq!(user(&ada.get(ME).await), (ADA.to_owned(), true));
}

fn changing<'a>(ask: Ask<'a>, run: &str) -> Ask<'a> {
    let metric = json!({ "run_id": run, "key": "loss", "value": 0.0, "timestamp": 1, "step": 2 });
    ask.header("content-type", "application/json").body(metric.to_string())
}

async fn nothing_arrives_of_nobody(world: &World, server: &Application) {
    let heard = server.log().len();
    let stranger = world.person();
    stranger.ask(Method::GET, ME).header("x-auth-user", ADA).send().await.expect(401);
    stranger.look("/").await.expect(302);
    assert_eq!(server.log()[heard..], *"");
    stranger.get("/health").await.expect(200);
}

async fn the_header_makes_an_administrator_where_the_filter_is_not(world: &World) {
    let open = without_filter(world).await;
    let mallory = open.person();
    assert_eq!(user(&mallory.ask(Method::GET, ME).header("x-auth-user", ADA).send().await), (ADA.to_owned(), true));
    mallory.get(ME).await.expect(401);
}

async fn signed_in(world: &World, user: &str) -> Person {
    let person = world.person();
    let callback = person.approve(user, &person.begin(ME).await).await;
    person.navigate(callback.as_str()).await.expect(200);
    person
}

/// Whom MLflow sees, and whether it is the administrator.
#[track_caller]
fn user(answer: &Answer) -> (String, bool) {
    let user = answer.expect(200).json()["user"].take();
    (user["username"].as_str().expect("a name").to_owned(), user["is_admin"] == true)
}
