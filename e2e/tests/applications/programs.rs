//! Programs of people in Python: in a process of their own, outside of the gateway, by the names that people use.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use e2e::World;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::process::{Place, with_nothing_of_ours};

/// Python reads hundreds of files first, on a machine that is busy with other tests.
const DONE_WITHIN: Duration = Duration::from_secs(120);
/// Names lead where they lead in a world, and its authority is one that everybody knows: what `--resolve` and `--cacert` are for
/// curl. Python reads this file by itself.
const NAMES: &str = "
import certifi, json, os, socket

certifi.where = lambda: os.environ['SSL_CERT_FILE']

places = json.loads(os.environ['PLACES'])
real = socket.getaddrinfo

def found(host, port, *rest, **named):
    host, port = places.get(host, (host, port))
    return real(host, port, *rest, **named)

socket.getaddrinfo = found
";

/// Runs a script with these variables; answers the last line that it printed, which is JSON. Panics where it fails.
pub async fn python(python: &Path, world: &World, script: &str, variables: &[(&str, &str)]) -> Value {
    let place = Place::of("program");
    let authority = place.put("authority.pem", &world.net.ca_pem);
    place.put("sitecustomize.py", NAMES);
    let mut command = std::process::Command::new(python);
    command.arg(place.put("program.py", script)).env("PYTHONPATH", &place.folder).env("PLACES", places(world));
    command.env("REQUESTS_CA_BUNDLE", &authority).env("SSL_CERT_FILE", &authority).envs(variables.iter().copied());
    let mut command = Command::from(with_nothing_of_ours(command, &place.folder));
    command.stdin(Stdio::null()).kill_on_drop(true);
    let done = timeout(DONE_WITHIN, command.output()).await.expect("the program does not end").expect("a program");
    let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}\n{complained}\n{}", world.envoy.log_tail());
    place.remove();
    let last = said.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {said}\n{complained}"))
}

fn places(world: &World) -> String {
    let places = world.net.hosts.iter().map(|(host, addr)| (host.clone(), (addr.ip().to_string(), addr.port())));
    serde_json::to_string(&places.collect::<std::collections::BTreeMap<_, _>>()).expect("JSON")
}
