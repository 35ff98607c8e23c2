//! The command-line tool as somebody uses it: in a folder of files, with its standard input.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use clap::Parser as _;
use edge_oidc::cli::{self, Cli, Outcome, Writing};

/// A folder that goes with this value, in which the tool works.
pub struct Tool {
    folder: PathBuf,
}

impl Tool {
    /// A new folder.
    pub fn new() -> Tool {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("edge-oidc-tool-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        Tool { folder }
    }

    /// Where a file of this name is, or would be.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Puts a file there.
    pub fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name))
            .unwrap_or_else(|error| panic!("{name}: {error}; there are {:?}", self.files()))
    }

    /// The names of all files, in order.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
                match entry.is_dir() {
                    true => folders.push(entry),
                    false => files.push(entry.strip_prefix(&self.folder).expect("below it").display().to_string()),
                }
            }
        }
        files.sort();
        files
    }

    /// The only file that the tool wrote whose name ends like this.
    #[track_caller]
    pub fn written(&self, end: &str) -> String {
        let files = self.files().into_iter().filter(|name| name.starts_with("edge-oidc/") && name.ends_with(end));
        let files: Vec<_> = files.collect();
        let [file] = &files[..] else { panic!("not one {end}: {:?}", self.files()) };
        file.clone()
    }

    /// What `edge-oidc ARGUMENTS` says and does in this folder.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let cli = Cli::try_parse_from(["edge-oidc"].iter().chain(arguments));
        let cli = cli.unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        cli::run(&cli, self)
    }

    /// The same, where it must work.
    #[track_caller]
    pub fn expect(&self, arguments: &[&str]) -> String {
        let Outcome { output, errors, code } = self.run(arguments);
        assert_eq!(code, 0, "edge-oidc {}\n{errors}{output}", arguments.join(" "));
        output
    }
}

impl Default for Tool {
    fn default() -> Self {
        Self::new()
    }
}

impl cli::World for Tool {
    fn read(&self, path: &Path) -> io::Result<String> {
        fs::read_to_string(self.folder.join(path))
    }

    fn write(&self, path: &Path, text: &str, writing: Writing) -> io::Result<()> {
        let path = self.folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let mut options = OpenOptions::new();
        options.write(true).create(writing.replace).truncate(writing.replace).create_new(!writing.replace);
        options.open(path)?.write_all(text.as_bytes())
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
