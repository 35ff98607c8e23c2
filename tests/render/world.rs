//! A machine that keeps what is written, and has the golden inputs as its files.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use clap::Parser;
use edge_oidc::cli::{Cli, Outcome, World, Writing, run};
use serde_json::Value;

/// The variable's value, which must be in no file but those for secrets.
pub const CLIENT_SECRET: &str = "hunter1-hunter1-hunter1";
const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// What is rendered in the tests: a name, and the command.
pub const CASES: [(&str, &str); 14] = [
    (
        "istio",
        "render istio cognito.yaml --provider-host demo.auth.us-east-1.amazoncognito.com --image oci://registry.example.com/edge-oidc:0.1.0 --dist dist",
    ),
    (
        "istio-1.30",
        "render istio cognito.yaml --istio 1.30.1 --image https://files.example.com/edge_oidc.wasm --dist dist",
    ),
    ("istio-1.17", "render istio cognito.yaml --istio 1.17 --provider-host demo.auth.us-east-1.amazoncognito.com"),
    (
        "kubeflow",
        "render istio dex-closed.yaml --env SESSION_KEY=C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1d --kubeflow --keep-dex-open --applications kubeflow team-a",
    ),
    (
        "hand-on",
        "render istio several.yaml --namespace edge --selector app=edge --selector istio=edge --gateway edge --service-account edge --service-account apps/proxy --trust-domain mesh.example.com --applications apps",
    ),
    ("envoy", "render envoy cognito.yaml --provider-host demo.auth.us-east-1.amazoncognito.com"),
    (
        "envoy-plain",
        "render envoy several.yaml --plain --listen [::]:8080 --upstream app.internal:3000 --wasm /opt/edge.wasm --trusted-ca /etc/ca.pem",
    ),
    (
        "envoy-dex",
        "render envoy dex.yaml --env SESSION_KEY=C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1d --upstream 10.0.0.7:80",
    ),
    (
        "envoy-gateway",
        "render envoy-gateway cognito.yaml --provider-host demo.auth.us-east-1.amazoncognito.com --image oci://registry.example.com/edge-oidc:0.1.0 --dist dist",
    ),
    (
        "envoy-gateway-dex",
        "render envoy-gateway dex.yaml --env SESSION_KEY=C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1d --namespace edge --gateway public --proxy-namespace edge --daemon-set --listener https --own-route",
    ),
    (
        "envoy-gateway-routes",
        "render envoy-gateway several.yaml --http-route notebooks --http-route reports --route-namespace apps --own-route --image https://files.example.com/edge_oidc.wasm --dist dist",
    ),
    (
        "init-istio",
        "init cognito --pool-id us-east-1_AbCdEf012 --client-id 304a12ktcc5djt9d7enj6dsjkg --domain demo --host https://kubeflow.example.com --host notebooks.example.com --kubeflow",
    ),
    (
        "init-envoy",
        "init cognito --pool-id us-east-1_AbCdEf012 --client-id 304a12ktcc5djt9d7enj6dsjkg --domain auth.example.com --host https://app.example.com --public-client --issuer-type updated --target envoy",
    ),
    (
        "init-envoy-gateway",
        "init cognito --pool-id us-east-1_AbCdEf012 --client-id 304a12ktcc5djt9d7enj6dsjkg --domain demo --host https://app.example.com --target envoy-gateway --gateway public",
    ),
];

/// The machine.
#[derive(Default)]
pub struct Machine {
    /// What was written, by name.
    pub files: RefCell<BTreeMap<PathBuf, (String, Writing)>>,
    /// Whether `OIDC_CLIENT_SECRET` is set.
    pub knows_secret: bool,
}

impl World for Machine {
    fn read(&self, path: &Path) -> io::Result<String> {
        if let Some((text, _)) = self.files.borrow().get(path) {
            return Ok(text.clone());
        }
        match path.to_str() {
            Some("dist/oci/index.json") => Ok(format!(r#"{{"manifests":[{{"digest":"sha256:{DIGEST}"}}]}}"#)),
            Some("dist/edge_oidc.wasm.sha256") => Ok(format!("{DIGEST}  edge_oidc.wasm\n")),
            _ => fs::read_to_string(folder().join("in").join(path)),
        }
    }

    fn write(&self, path: &Path, text: &str, writing: Writing) -> io::Result<()> {
        let mut files = self.files.borrow_mut();
        if files.contains_key(path) && !writing.replace {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        files.insert(path.to_owned(), (text.to_owned(), writing));
        Ok(())
    }

    fn variable(&self, name: &str) -> Option<String> {
        (self.knows_secret && name == "OIDC_CLIENT_SECRET").then(|| CLIENT_SECRET.to_owned())
    }
}

/// One file that was written.
pub struct File {
    pub name: String,
    pub text: String,
    pub secret: bool,
}

impl File {
    /// Its documents; none of a file of variables.
    pub fn documents(&self) -> Vec<Value> {
        match self.name.ends_with(".yaml") {
            true => serde_saphyr::from_multiple(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name)),
            false => Vec::new(),
        }
    }
}

impl Machine {
    /// A machine whose environment has the client's secret.
    pub fn that_knows() -> Self {
        Self { knows_secret: true, ..Self::default() }
    }

    pub fn run(&self, command: &str) -> Outcome {
        let arguments = ["edge-oidc"].into_iter().chain(command.split_whitespace());
        run(&Cli::try_parse_from(arguments).unwrap_or_else(|error| panic!("{command}: {error}")), self)
    }

    /// What was written, without the folder.
    pub fn written(&self) -> Vec<File> {
        let files = self.files.borrow();
        let file = |(path, (text, writing)): (&PathBuf, &(String, Writing))| {
            let name = path.strip_prefix("edge-oidc").unwrap().to_str().unwrap().to_owned();
            File { name, text: text.clone(), secret: writing.secret }
        };
        files.iter().map(file).collect()
    }
}

/// The files that `command` writes, where the client's secret is known.
pub fn written(command: &str) -> Vec<File> {
    let machine = Machine::that_knows();
    let outcome = machine.run(command);
    assert_eq!(outcome.code, 0, "{command}: {}{}", outcome.output, outcome.errors);
    machine.written()
}

/// Every document of every file of every case, with a name for it.
pub fn documents() -> Vec<(String, Value)> {
    let of = |(case, command): (&str, &str)| {
        let named = |file: File| {
            let name = format!("{case}/{}", file.name);
            file.documents().into_iter().map(move |document| (name.clone(), document)).collect::<Vec<_>>()
        };
        written(command).into_iter().flat_map(named).collect::<Vec<_>>()
    };
    CASES.into_iter().flat_map(of).collect()
}

/// The one document of this kind that `command` writes.
pub fn document(command: &str, kind: &str) -> Value {
    let documents = written(command).into_iter().flat_map(|file| file.documents());
    documents.into_iter().find(|document| document["kind"] == kind).unwrap_or_else(|| panic!("{command}: no {kind}"))
}

/// Where the golden files are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/render")
}
