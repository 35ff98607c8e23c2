//! `cargo xtask demo`: everything a sign-in consists of, on this machine, in one command.
//!
//! A person gets a URL, users and things to try; `--check` tries them itself (`check`) and says what held. What is
//! started, and how the shipped Envoy file is changed for it, is in `stack`.

mod check;
mod person;
mod stack;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};

use crate::build;
use stack::Stack;

/// What to start.
#[derive(Args)]
pub struct Demo {
    /// Sign in by itself, say what held, and end.
    #[arg(long)]
    check: bool,
    /// The port of http://localhost:PORT; a free one where it is 0.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

/// Runs it until Ctrl-C, or until every check is done.
pub fn run(demo: &Demo) -> Result<ExitCode> {
    build::run()?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let port = if demo.check { 0 } else { demo.port };
        let stack = Stack::start(port, demo.check).await?;
        if demo.check { check(stack).await } else { serve(stack).await }
    })
}

async fn serve(stack: Stack) -> Result<ExitCode> {
    println!("{}", stack.welcome());
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for a signal")?;
    tokio::select! {
        pressed = ctrl_c() => pressed.context("cannot wait for Ctrl-C")?,
        _ = terminate.recv() => {}
    }
    stack.stop().await?;
    Ok(ExitCode::SUCCESS)
}

async fn check(mut stack: Stack) -> Result<ExitCode> {
    let report = check::run(&mut stack).await;
    println!("{report}");
    if !report.passed() {
        eprintln!("The end of Envoy's log:\n{}", stack.envoy.log_tail());
        return Ok(ExitCode::FAILURE);
    }
    stack.stop().await?;
    Ok(ExitCode::SUCCESS)
}
