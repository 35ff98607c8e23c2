//! The SDK of Kubeflow Pipelines: its client comes with a token, a file with one, or a person's session.

mod api_server;

use devkit::install;
use e2e::{Person, World};
use http::Method;
use serde_json::json;

use crate::page::Page;
use crate::process::installed;
use crate::programs;
use crate::world::{in_front_of, without_filter};
use api_server::{ApiServer, Seen};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const SESSION: &str = "__Host-edge_oidc";
/// The public client of people's own machines, as the page names it.
const TOOL: &str = "4k1b0n2v8c6x3z9a7s5d4f2g1h";
/// Three ways of the page, two of the guide to programs.
const CLIENTS: usize = 5;
const EXPERIMENTS: &str = "/pipeline/apis/v2beta1/experiments";
/// Where a pod's token is mounted.
const MOUNTED: &str = "/var/run/secrets/edge/token";
/// What people do with a client. Each of `WAYS` is Python that makes clients out of `token`, `cookie` and `path`, which holds the
/// token; all of them are kept.
const SCRIPT: &str = r#"
import json, os, warnings
warnings.simplefilter("ignore")
import kfp_server_api
from kfp import compiler, dsl
import kfp.client

made = []

class Client(kfp.client.Client):
    def __init__(self, *unnamed, **named):
        super().__init__(*unnamed, **named)
        made.append(self)

kfp.client.Client = Client

@dsl.component
def add(a: float, b: float) -> float:
    return a + b

@dsl.pipeline(name="adding")
def adding(a: float = 1.0):
    add(a=a, b=2.0)

def refused(call):
    try:
        call()
    except kfp_server_api.ApiException as error:
        return [error.status, json.loads(error.body)["error"]]

compiler.Compiler().compile(adding, "adding.yaml")
token, cookie, path = os.environ["TOKEN"], os.environ["COOKIE"], os.path.abspath("token")
with open(path, "w") as file:
    file.write(token)
for way in json.loads(os.environ["WAYS"]):
    exec(way.replace(os.environ["MOUNTED"], path), {"token": token, "cookie": cookie, "path": path})
done = []
for client in list(made):
    pipeline = client.upload_pipeline("adding.yaml", namespace="ada")
    experiment = client.create_experiment(f"by client {len(done)}", namespace="ada")
    run = client.create_run_from_pipeline_package("adding.yaml", experiment_id=experiment.experiment_id, namespace="ada")
    others = refused(lambda: client.list_experiments(namespace="grace"))
    client._experiment_api.api_client.set_default_header("kubeflow-userid", "grace@example.com")
    done.append([pipeline.pipeline_id, run.run_id, others, refused(lambda: client.list_experiments(namespace="grace"))])

nobody = Client(host="https://app.example.com/pipeline", namespace="ada")
nobody._experiment_api.api_client.set_default_header("kubeflow-userid", "ada@example.com")
configuration = kfp_server_api.Configuration(host="https://app.example.com/pipeline")
configuration.api_key["authorization"], configuration.api_key_prefix["authorization"] = token, "Bearer"
generated = kfp_server_api.RunServiceApi(kfp_server_api.ApiClient(configuration))
print(json.dumps({"done": done, "nobody": refused(lambda: nobody.list_experiments()),
                  "generated": generated.run_service_list_runs(namespace="ada").total_size}))
"#;

#[tokio::test]
async fn a_client_works_in_its_own_namespace_with_a_token_a_file_and_a_session_and_in_nobody_else_s() {
    let page = Page::of("kubeflow-pipelines");
    let (server, addr) = ApiServer::start().await;
    let builder = in_front_of(addr, page.configuration());
    let mut world =
        builder.cognito(|options| options.clients.push(devkit::cognito::Client::public(TOOL))).start().await;
    let (ada, python) = (signed_in(&world).await, installed(install::kfp).await);
    server.seen();

    let mut ways = page.fences("python");
    assert_eq!(ways.len(), 3, "a token, a file, a session");
    ways.push(Page::document("docs/programs.md").fence("python", MOUNTED));
    let token = world.control().mint_id_token("ada", TOOL, None, |_| {});
    let cookie = ada.cookie(SESSION).expect("a session");
    let ways = json!(ways).to_string();
    let variables = [("TOKEN", token.as_str()), ("COOKIE", &cookie), ("WAYS", &ways), ("MOUNTED", MOUNTED)];
    let said = programs::python(&python, &world, SCRIPT, &variables).await;
    let no = json!([403, format!("User '{ADA}' is not authorized in grace")]);
    let done = json!(["pipeline-0", "run-0", no, no]);
    assert_eq!(said["done"], json!(vec![done; CLIENTS]), "{said}");
    assert_eq!((&said["nobody"], &said["generated"]), (&json!([401, "login_required"]), &json!(0)), "{said}");
    arrived_as_one_person_sent_it(&server.seen());
    a_person_s_lie_is_believed_only_without_the_filter(&world, &ada).await;
    world.assert_no_vm_died().await;
}

/// Ada's each time, with nothing of the filter's own.
#[track_caller]
fn arrived_as_one_person_sent_it(seen: &[Seen]) {
    for Seen { path, users, cookies, .. } in seen {
        assert_eq!((&users[..], &cookies[..]), (&[ADA.to_owned()][..], &[][..]), "{path}");
    }
    let uploads = seen.iter().filter(|seen| seen.path.ends_with("/upload"));
    let whole = uploads.filter(|seen| String::from_utf8_lossy(&seen.body).contains("pipelineInfo:\n  name: adding"));
    assert_eq!(whole.count(), CLIENTS);
}

async fn a_person_s_lie_is_believed_only_without_the_filter(world: &World, ada: &Person) {
    let theirs = format!("{EXPERIMENTS}?namespace=grace");
    ada.ask(Method::GET, &theirs).header("kubeflow-userid", GRACE).send().await.expect(403);
    let open = without_filter(world).await;
    open.person().ask(Method::GET, &theirs).header("kubeflow-userid", GRACE).send().await.expect(200);
    open.person().get(&theirs).await.expect(400);
}

async fn signed_in(world: &World) -> Person {
    let person = world.person();
    let target = format!("{EXPERIMENTS}?namespace=ada");
    let callback = person.approve("ada", &person.begin(&target).await).await;
    person.navigate(callback.as_str()).await.expect(200);
    person
}
