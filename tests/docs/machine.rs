//! A machine that has the files which the documents name, and keeps what is written.
//!
//! Decides what stands in those files. Which commands are run is decided elsewhere.

use std::{cell::RefCell, collections::BTreeMap, fs, io, path::Path};

use clap::Parser;
use edge_oidc::cli::{Cli, Outcome, World, Writing, run};
use serde_json::{Value, json};

use crate::{
    configurations::whole,
    corpus::{Document, document, root},
};

/// Where Istio's objects begin.
const ISTIO: &str = "apiVersion: security.istio.io/v1beta1\nkind: ";
const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The machine of somebody who reads one document.
pub struct Machine<'a> {
    /// What was written.
    pub files: RefCell<BTreeMap<String, String>>,
    reads: &'a Document,
}

impl<'a> Machine<'a> {
    pub fn new(reads: &'a Document) -> Self {
        Self { files: RefCell::default(), reads }
    }

    pub fn run(&self, words: &[String]) -> Outcome {
        let arguments = ["edge-oidc"].into_iter().chain(words.iter().map(String::as_str));
        run(&Cli::try_parse_from(arguments).unwrap_or_else(|error| panic!("{words:?}: {error}")), self)
    }

    /// The documents of a file that was written.
    #[track_caller]
    pub fn written(&self, name: &str) -> Vec<Value> {
        let files = self.files.borrow();
        let text = files.get(name).unwrap_or_else(|| panic!("{name} is not among {:?}", files.keys()));
        serde_saphyr::from_multiple(text).unwrap()
    }
}

impl World for Machine<'_> {
    fn read(&self, path: &Path) -> io::Result<String> {
        let name = path.to_str().unwrap();
        match self.files.borrow().get(name) {
            Some(text) => Ok(text.clone()),
            None => found(name, self.reads).ok_or_else(|| io::ErrorKind::NotFound.into()),
        }
    }

    fn write(&self, path: &Path, text: &str, writing: Writing) -> io::Result<()> {
        let mut files = self.files.borrow_mut();
        let name = path.to_str().unwrap();
        if files.contains_key(name) && !writing.replace {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        files.insert(name.to_owned(), text.to_owned());
        Ok(())
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// What stands in a file that a reader of `reads` has, or was told to write.
fn found(name: &str, reads: &Document) -> Option<String> {
    let golden = |name: &str| fs::read_to_string(root().join("tests/golden").join(name)).ok();
    match name {
        "authservice.yaml" => Some(as_kubectl_prints(
            &golden("migrate/authservice/in/kubeflow.env")?,
            &golden("migrate/authservice/in/kubeflow-client.env")?,
        )),
        // The parameters alone of what AWS publishes.
        "ingress/params.env" => golden("migrate/authservice/in/load-balancer.env"),
        "kong.yml" => golden("migrate/kong/in/service.yaml"),
        // As AWS prints them, and as its controller reads them.
        "listeners.json" | "rules.json" | "ingress.yaml" => golden(&format!("migrate/alb/in/{name}")),
        "pomerium.yaml" => golden("migrate/pomerium/in/cognito.yaml"),
        "oauth2_proxy.cfg" => golden("migrate/oauth2-proxy/in/cognito.cfg"),
        // The product's own objects, and Istio's around it.
        "oauth2-proxy.yaml" => Some(golden("migrate/oauth2-proxy/in/kubeflow.yaml")?.split_once(ISTIO)?.0.to_owned()),
        "istio.yaml" => {
            Some(format!("kind: {}", golden("migrate/oauth2-proxy/in/kubeflow.yaml")?.split_once(ISTIO)?.1))
        }
        "config.yaml" => identity(reads).or_else(|| golden("render/in/cognito.yaml")),
        "rules.yaml" => fence(&document("docs/routes.md"), "# rules.yaml"),
        "target/dist/oci/index.json" => {
            Some(json!({ "manifests": [{ "digest": format!("sha256:{DIGEST}") }] }).to_string())
        }
        "istio/wasmplugin.yaml" | "envoy/envoy.yaml" => fs::read_to_string(root().join(name)).ok(),
        _ => None,
    }
}

/// The first block of a document that begins so.
fn fence(document: &Document, begins: &str) -> Option<String> {
    document.fences().into_iter().find(|fence| fence.text.starts_with(begins)).map(|fence| fence.text)
}

/// The shortest configuration with the identity that a document shows by itself.
fn identity(document: &Document) -> Option<String> {
    let block = serde_saphyr::from_str(&fence(document, "identity:\n  userId:")?).unwrap();
    Some(whole(block).to_string())
}

/// Stock Kubeflow's authservice, as `kubectl get … -o yaml` has several objects.
fn as_kubectl_prints(parameters: &str, client: &str) -> String {
    let values = |text: &str| -> Value {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let container = json!({
        "name": "authservice",
        "image": "gcr.io/arrikto/kubeflow/oidc-authservice:e236439",
        "envFrom": [
            { "secretRef": { "name": "oidc-authservice-client" } },
            { "configMapRef": { "name": "oidc-authservice-parameters" } },
        ],
    });
    let set = json!({ "template": { "spec": { "containers": [container] } } });
    let list = json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            { "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "authservice" }, "spec": set },
            { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "oidc-authservice-parameters" }, "data": values(parameters) },
            { "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "oidc-authservice-client" }, "stringData": values(client) },
        ],
    });
    list.to_string()
}
