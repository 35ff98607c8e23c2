//! A person's day in a real browser: Chromium, the real host names over TLS, the shipped Envoy file and a local Cognito.
//!
//! | File | Is about |
//! |---|---|
//! | `sign_in` | deep links, the session cookie, wrong passwords, callbacks that come again or from elsewhere |
//! | `choice` | the page that offers several providers, without a mouse and without script |
//! | `tabs` | many tabs at once |
//! | `day` | a page that stays open while its session is renewed again and again, and while it cannot be |
//! | `ended` | what becomes of scripts, frames, forms and WebSockets of a page whose session has ended |
//! | `sign_out` | leaving |
//! | `kubeflow` | how the dashboard of Kubeflow signs out, and its pages in frames |
//! | `pages` | how our pages look and whether everybody can read them; pictures go to `target/screenshots` |
//!
//! The person's browser is [`e2e::chromium`]; `site` is an application with forms and frames.

mod choice;
mod day;
mod ended;
mod kubeflow;
mod pages;
mod sign_in;
mod sign_out;
mod site;
mod tabs;
