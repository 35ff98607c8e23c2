//! Real applications behind the filter, each with the configuration that its page in `docs/applications/` shows.
//!
//! An application that believes a header believes whoever sends it. So each test shows three things of the application
//! itself: it takes people for whom the filter says that they are; a header that somebody made up changes nothing; and without
//! a session nothing arrives. Whether a test would see it otherwise can be tried: `EDGE_OIDC_FRONT=taken-out` leaves the filter
//! out of every gateway, `EDGE_OIDC_FRONT=forged` puts somebody else's identity into every header behind it. Each application
//! has tests that fail with either, as `control` tries with some of them; Prometheus reads no header, so its tests fail without
//! the filter alone, and so does what looks at refusals only.
//!
//! `page` reads the documents, `process` runs an application and `programs` its clients, `world` puts the gateway in front of it.

mod control;
mod grpc;
mod grpc_web;
mod jupyterlab;
mod kfp;
mod kube_web_view;
mod kubeflow_dashboard;
mod mlflow;
mod page;
mod people;
mod process;
mod programs;
mod prometheus;
mod proxy;
mod recipes;
mod tokens;
mod world;
