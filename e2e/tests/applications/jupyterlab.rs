//! JupyterLab: a page that lives by WebSockets, and kernels that outlive everything else.

use std::path::PathBuf;
use std::process::Command;

use devkit::install;
use e2e::chromium::Chromium;
use e2e::{APP, Answer, Builder, CLIENT_ID, DOMAIN, PASSWORD, Person, WebSocket, World};
use http::Method;
use serde_json::{Value, json};

use crate::page::Page;
use crate::process::{Application, Place, installed};
use crate::world::{MALLORY, in_front_of, without_filter};

const NOTEBOOK: &str = "/notebook/ada/lab/tree/a%20folder/first.ipynb";
const ME: &str = "/notebook/ada/api/me";
const KERNELS: &str = "/notebook/ada/api/kernels";
/// How long tokens last: time enough to finish a sign-in, and less than JupyterLab needs to load.
const LASTS: u64 = 4;
/// What is in the notebook: each cell prints which one it is, and which process runs it.
const CELLS: [&str; 3] =
    ["import os\nkept = os.getpid()\nprint('one', kept)", "print('two', kept)", "print('three', kept)"];

async fn jupyterlab(page: &Page) -> Application {
    let python = installed(install::jupyterlab).await;
    let config = page.fence("python", "identity_provider_class");
    Application::start("jupyterlab", "/notebook/ada/api", |place| command(&python, place, &config)).await
}

fn command(python: &PathBuf, place: &Place, config: &str) -> Command {
    let config = place.put("jupyter_server_config.py", config);
    place.put("work/a folder/first.ipynb", &notebook().to_string());
    let mut command = Command::new(python);
    // Whoever runs the tests may be root, as in a container.
    command.args(["-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port_retries=0"]);
    command.arg("--config").arg(config).args(["--ip", "127.0.0.1", "--port", &place.addr.port().to_string()]);
    command.arg("--ServerApp.root_dir").arg(place.folder.join("work"));
    // Neither asks the network for news of extensions and versions.
    command.args(["--LabApp.extension_manager=readonly", "--LabApp.news_url=None", "--LabApp.check_for_updates_class"]);
    command.arg("jupyterlab.NeverCheckForUpdate");
    command
}

fn notebook() -> Value {
    let cell = |source: &&str| {
        json!({ "cell_type": "code", "id": format!("cell-{}", source.len()), "source": source,
                "execution_count": null, "metadata": {}, "outputs": [] })
    };
    let kernel = json!({ "name": "python3", "display_name": "Python 3", "language": "python" });
    let cells: Vec<_> = CELLS.iter().map(cell).collect();
    json!({ "cells": cells, "metadata": { "kernelspec": kernel }, "nbformat": 4, "nbformat_minor": 5 })
}

/// Tokens that end soon, at a provider that takes a refresh token once; a filter that forgives no second.
fn short(builder: Builder) -> Builder {
    builder.plugin(|plugin| plugin["providers"][0]["leeway"] = json!("0s")).cognito(|options| {
        options.behaviour.rotate_refresh_tokens(0);
        options.behaviour.client_lifetimes.entry(CLIENT_ID.to_owned()).or_default().id_token_seconds = Some(LASTS);
    })
}

/// Runs a cell by the button; answers what it printed.
async fn run(chromium: &Chromium, cell: usize) -> String {
    chromium.click(&format!(".jp-Notebook [data-windowed-list-index='{cell}'] .cm-content")).await;
    chromium.click(".jp-NotebookPanel-toolbar [data-command='notebook:run-cell-and-select-next']").await;
    let script = "return document.querySelectorAll('.jp-Notebook .jp-CodeCell')[arguments[0]] \
                  ?.querySelector('.jp-OutputArea-output')?.textContent.trim()";
    let printed = async || chromium.script(script, json!([cell])).await.as_str().map(str::to_owned);
    chromium.until(&format!("what cell {cell} prints"), printed).await
}

