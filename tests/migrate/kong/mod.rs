//! `edge-oidc migrate kong`.
