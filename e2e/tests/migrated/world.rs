//! A deployment of another product that the tool moves, and the gateway that runs what it wrote.
//!
//! The settings name the local Cognito as if it were AWS's. What the tool wrote is checked by the tool itself and by Envoy before
//! it runs.

use devkit::cognito::{Cognito, Options};
use e2e::{Gateway, Person, Rendered, Tool};

/// A deployment, to be moved.
pub struct Settings {
    product: &'static str,
    host: &'static str,
    files: Vec<(&'static str, String)>,
    options: Vec<String>,
    filled: Vec<(&'static str, String)>,
}

/// After the move.
pub struct Moved {
    /// Envoy, and the application behind it.
    pub gateway: Gateway,
    /// Who signs people in, for as long as this is there.
    _pool: Cognito,
    /// What the tool said.
    pub said: String,
    /// The configuration that it wrote.
    pub configuration: serde_json::Value,
}

impl Settings {
    /// Settings of this product, whose people call this host.
    pub fn of(product: &'static str, host: &'static str) -> Settings {
        Settings { product, host, files: Vec::new(), options: Vec::new(), filled: Vec::new() }
    }

    /// One of its files.
    pub fn file(mut self, name: &'static str, text: &str) -> Settings {
        self.files.push((name, text.to_owned()));
        self
    }

    /// An option of the tool's.
    pub fn option(mut self, name: &str, value: &str) -> Settings {
        self.options.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// An option of the tool's that takes no value.
    pub fn flag(mut self, name: &str) -> Settings {
        self.options.push(name.to_owned());
        self
    }

    /// A secret that is in none of the files, as its reader fills it in afterwards.
    pub fn fill(mut self, variable: &'static str, value: &str) -> Settings {
        self.filled.push((variable, value.to_owned()));
        self
    }

    /// Moves it to a plain Envoy and starts that, with a pool that is the usual one but for `change`.
    pub async fn start(self, change: impl FnOnce(&mut Options)) -> Moved {
        let tool = Tool::new();
        self.files.iter().for_each(|(name, text)| tool.put(name, text));
        let names = self.files.iter().map(|(name, _)| *name);
        let options = self.options.iter().map(String::as_str);
        let arguments: Vec<_> =
            ["migrate", self.product].into_iter().chain(names).chain(options).chain(["--target", "envoy"]).collect();
        let said = tool.expect(&arguments);
        let (config, environment) = (tool.written("envoy.yaml"), tool.written(".env"));
        for (variable, value) in &self.filled {
            let text = tool.read(&environment);
            assert!(text.contains(&format!("\n{variable}=\n")), "{variable} is not open: {text}");
            tool.put(&environment, &text.replace(&format!("\n{variable}=\n"), &format!("\n{variable}='{value}'\n")));
        }
        tool.expect(&["check", &config, "--env-file", &environment]);
        let configuration = serde_saphyr::from_str(&tool.read("edge-oidc/edge-oidc.yaml")).expect("YAML");
        let rendered = Rendered::new(&tool.path(&config), &tool.path(&environment), self.host);
        let (rendered, pool) = rendered.with_pool(change).await;
        let gateway = rendered.start("127.0.0.1:8080").await;
        Moved { gateway, _pool: pool, said, configuration }
    }
}

impl Moved {
    /// A person with a browser of their own.
    pub fn person(&self) -> Person {
        self.gateway.person()
    }
}
