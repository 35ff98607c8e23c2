//! `edge-oidc migrate pomerium FILE...`: everything that takes Pomerium's place, out of its own settings.
//!
//! Decides the options.

use std::path::PathBuf;

use clap::Args;

use super::{
    Outcome, World,
    render::{GatewayArguments, OutputArguments},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The files; `-` is the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    gateway: GatewayArguments,
}

pub(super) fn run(arguments: &Arguments, _: &dyn World) -> Result<Outcome, String> {
    let _ = (&arguments.files, &arguments.output, &arguments.gateway);
    Err("is being built".to_owned())
}
