//! Runs another program to its end, quietly: what it printed is shown only when it failed.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A line of progress.
pub fn say(line: &str) {
    eprintln!("devkit: {line}");
}

/// Runs it; an error holds what it printed.
pub fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// Runs it and answers what it wrote to its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.output().with_context(|| format!("cannot run {program}"))?;
    let stdout = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(stdout);
    }
    let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
    let stderr = String::from_utf8_lossy(&done.stderr);
    bail!("{program} {} ended with {}\n{}{}", args.join(" "), done.status, stdout, stderr.trim_end());
}

/// Where a program is on the PATH.
pub fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(program)).find(|path| path.is_file())
}
