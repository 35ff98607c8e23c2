//! A Kubeflow whose authservice has been replaced by what `edge-oidc migrate authservice` wrote: Dex, a gateway, a dashboard.
//!
//! Settings are those that Kubeflow, Arrikto and AWS published, from the folder that `EDGE_OIDC_DATA` names; without it such a
//! test says that it was skipped. What the tool wrote is checked by the tool itself and by Envoy before it runs.

use std::fs;

use devkit::dex;
use devkit::oidc_provider::OidcProvider;
use e2e::{Answer, Form, Gateway, Person, Rendered, Tool, istiod};
use http::Method;

/// Where people reach Kubeflow.
pub const HOST: &str = "kubeflow.example.com";
/// What stands for the dashboard in the rendered file.
pub const DASHBOARD: &str = "127.0.0.1:8080";
/// What no client may say of itself.
pub const FORGED: [(&str, &str); 3] =
    [("kubeflow-userid", "root@example.com"), ("kubeflow-groups", "admins"), ("auth-method", "header")];
/// authservice's own default.
pub const CALLBACK: &str = "/authservice/oidc/callback";

/// A script of a page, as browsers send its requests.
pub const SCRIPT: [(&str, &str); 4] =
    [("accept", "*/*"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"), ("sec-fetch-site", "same-origin")];

/// A deployment of authservice, to be moved.
#[derive(Clone)]
pub struct Settings {
    files: Vec<(String, Option<String>)>,
    options: Vec<String>,
    client: (String, String),
    callback: String,
    places: Vec<(String, std::net::SocketAddr)>,
    dex_route: bool,
    dex_host: Option<String>,
}

/// After the move.
pub struct Kubeflow {
    /// Who signs people in.
    pub dex: OidcProvider,
    /// Envoy, and the dashboard behind it.
    pub gateway: Gateway,
    /// What the tool said.
    pub said: String,
    callback: String,
}

impl Settings {
    /// Published files of a deployment, and what it takes to move it.
    pub fn published(files: &[&str]) -> Settings {
        Settings {
            files: files.iter().map(|name| ((*name).to_owned(), None)).collect(),
            options: vec!["--public-url".to_owned(), format!("https://{HOST}")],
            client: ("kubeflow-oidc-authservice".to_owned(), "placeholder-client-secret".to_owned()),
            callback: CALLBACK.to_owned(),
            places: Vec::new(),
            dex_route: true,
            dex_host: None,
        }
    }

    /// What Kubeflow 1.8.1 ships, with these lines added.
    pub fn stock(lines: &str) -> Settings {
        Self::published(&["kubeflow-params-v1.8.1.env", "kubeflow-secret-params-v1.8.1.env"]).file("more.env", lines)
    }

    /// A deployment of the last image, whose settings are these beside what Dex needs.
    pub fn last_image(lines: &str) -> Settings {
        let dex = "OIDC_PROVIDER=http://dex.auth.svc.cluster.local:5556/dex\nAUTHSERVICE_URL_PREFIX=/authservice/\n\
                   OIDC_AUTH_URL=/dex/auth\nOIDC_SCOPES=profile,email,groups\nSKIP_AUTH_URLS=/dex/\n\
                   CLIENT_ID=kubeflow-oidc-authservice\nCLIENT_SECRET=placeholder-client-secret\n";
        Self::published(&[]).file("authservice.env", &format!("{dex}{lines}")).option("--dialect", "0c4ea9a")
    }

    /// One more file.
    pub fn file(mut self, name: &str, text: &str) -> Settings {
        self.files.push((name.to_owned(), Some(text.to_owned())));
        self
    }

    /// An option of the tool's.
    pub fn option(mut self, name: &str, value: &str) -> Settings {
        self.options.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// The client that Dex knows.
    pub fn client(mut self, id: &str, secret: &str) -> Settings {
        self.client = (id.to_owned(), secret.to_owned());
        self
    }

    /// The path that Dex sends people back to.
    pub fn callback(mut self, path: &str) -> Settings {
        path.clone_into(&mut self.callback);
        self
    }

    /// `HOST:PORT` is really here.
    pub fn place(mut self, authority: &str, addr: std::net::SocketAddr) -> Settings {
        self.places.push((authority.to_owned(), addr));
        self
    }

    /// Lets Dex's paths lead to the dashboard, which remembers what reached it.
    pub fn without_dex_route(mut self) -> Settings {
        self.dex_route = false;
        self
    }

    /// People reach Dex by a host of its own, in clear text.
    pub fn dex_at(mut self, host: &str) -> Settings {
        self.dex_host = Some(host.to_owned());
        self
    }

    /// The files in a folder of their own; none without the folder of published ones.
    pub fn folder(&self) -> Option<Tool> {
        let tool = Tool::new();
        for (name, text) in &self.files {
            tool.put(name, &text.clone().or_else(|| published(name))?);
        }
        Some(tool)
    }

    /// Moves them; answers what the tool said.
    pub fn migrate(&self, tool: &Tool, target: &str) -> String {
        let names = self.files.iter().map(|(name, _)| name.as_str());
        let options = self.options.iter().map(String::as_str);
        let arguments: Vec<_> =
            ["migrate", "authservice"].into_iter().chain(names).chain(options).chain(["--target", target]).collect();
        tool.expect(&arguments)
    }

    /// Moves them to a plain Envoy and starts that.
    pub async fn start(self) -> Option<Kubeflow> {
        let tool = self.folder()?;
        let (rendered, said) = self.rendered(&tool);
        Some(self.run(rendered, said).await)
    }

    /// Moves them to a plain Envoy, whose file passes the tool's own check; that, and what the tool said.
    pub fn rendered(&self, tool: &Tool) -> (Rendered, String) {
        let said = self.migrate(tool, "envoy");
        let (config, environment) = (tool.written("envoy.yaml"), tool.written(".env"));
        // What people are to fill in is no mistake of the file's.
        let filled: String = tool
            .read(&environment)
            .lines()
            .map(|line| match line.strip_suffix('=') {
                Some(name) => format!("{name}=filled-in\n"),
                None => format!("{line}\n"),
            })
            .collect();
        tool.put("filled.env", &filled);
        tool.expect(&["check", &config, "--env-file", "filled.env"]);
        (Rendered::new(&tool.path(&config), &tool.path(&environment), HOST), said)
    }

    /// Moves them to Istio and starts the filter's part of it, with clusters that are called as Istio calls them.
    pub async fn start_in_istio(self) -> Option<Kubeflow> {
        let tool = self.folder()?;
        let said = self.migrate(&tool, "istio");
        let own = |name: &String| name.starts_with("edge-oidc/istio/") && name.ends_with(".yaml");
        let files = tool.files().into_iter().filter(own).filter(|name| !name.ends_with("-values.yaml"));
        let rendered = istiod::apply(&tool, &files.collect::<Vec<_>>(), &[dex::HOST], HOST);
        Some(self.run(rendered, said).await)
    }

    async fn run(self, rendered: Rendered, said: String) -> Kubeflow {
        let (id, secret) = &self.client;
        let dex = dex::options(id, secret, &format!("https://{HOST}{}", self.callback));
        let dex = OidcProvider::start(dex).await.expect("the provider");
        let rendered = rendered.place(dex::HOST, dex.addr());
        let cluster = rendered.cluster_of(dex::HOST);
        let rendered = if self.dex_route { rendered.route(dex::PATH, &cluster) } else { rendered };
        let rendered = self.dex_host.iter().fold(rendered, |rendered, host| rendered.known(host, dex.addr()));
        let rendered = self.places.iter().fold(rendered, |rendered, (host, addr)| rendered.place(host, *addr));
        let gateway = rendered.start(DASHBOARD).await;
        Kubeflow { dex, gateway, said, callback: self.callback }
    }
}

impl Kubeflow {
    /// A person with a browser of their own.
    pub fn person(&self) -> Person {
        self.gateway.person()
    }

    /// Opens a page and says yes to everything that Dex asks; answers the callback, which is not visited.
    pub async fn approve(&self, person: &Person, user: &str, target: &str) -> String {
        let mut answer = person.look(target).await;
        for _ in 0..20 {
            assert_ne!(answer.url.port_or_known_default(), Some(5556), "nobody reaches the inside: {answer}");
            answer = match Form::first(&answer.text()).filter(|_| answer.status == 200) {
                Some(form) => {
                    let to = answer.url.join(&form.action).expect("a form's action");
                    person.submit(to.as_str(), &form.fill(&["login", "password"], user).fields).await
                }
                None => match answer.location() {
                    to if to.path() == self.callback => return to.into(),
                    to => person.look(to.as_str()).await,
                },
            };
        }
        panic!("Dex never sends {user} back, at last: {answer}")
    }

    /// Opens a page, signs in at Dex, and lands.
    pub async fn sign_in(&self, person: &Person, user: &str, target: &str) -> Answer {
        let callback = self.approve(person, user, target).await;
        person.navigate(&callback).await
    }

    /// Somebody who has signed in.
    pub async fn signed_in(&self, user: &str) -> Person {
        let person = self.person();
        self.sign_in(&person, user, "/").await.expect(200).forwarded();
        person
    }

    /// The text of a person's session cookie, as scripts look for it.
    pub fn session(&self, person: &Person) -> String {
        person.cookie("authservice_session").unwrap_or_else(|| panic!("no session cookie: {:?}", person.cookies()))
    }

    /// A request without cookies, with this header.
    pub async fn with(&self, path: &str, name: &str, value: &str) -> Answer {
        self.person().ask(Method::GET, path).header(name, value).send().await
    }

    /// Panics if the filter has ever failed.
    pub async fn assert_alive(&mut self) {
        let alive = self.gateway.envoy.assert_alive().await;
        alive.unwrap_or_else(|error| panic!("{error:#}\n{}", self.gateway.envoy.log_tail()));
    }
}

/// The values of a header that reached the dashboard.
#[track_caller]
pub fn sent(answer: &Answer, name: &str) -> Vec<String> {
    answer.expect(200).forwarded().all(name).into_iter().map(str::to_owned).collect()
}

/// Asserts that the dashboard was told exactly this of who is there; what is empty must be absent.
#[track_caller]
pub fn expect_identity(answer: &Answer, user: &str, groups: &str) {
    let values = |value: &str| if value.is_empty() { vec![] } else { vec![value.to_owned()] };
    assert_eq!(sent(answer, "kubeflow-userid"), values(user), "{answer}");
    assert_eq!(sent(answer, "kubeflow-groups"), values(groups), "{answer}");
}

/// A published file; none where the folder is not named.
fn published(name: &str) -> Option<String> {
    let Ok(folder) = std::env::var("EDGE_OIDC_DATA") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "EDGE_OIDC_DATA is not set, and CI runs every test");
        eprintln!("skipped: EDGE_OIDC_DATA is not set, so {name} was not moved");
        return None;
    };
    Some(
        fs::read_to_string(format!("{folder}/data/authservice/{name}"))
            .unwrap_or_else(|error| panic!("{name}: {error}")),
    )
}
