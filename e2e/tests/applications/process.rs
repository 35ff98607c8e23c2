//! An application as a process of this machine: its folder, its port, its log, its end.
//!
//! Nothing of this machine's user gets into it: its environment is empty but for the PATH, and its home is its folder. The
//! folder goes with it, unless a test is failing just then: then it is what to read.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use devkit::envoy::free_port;
use devkit::tls;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Python applications read hundreds of files first, on a machine that is busy with other tests.
const READY_WITHIN: Duration = Duration::from_secs(180);
const STOPPED_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const TAIL_LINES: usize = 40;

/// Where an application is to run.
pub struct Place {
    /// Its port, which is free.
    pub addr: SocketAddr,
    /// Its folder, which is its home too.
    pub folder: PathBuf,
}

/// A running application; it stops when this value is dropped, with all that it started.
pub struct Application {
    name: String,
    place: Place,
    child: Child,
}

impl Place {
    /// A new place for something of this name.
    pub fn of(name: &str) -> Place {
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("edge-oidc-{name}-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Place { addr: ([127, 0, 0, 1], port).into(), folder }
    }

    /// Puts a file into the folder; answers where it is.
    pub fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }

    /// Takes the folder away.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Application {
    /// Starts what `command` says, and waits until it answers a GET of `ready` with a success.
    pub async fn start(name: &str, ready: &str, command: impl FnOnce(&Place) -> Command) -> Application {
        let place = Place::of(name);
        let log = File::create(place.folder.join("log")).expect("a log");
        let mut command = with_nothing_of_ours(command(&place), &place.folder);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        // A group of its own, so that what it starts ends with it.
        let child = command.process_group(0).spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut application = Application { name: name.to_owned(), place, child };
        application.until_ready(ready).await;
        application
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.place.addr
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.place.folder
    }

    /// Everything it has printed.
    pub fn log(&self) -> String {
        fs::read(self.place.folder.join("log"))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    async fn until_ready(&mut self, path: &str) {
        tls::use_ring();
        let url = format!("http://{}{path}", self.place.addr);
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().expect("a client");
        let end = Instant::now() + READY_WITHIN;
        loop {
            let answer = client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.child.try_wait().expect("a process");
            assert!(ended.is_none(), "{} ended with {ended:?}\n{}", self.name, self.tail());
            assert!(Instant::now() < end, "{} does not answer {url}\n{}", self.name, self.tail());
            sleep(LOOK_EVERY).await;
        }
    }

    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// To it and to everything in its group.
    fn signal(&self, signal: &str) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
    }
}

/// Installs an application, or finds it; answers the program that runs it.
pub async fn installed(install: fn() -> Result<PathBuf>) -> PathBuf {
    spawn_blocking(install).await.expect("a task").unwrap_or_else(|error| panic!("{error:#}"))
}

/// The command with an environment of its own.
pub fn with_nothing_of_ours(command: Command, home: &Path) -> Command {
    let mut clean = Command::new(command.get_program());
    clean.args(command.get_args()).env_clear().env("HOME", home).env("LANG", "C.UTF-8").current_dir(home);
    clean.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in command.get_envs() {
        value.map(|value| clean.env(name, value));
    }
    clean
}

impl Drop for Application {
    /// It is asked first, so that it can end what is not in its group: the kernels of JupyterLab are not.
    fn drop(&mut self) {
        self.signal("-TERM");
        let end = Instant::now() + STOPPED_WITHIN;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            thread::sleep(LOOK_EVERY);
        }
        self.signal("-KILL");
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!(
                "{}: its folder is {}; the end of its log:\n{}",
                self.name,
                self.place.folder.display(),
                self.tail()
            );
        } else {
            self.place.remove();
        }
    }
}
