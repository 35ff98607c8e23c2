//! The world that end-to-end tests live in: a local Cognito under its AWS names, an application, and a real Envoy with the
//! shipped files between them; people with browsers, and sockets for what no browser sends.
//!
//! ```ignore
//! let mut world = World::builder().workers(2).start().await;
//! let ada = world.person();
//! let landing = ada.sign_in("ada", "/deep?x=1").await;
//! assert_eq!(landing.upstream.header("kubeflow-userid"), Some("ada@example.com"));
//! world.assert_all_workers_alive().await;
//! ```
//!
//! | Part | Is |
//! |---|---|
//! | [`World`] | everything that runs, and how it is started ([`Builder`]) |
//! | [`Person`] | a browser: cookies, redirects, the sign-in form; each request's [`Answer`] knows what reached the application |
//! | [`chromium`] | a person with a real browser |
//! | [`Raw`], [`h2_connection`] | a TLS socket, and bare HTTP/2 frames |
//! | [`WebSocket`] | a client for `/ws` of the application |
//! | [`Dynamic`] | a part of Envoy's configuration that changes while it runs |
//! | [`partners`], [`service_accounts`] | issuers beside the first ([`Builder::with_partners`], [`Builder::with_kubernetes`]) |
//! | [`Tool`], [`Rendered`] | the command-line tool in a folder, and a gateway started from what it wrote there ([`istiod`], [`envoy_gateway`]) |
//! | [`Balancer`] | what stands in front of several worlds that are replicas of one ([`World::replica`]) |
//!
//! Names resolve to loopback by [`Net`], certificates are those of one throw-away authority, and everything here panics with
//! what it knows when the world itself fails: a test need not handle that. What the filter must answer is the tests' to say.

mod answer;
mod balancer;
mod beside;
pub mod chromium;
mod dynamic;
pub mod envoy_gateway;
mod grpc;
pub mod istiod;
mod jar;
mod net;
mod person;
mod raw;
mod rendered;
mod shape;
mod tool;
mod webdriver;
mod websocket;
mod workers;
mod world;

pub use answer::Answer;
pub use balancer::Balancer;
pub use beside::{KUBERNETES, PARTNERS_DOMAIN, PARTNERS_ISSUER, partners, service_accounts};
pub use devkit::form::Form;
pub use dynamic::Dynamic;
pub use grpc::{grpc_channel, health_client};
pub use jar::Cookie;
pub use net::{Net, h2_connection};
pub use person::{Ask, Habits, Http, Landing, Person};
pub use raw::{Raw, RawAnswer};
pub use rendered::{Gateway, Rendered};
pub use shape::{APP, Builder, CALLBACK, CLIENT_ID, CLIENT_SECRET, DOMAIN, ISSUER, Manifest, PASSWORD, PathHandling};
pub use tool::Tool;
pub use websocket::WebSocket;
pub use workers::until;
pub use world::World;
