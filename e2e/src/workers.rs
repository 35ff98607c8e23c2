//! Proof that every worker still does its work: a whole sign-in on each, and nothing in statistics or log that says a VM died.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{Habits, World};

const ATTEMPTS: usize = 60;
/// A machine may be busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);
/// What stands in the log when a VM dies or our code panics.
const DEATH: &[&str] = &["panicked", "[critical]", "Plugin configured to fail", "wasm failed"];

impl World {
    /// Panics unless a normal sign-in works on every worker and no VM has ever died.
    pub async fn assert_all_workers_alive(&mut self) {
        self.assert_no_vm_died().await;
        let mut served: BTreeMap<String, u64> =
            self.connections().await.into_keys().map(|worker| (worker, 0)).collect();
        assert!(!served.is_empty(), "no statistics of workers");
        for _ in 0..ATTEMPTS {
            if served.values().all(|sign_ins| *sign_ins > 0) {
                return self.assert_no_vm_died().await;
            }
            let before = self.connections().await;
            // One connection for all of this person's requests, so that one worker has done all of it.
            let person = self.person_with(Habits::default().http2());
            let landing = person.sign_in("grace", "/alive?yes=1").await;
            assert_eq!(landing.upstream.header("kubeflow-userid"), Some("grace@example.com"));
            let after = self.connections().await;
            let took: Vec<_> = after.iter().filter(|(worker, count)| before.get(*worker) != Some(count)).collect();
            if let [(worker, _)] = took[..] {
                *served.entry(worker.clone()).or_default() += 1;
            }
        }
        panic!("no sign-in came to some worker: {served:?}");
    }

    /// Panics if a VM of the filter has ever died, or a line of the log says that something did.
    pub async fn assert_no_vm_died(&mut self) {
        self.envoy.assert_alive().await.unwrap_or_else(|error| panic!("{error:#}\n{}", self.envoy.log_tail()));
        let log = self.envoy.log();
        let death = log.lines().find(|line| DEATH.iter().any(|sign| line.contains(sign)));
        assert_eq!(death, None, "in the log of Envoy");
    }

    /// One of the filter's metrics; 0 where there is none yet.
    pub async fn metric(&self, name: &str) -> u64 {
        self.envoy.stat(&format!("wasmcustom.edge_oidc.{name}")).await.unwrap_or_default()
    }

    /// Waits until a metric is `value`.
    pub async fn until_metric(&self, name: &str, value: u64) {
        until(&format!("{name} is {value}"), || async { (self.metric(name).await == value).then_some(()) }).await;
    }

    /// Does `work` again and again, on a new connection each time, until each worker has had a turn.
    pub async fn on_every_worker<F: Future<Output = ()>>(&self, mut work: impl FnMut() -> F) {
        let before = self.connections().await;
        for _ in 0..ATTEMPTS {
            work().await;
            let now = self.connections().await;
            if now.iter().all(|(worker, count)| before.get(worker).is_some_and(|before| before < count)) {
                return;
            }
        }
        panic!("no connection came to some worker");
    }

    /// How many connections each worker has taken.
    pub async fn connections(&self) -> BTreeMap<String, u64> {
        let all = self.envoy.stats("listener.").await.expect("statistics");
        let of_a_worker = |name: &str| {
            let (_, worker) = name.strip_suffix(".downstream_cx_total")?.rsplit_once('.')?;
            (worker.starts_with("worker_") && !name.contains("admin")).then(|| worker.to_owned())
        };
        all.iter().filter_map(|(name, count)| Some((of_a_worker(name)?, *count))).collect()
    }
}

/// Waits until `holds` answers something; panics with `what` after [`PATIENCE`].
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut holds: impl FnMut() -> F) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = holds().await {
            return found;
        }
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
