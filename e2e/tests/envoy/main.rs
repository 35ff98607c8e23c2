//! The built filter in a real Envoy with the shipped files. The `T-` numbers are those of the security catalogue.

mod attempts;
mod bodies;
mod cookies;
mod forged;
mod grpc;
mod hosts;
mod paths;
mod replies;
mod secrecy;
mod sign_in;
mod sign_out;
mod signatures;
mod stolen;
mod upgrades;
