//! The built filter in a real Envoy with the shipped files. The `T-` numbers are those of the security catalogue.

mod attempts;
mod bodies;
mod cookies;
mod sign_in;
mod stolen;
mod upgrades;
