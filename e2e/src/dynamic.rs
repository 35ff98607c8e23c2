//! Parts of Envoy's configuration that come from files which Envoy watches: CDS, ECDS (as Istio delivers the filter), LDS.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::Builder;

const FILTERS: &str = "/filter_chains/0/filters/0/typed_config/http_filters";

/// A part of Envoy's configuration that comes from a file which Envoy watches.
pub struct Dynamic {
    kind: Kind,
    folder: PathBuf,
    resource: Arc<Mutex<Value>>,
}

#[derive(Clone, Copy)]
enum Kind {
    Cluster(&'static str),
    Filter,
    Listener,
}

impl Dynamic {
    /// One cluster. There is none before it is published.
    pub fn clusters(name: &'static str) -> Dynamic {
        Self::new(Kind::Cluster(name))
    }

    /// The filter, as Istio delivers it.
    pub fn filter() -> Dynamic {
        Self::new(Kind::Filter)
    }

    /// The listener with everything in it.
    pub fn listener() -> Dynamic {
        Self::new(Kind::Listener)
    }

    fn new(kind: Kind) -> Dynamic {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("edge-oidc-dynamic-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        Dynamic { kind, folder, resource: Arc::default() }
    }

    /// Moves the part of the configuration from Envoy's own file to this one.
    pub fn install(&self, builder: Builder) -> Builder {
        let (kind, resource, file) = (self.kind, Arc::clone(&self.resource), self.file());
        builder.patch(move |config| {
            config["node"] = json!({ "id": "e2e", "cluster": "e2e" });
            let part =
                kind.take(config, &json!({ "path_config_source": { "path": file }, "resource_api_version": "V3" }));
            let first = if matches!(kind, Kind::Cluster(_)) { Vec::new() } else { vec![part.clone()] };
            write(&file, &first);
            *resource.lock().unwrap() = part;
        })
    }

    /// Changes it and lets Envoy know. What a bad update changed stays changed in the next.
    pub fn publish(&self, change: impl FnOnce(&mut Value)) {
        let mut resource = self.resource.lock().unwrap();
        change(&mut resource);
        write(&self.file(), std::slice::from_ref(&*resource));
    }

    /// The same for the filter's own configuration.
    pub fn publish_plugin(&self, change: impl FnOnce(&mut Value)) {
        let place = match self.kind {
            Kind::Listener => format!("{FILTERS}/0/typed_config/config/configuration/value"),
            _ => "/typed_config/config/configuration/value".to_owned(),
        };
        self.publish(|resource| {
            let text = resource.pointer_mut(&place).expect("the filter's configuration");
            let mut plugin: Value = serde_json::from_str(text.as_str().expect("text")).expect("JSON");
            change(&mut plugin);
            *text = json!(plugin.to_string());
        });
    }

    fn file(&self) -> PathBuf {
        self.folder.join("resource.json")
    }
}

impl Kind {
    /// Takes the part out of a bootstrap and leaves word where to find it.
    fn take(self, config: &mut Value, source: &Value) -> Value {
        match self {
            Self::Cluster(name) => {
                let clusters = config["static_resources"]["clusters"].as_array_mut().expect("clusters");
                let place = clusters.iter().position(|cluster| cluster["name"] == name).expect("the cluster");
                let cluster = typed("envoy.config.cluster.v3.Cluster", clusters.remove(place));
                config["dynamic_resources"]["cds_config"] = source.clone();
                cluster
            }
            Self::Filter => {
                let listener = &mut config["static_resources"]["listeners"][0];
                let filter = listener.pointer_mut(FILTERS).and_then(|filters| filters.get_mut(0)).expect("the filter");
                let wasm = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
                let discovery = json!({ "name": "edge-oidc", "config_discovery": { "config_source": source, "type_urls": [wasm] } });
                typed("envoy.config.core.v3.TypedExtensionConfig", std::mem::replace(filter, discovery))
            }
            Self::Listener => {
                let listeners = config["static_resources"]["listeners"].as_array_mut().expect("listeners");
                let listener = typed("envoy.config.listener.v3.Listener", listeners.remove(0));
                config["dynamic_resources"]["lds_config"] = source.clone();
                listener
            }
        }
    }
}

fn typed(kind: &str, mut part: Value) -> Value {
    part["@type"] = json!(format!("type.googleapis.com/{kind}"));
    part
}

/// Envoy looks again when another file takes this one's name.
fn write(file: &PathBuf, resources: &[Value]) {
    let next = file.with_extension("next");
    fs::write(&next, json!({ "resources": resources }).to_string()).expect("a file");
    fs::rename(&next, file).expect("a file");
}

impl Drop for Dynamic {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
