//! The command-line tool's shell: the only place of the native tool that reaches files, environment and terminal.

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::{
        fs, io,
        io::{Read, Write},
        path::Path,
        process::ExitCode,
    };

    use clap::Parser;
    use edge_oidc::cli::{Cli, World, Writing, run};

    struct Machine;

    impl World for Machine {
        fn read(&self, path: &Path) -> io::Result<String> {
            if path == Path::new("-") {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text)?;
                return Ok(text);
            }
            fs::read_to_string(path)
        }

        fn write(&self, path: &Path, text: &str, writing: Writing) -> io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut options = fs::OpenOptions::new();
            // A file that is replaced is made anew: its owner's eyes only means nothing for one that others opened before.
            if writing.replace && path.exists() {
                fs::remove_file(path)?;
            }
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, if writing.secret { 0o600 } else { 0o644 });
            options.open(path)?.write_all(text.as_bytes())
        }

        #[expect(clippy::disallowed_methods, reason = "the one place where the tool's environment enters")]
        fn variable(&self, name: &str) -> Option<String> {
            std::env::var(name).ok()
        }
    }

    pub(crate) fn main() -> ExitCode {
        let outcome = run(&Cli::parse(), &Machine);
        let printed = io::stdout().write_all(outcome.output.as_bytes());
        let reported = io::stderr().write_all(outcome.errors.as_bytes());
        match printed.and(reported) {
            Ok(()) => ExitCode::from(outcome.code),
            // Whoever closed the pipe has seen enough.
            Err(_) => ExitCode::from(2),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    native::main()
}

/// The tool is native only; the module for Envoy is the library.
#[cfg(target_arch = "wasm32")]
fn main() {}
