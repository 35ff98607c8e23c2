//! Test only: verifies every signature that a POST brings, with Envoy's function and with pure Rust.
//!
//! Decides nothing; a test compares the verdicts. The body is a JSON array of `{"jwk", "alg", "message", "signature"}`, the
//! last two in base64url without padding; the answer an array of `{"native": bool | null, "pure": bool | null}` in the same
//! order. `native` is null where the function is not asked or not there, both are null where the key or the algorithm
//! is refused. `GET` answers whether the function passes our self-tests. The plugin's configuration must set
//! `allow_on_headers_stop_iteration: true`; without it Envoy 1.40 shows no body to a filter that paused at the headers.
#![cfg(target_arch = "wasm32")]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use edge_oidc::oidc::{
    envoy_signature::{accepted, encode, is_reliable},
    jwk::PublicKey,
    signature::{Algorithm, PureRust, SignatureVerifier},
};
use proxy_wasm::{
    hostcalls::call_foreign_function,
    traits::{Context, HttpContext, RootContext},
    types::{Action, ContextType, LogLevel},
};
use serde_json::{Value, json};

// The macro exports `_initialize` with an attribute that counts as unsafe.
#[allow(unsafe_code, missing_docs)]
mod entry {
    proxy_wasm::main! {{
        proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Info);
        proxy_wasm::set_root_context(|_| Box::new(super::Root));
    }}
}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request))
    }
}

struct Request;

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            let reliable =
                is_reliable(|argument| call_foreign_function("verify_signature", Some(argument)).ok().flatten());
            self.send_http_response(200, vec![], Some(reliable.to_string().as_bytes()));
        }
        Action::Pause
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            let body = self.get_http_request_body(0, size).unwrap_or_default();
            match serde_json::from_slice::<Vec<Value>>(&body) {
                Ok(cases) => {
                    let verdicts: Value = cases.iter().map(verdicts).collect();
                    self.send_http_response(200, vec![], Some(verdicts.to_string().as_bytes()));
                }
                Err(error) => {
                    let _ = proxy_wasm::hostcalls::log(LogLevel::Error, &error.to_string());
                    self.send_http_response(400, vec![], Some(error.to_string().as_bytes()));
                }
            }
        }
        Action::Pause
    }
}

fn verdicts(case: &Value) -> Value {
    let octets = |name: &str| URL_SAFE_NO_PAD.decode(case[name].as_str()?).ok();
    let parts = || {
        let key = PublicKey::from_jwk(case["jwk"].as_object()?).ok()?.key;
        let algorithm: Algorithm = case["alg"].as_str()?.parse().ok()?;
        Some((key, algorithm, octets("message")?, octets("signature")?))
    };
    let Some((key, algorithm, message, signature)) = parts() else {
        return json!({"native": null, "pure": null});
    };
    let native = encode(algorithm, &key, &message, &signature)
        .and_then(|argument| call_foreign_function("verify_signature", Some(&argument)).ok())
        .map(|answer| accepted(&answer.unwrap_or_default()));
    json!({"native": native, "pure": PureRust.verify(algorithm, &key, &message, &signature)})
}
