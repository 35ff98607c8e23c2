//! `edge-oidc migrate oauth2-proxy`.
