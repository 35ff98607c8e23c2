//! `edge-oidc migrate alb`.
