//! `edge-oidc migrate pomerium`.
