//! The same service called from pages, by the client that people use for it: npm's `grpc-web` in Chromium.

use axum::Router;
use axum::http::HeaderMap;
use axum::response::Html;
use axum::routing::get;
use devkit::install::grpc_web;
use e2e::chromium::Chromium;
use e2e::{APP, Builder, CLIENT_ID, World};
use http::Method;
use serde_json::{Value, json};

use crate::grpc::in_front;
use crate::grpc::service::{self, REMOVE, WATCH, WHO};
use crate::page::Page;

/// A page of another origin.
const CONSOLE: &str = "https://console.example.com";
/// Calls a method; what the client library tells its caller.
const CALL: &str = "const [host, method, message, metadata, format, streams] = arguments; \
     const bytes = text => new TextEncoder().encode(text), text = bytes => new TextDecoder().decode(bytes); \
     const kind = streams ? 'server_streaming' : 'unary'; \
     const descriptor = new grpcweb.MethodDescriptor(method, kind, Object, Object, bytes, text); \
     const client = new grpcweb.GrpcWebClientBase({ format }); \
     const told = { data: [], errors: [] }; \
     return new Promise(done => { \
       if (!streams) { \
         client.rpcCall(host + method, message, metadata, descriptor, (error, answer) => { \
           if (error) told.errors.push([error.code, error.message]); else told.data.push(answer); done(told) }); \
         return; \
       } \
       const stream = client.serverStreaming(host + method, message, metadata, descriptor); \
       stream.on('data', answer => told.data.push(answer)); \
       stream.on('error', error => { told.errors.push([error.code, error.message]); setTimeout(() => done(told), 100) }); \
       stream.on('end', () => done(told)); })";

/// The pages: whoever opens one is named in it, as the filter says.
fn pages() -> Router {
    let library = grpc_web().expect("grpc-web").join("node_modules/grpc-web/index.js");
    let library = std::fs::read_to_string(library).expect("grpc-web");
    let script = format!("(exports => {{ {library} }})(window.grpcweb = {{}})");
    let page = async |headers: HeaderMap| {
        let user = headers.get("x-user").and_then(|user| user.to_str().ok()).unwrap_or("nobody").to_owned();
        Html(format!(
            "<!doctype html><html lang=en><title>People</title><link rel=icon href='data:,'><h1 id=user>{user}</h1>\
             <script src=/grpc-web.js></script>"
        ))
    };
    let script = get(async move || ([("content-type", "text/javascript")], script));
    Router::new().route("/people", get(page)).route("/grpc-web.js", script)
}

/// With the filters of the page around ours.
async fn with_grpc_web() -> Builder {
    let page = Page::of("grpc");
    let parse = |mark: &str| serde_saphyr::from_str::<Value>(&page.fence("yaml", mark)).expect("YAML");
    let (filters, policy) = (parse("http_filters:")["http_filters"].clone(), parse("typed_per_filter_config:"));
    in_front(service::start(pages()).await).http_manager(move |http| {
        let chain = http["http_filters"].as_array_mut().expect("filters");
        let ours = chain.iter().position(|filter| filter["name"] == "edge-oidc").map_or(0, |place| place + 1);
        chain.insert(ours, filters[1].clone());
        chain.insert(0, filters[0].clone());
        http["route_config"]["virtual_hosts"][0]["typed_per_filter_config"] = policy["typed_per_filter_config"].clone();
    })
}

async fn call(browser: &Chromium, method: &str, token: Option<&str>, format: &str, streams: bool) -> Value {
    let metadata = token.map_or(json!({}), |token| json!({ "Authorization": format!("Bearer {token}") }));
    browser.script(CALL, json!([format!("https://{APP}"), method, "2", metadata, format, streams])).await
}

/// What the only answer, or the first one, says of a metadata field.
fn first(told: &Value, name: &str) -> Value {
    assert_eq!(told["errors"], json!([]), "{told}");
    let answer: Value = serde_json::from_str(told["data"][0].as_str().expect("an answer")).expect("JSON");
    answer[name].clone()
}

#[tokio::test]
async fn a_page_calls_with_its_session_and_learns_in_its_own_words_when_it_may_not_or_that_is_over() {
    let mut world = with_grpc_web().await.start().await;
    let browser = Chromium::start(&world).await;
    browser.sign_in("grace", "/people").await;
    for format in ["text", "binary"] {
        let told = call(&browser, WHO, None, format, false).await;
        assert_eq!(first(&told, "x-user"), json!(["grace@example.com"]), "{format}");
        assert_eq!(first(&told, "cookie"), Value::Null, "{format}: our session goes no further");
    }
    let told = call(&browser, WATCH, None, "text", true).await;
    assert_eq!(first(&told, "x-groups"), json!(["data-science"]));
    assert_eq!((&told["data"][1], &told["data"][2]), (&json!("1"), &json!("2")), "{told}");
    let kinds = [("text", false), ("text", true), ("binary", false), ("binary", true)];
    for (format, streams) in kinds {
        let told = call(&browser, REMOVE, None, format, streams).await;
        assert_eq!(told, json!({ "data": [], "errors": [[7, "requirement_unmet"]] }), "{format} {streams}");
    }
    browser.lose_session().await;
    for (format, streams) in kinds {
        let told = call(&browser, WHO, None, format, streams).await;
        assert_eq!(told, json!({ "data": [], "errors": [[16, "login_required"]] }), "{format} {streams}");
    }
    world.assert_no_vm_died().await;
}

#[tokio::test]
async fn a_page_of_another_origin_calls_with_a_token_and_reads_refusals() {
    let builder = with_grpc_web().await.plugin(|plugin| {
        let rule = json!({ "match": { "hosts": ["console.example.com"] }, "action": "allow" });
        plugin["routes"].as_array_mut().expect("rules").insert(0, rule);
    });
    let mut world: World = builder.start().await;
    let browser = Chromium::start(&world).await;
    browser.open(&format!("{CONSOLE}/people")).await;
    let ada = world.control().mint_id_token("ada", CLIENT_ID, None, |_| {});
    for format in ["text", "binary"] {
        let told = call(&browser, WHO, Some(&ada), format, false).await;
        assert_eq!(first(&told, "x-user"), json!(["ada@example.com"]), "{format}");
        assert_eq!(first(&told, "origin"), json!([CONSOLE]), "{format}");
        for (token, code) in [(None, "login_required"), (Some("x.y.z"), "bearer_unaccepted")] {
            let told = call(&browser, WHO, token, format, false).await;
            assert_eq!(told, json!({ "data": [], "errors": [[16, code]] }), "{format}");
        }
    }
    world.assert_no_vm_died().await;
}

/// As other clients than npm's read it: the trailers among the headers, and nothing else.
#[tokio::test]
async fn a_refusal_is_trailers_alone() {
    let world = with_grpc_web().await.start().await;
    for kind in ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text"] {
        let refused = world.person().ask(Method::POST, WHO).header("content-type", kind).body("x").send().await;
        assert_eq!((refused.expect(200).header("grpc-status"), refused.text().as_str()), ("16", ""), "{kind}");
        assert_eq!(refused.header("grpc-message"), "login_required", "{kind}");
        assert!(refused.all("www-authenticate").is_empty() && refused.all("location").is_empty(), "{refused}");
    }
}
