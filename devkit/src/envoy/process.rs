//! The process: its folder, its start, the wait until it serves, its end.
//!
//! Each Envoy has a folder below `target/envoy` with the configuration it was given and everything it printed, access log
//! included. The folder is removed when the Envoy stops, unless a test is failing just then: then it is what to read.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio, id};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::Setup;
use super::admin::Admin;
use crate::install;

const READY_WITHIN: Duration = Duration::from_secs(90);
const STOPPED_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const TAIL_LINES: usize = 40;
const LINE_CHARS: usize = 1000;

/// A running Envoy; it stops when this value is dropped.
#[derive(Debug)]
pub struct Envoy {
    addr: SocketAddr,
    pub(super) admin: Admin,
    child: Child,
    folder: Folder,
}

pub(super) async fn start(setup: Setup) -> Result<Envoy> {
    let folder = Folder::new()?;
    let binary = binary(&setup).await?;
    let child = command(&binary, &setup, &folder)?.spawn().context("cannot start Envoy")?;
    let mut starting = Starting { child, folder };
    let ready = timeout(READY_WITHIN, starting.ready()).await;
    let tail = || format!("the end of Envoy's log:\n{}", tail(&starting.folder.log(), TAIL_LINES));
    match ready {
        Ok(Ok((addr, admin))) => Ok(Envoy { addr, admin, child: starting.child, folder: starting.folder }),
        Ok(Err(error)) => Err(error.context(tail())),
        Err(_) => bail!("Envoy was not ready within {READY_WITHIN:?}; {}", tail()),
    }
}

pub(super) async fn validate(setup: Setup) -> Result<Output> {
    let folder = Folder::new()?;
    let mut command = command(&binary(&setup).await?, &setup, &folder)?;
    command.args(["--mode", "validate"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.output().await.context("cannot start Envoy")
}

async fn binary(setup: &Setup) -> Result<PathBuf> {
    let version = setup.version.clone();
    spawn_blocking(move || install::envoy(&version)).await?
}

fn command(binary: &Path, setup: &Setup, folder: &Folder) -> Result<Command> {
    fs::write(folder.path("envoy.json"), serde_json::to_string_pretty(&setup.config)?)?;
    // Appending, because Envoy opens its standard output a second time for the access log.
    let log = File::options().create(true).append(true).open(folder.path("envoy.log"))?;
    let mut command = Command::new(binary);
    command
        .arg("-c")
        .arg(folder.path("envoy.json"))
        .arg("--admin-address-path")
        .arg(folder.path("admin"))
        // Several Envoys may run side by side: none takes another's place.
        .arg("--disable-hot-restart")
        .args(["--concurrency", &setup.concurrency.to_string(), "--log-level", &setup.log_level])
        .args(["--file-flush-interval-msec", "20", "--drain-time-s", "1"])
        .args(&setup.extra_args)
        .env_clear()
        .envs(&setup.env)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true);
    Ok(command)
}

struct Starting {
    child: Child,
    folder: Folder,
}

impl Starting {
    async fn ready(&mut self) -> Result<(SocketAddr, Admin)> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("Envoy ended with {status} instead of serving");
            }
            if let Some(ready) = self.look().await {
                return Ok(ready);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&self) -> Option<(SocketAddr, Admin)> {
        let admin = Admin::at(fs::read_to_string(self.folder.path("admin")).ok()?.parse().ok()?);
        if !admin.ready().await {
            return None;
        }
        let addr = admin.first_listener().await?;
        TcpStream::connect(addr).await.ok()?;
        Some((addr, admin))
    }
}

impl Envoy {
    /// Where its listener accepts connections.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Everything it has printed: its own log, the filter's lines in it, and the access log.
    pub fn log(&self) -> String {
        self.folder.log()
    }

    /// The last lines of `log`.
    pub fn log_tail(&self) -> String {
        tail(&self.log(), TAIL_LINES)
    }

    /// Waits until `log` holds `text`; answers whether it came in time.
    pub async fn logged(&self, text: &str, within: Duration) -> bool {
        let end = Instant::now() + within;
        loop {
            if self.log().contains(text) {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The process id, for measurements.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Asks it to end, as SIGTERM would, and waits; kills it when it takes too long.
    pub async fn shutdown(mut self) -> Result<()> {
        self.admin.quit().await;
        if timeout(STOPPED_WITHIN, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = install::target_dir().join("envoy").join(format!("{}-{count}", id()));
        // A folder of that name is from a process long gone.
        if let Err(error) = fs::remove_dir_all(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error.into());
        }
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn log(&self) -> String {
        fs::read(self.path("envoy.log")).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("devkit: Envoy's configuration and log are in {}", self.0.display());
        } else {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// The last lines, without those in which Envoy lists what it was compiled with, and none endless.
fn tail(log: &str, lines: usize) -> String {
    let all: Vec<_> = log.lines().filter(|line| !line.contains("[info][main] [source/server/server.cc")).collect();
    let last = all.get(all.len().saturating_sub(lines)..).unwrap_or_default();
    last.iter().map(|line| line.chars().take(LINE_CHARS).chain(['\n']).collect::<String>()).collect()
}