/// Waits until the notebook is there and its kernel has nothing to do. What has not begun is called idle in other places, too.
async fn until_idle(chromium: &Chromium) {
    let script = "return !document.querySelector('.jp-Document > .jp-Spinner') \
                  && document.querySelectorAll('.jp-Notebook .jp-CodeCell').length == arguments[0] \
                  && document.querySelector('#jp-main-statusbar')?.textContent.includes('Python 3 (ipykernel) | Idle')";
    let idle = async || (chromium.script(script, json!([CELLS.len()])).await == true).then_some(());
    chromium.until("a kernel that waits for work", idle).await;
}

/// Whom the application sees, asked by a script of its page.
async fn seen_by_page(chromium: &Chromium) -> Value {
    let script = "return fetch('/notebook/ada/api/me').then(answer => answer.json())";
    chromium.script(script, json!([])).await["identity"]["username"].take()
}

/// What a page is told when it saves: JupyterLab's own request, without its dialogs.
async fn saved(chromium: &Chromium) -> Value {
    let script = "const token = document.cookie.match(/_xsrf=([^;]*)/)[1]; \
                  const body = JSON.stringify({ type: 'file', format: 'text', content: 'saved' }); \
                  return fetch('/notebook/ada/api/contents/a%20folder/notes.txt', \
                      { method: 'PUT', headers: { 'x-xsrftoken': token }, body }).then(answer => answer.status)";
    chromium.script(script, json!([])).await
}

/// Loses the session, and nothing of the application's own.
async fn lose_session(chromium: &Chromium) {
    for name in chromium.app_cookies().await.into_iter().filter(|name| name.starts_with("__Host-edge_oidc")) {
        chromium.devtools("Network.deleteCookies", json!({ "name": name, "domain": APP })).await;
    }
}

async fn upgrades(world: &World) -> u64 {
    world.envoy.stat("http.edge.downstream_cx_upgrades_total").await.expect("a statistic")
}

#[tokio::test]
async fn a_notebook_goes_on_in_its_kernel_through_renewed_tokens_a_reload_and_a_lost_session() {
    let page = Page::of("jupyterlab");
    let lab = jupyterlab(&page).await;
    let mut world = short(in_front_of(lab.addr(), page.configuration())).workers(2).start().await;
    let chromium = Chromium::start(&world).await;
    chromium.open(NOTEBOOK).await;
    chromium.until_at(DOMAIN).await;
    chromium.log_in("ada", PASSWORD).await;
    until_idle(&chromium).await;
    let one = run(&chromium, 0).await;
    let process = one.strip_prefix("one ").expect("a process");
    let (sockets, refreshed) = (upgrades(&world).await, world.control().counters().refresh.succeeded);
    // By what JupyterLab asks on its own.
    let renewed = async || (world.control().counters().refresh.succeeded >= refreshed + 2).then_some(());
    chromium.until("tokens that were renewed twice", renewed).await;
    assert_eq!(run(&chromium, 1).await, format!("two {process}"));
    assert_eq!(upgrades(&world).await, sockets, "a WebSocket was opened anew");
    chromium.devtools("Network.setExtraHTTPHeaders", json!({ "headers": { "x-auth-user": MALLORY } })).await;
    assert_eq!(seen_by_page(&chromium).await, "ada@example.com");
    chromium.reload().await;
    until_idle(&chromium).await;
    assert!(upgrades(&world).await > sockets);
    assert_eq!(run(&chromium, 2).await, format!("three {process}"));
    let counters = world.control().counters();
    assert_eq!((counters.interactive_sign_ins, counters.silent_sign_ins), (1, 0));
    assert_eq!(counters.refresh.arrived, counters.refresh.succeeded, "a refresh token came twice");
    lose_session(&chromium).await;
    assert_eq!(saved(&chromium).await, 401);
    sign_in_elsewhere(&chromium).await;
    assert_eq!(saved(&chromium).await, 201);
    world.assert_no_vm_died().await;
}

/// In a tab beside it.
async fn sign_in_elsewhere(chromium: &Chromium) {
    let notebook = chromium.tabs().await.remove(0);
    chromium.new_tab().await;
    chromium.open(ME).await;
    chromium.until_url(&format!("https://{APP}{ME}")).await;
    chromium.switch_to(&notebook).await;
}

#[tokio::test]
async fn jupyter_sees_whom_the_gateway_says_and_believes_a_made_up_header_only_without_the_filter() {
    let page = Page::of("jupyterlab");
    let lab = jupyterlab(&page).await;
    let mut world = in_front_of(lab.addr(), page.configuration()).start().await;
    let ada = signed_in(&world, "ada").await;
    assert_eq!(user(&ada.get(ME).await), "ada@example.com");
    let lie = ada.ask(Method::GET, ME).header("x-auth-user", MALLORY).header("X_Auth_User", MALLORY);
    assert_eq!(user(&lie.send().await), "ada@example.com");
    // Nobody, and somebody whom the rule does not name: the application hears of neither.
    let heard = lab.log().len();
    let stranger = world.person();
    stranger.ask(Method::GET, ME).header("x-auth-user", "ada@example.com").send().await.expect(401);
    let socket = WebSocket::open(&world.net, &format!("{KERNELS}/none/channels"), &[("x-auth-user", MALLORY)]).await;
    assert_eq!(socket.err().map(|answer| answer.status), Some(401));
    let grace = world.person();
    let callback = grace.approve("grace", &grace.begin(ME).await).await;
    grace.navigate(callback.as_str()).await.expect(403);
    assert_eq!(lab.log()[heard..], *"");
    let open = without_filter(&world).await;
    assert_eq!(user(&open.person().ask(Method::GET, ME).header("x-auth-user", MALLORY).send().await), MALLORY);
    open.person().get(ME).await.expect(403);
    jupyter_s_own_link_signs_out(&ada).await;
    world.assert_no_vm_died().await;
}

#[tokio::test]
async fn a_program_with_a_token_starts_a_kernel_and_a_browser_needs_the_token_against_forged_requests() {
    let page = Page::of("jupyterlab");
    let lab = jupyterlab(&page).await;
    let world = in_front_of(lab.addr(), page.configuration()).start().await;
    let token = format!("Bearer {}", world.control().mint_id_token("ada", CLIENT_ID, None, |_| {}));
    let program = world.person();
    let ask = |method, path: &str| program.ask(method, path).header("authorization", &token);
    assert_eq!(user(&ask(Method::GET, ME).send().await), "ada@example.com");
    let kernel = ask(Method::POST, KERNELS).body("{}").send().await.expect(201).json();
    let path = format!("{KERNELS}/{}", kernel["id"].as_str().expect("an id"));
    let opened = WebSocket::open(&world.net, &format!("{path}/channels"), &[("authorization", &token)]).await;
    opened.unwrap_or_else(|answer| panic!("{}", answer.status));
    ask(Method::DELETE, &path).send().await.expect(204);
    let ada = signed_in(&world, "ada").await;
    let refused = ada.ask(Method::POST, KERNELS).header("x-auth-method", "header").body("{}").send().await;
    assert!(refused.expect(403).text().contains("_xsrf"), "{refused}");
    ada.get("/notebook/ada/lab").await.expect(200);
    let xsrf = ada.cookie("_xsrf").expect("Jupyter's own cookie");
    ada.ask(Method::POST, KERNELS).header("x-xsrftoken", xsrf).body("{}").send().await.expect(201);
}

async fn jupyter_s_own_link_signs_out(person: &Person) {
    let left = person.ask(Method::GET, "/notebook/ada/logout").navigation().header("sec-fetch-site", "same-origin");
    assert_eq!(left.send().await.expect(302).location().host_str(), Some(DOMAIN));
    person.get(ME).await.expect(401);
}

async fn signed_in(world: &World, user: &str) -> Person {
    let person = world.person();
    let callback = person.approve(user, &person.begin(ME).await).await;
    person.navigate(callback.as_str()).await.expect(200);
    person
}

/// Whom the application sees.
#[track_caller]
fn user(answer: &Answer) -> String {
    answer.expect(200).json()["identity"]["username"].as_str().expect("a name").to_owned()
}
