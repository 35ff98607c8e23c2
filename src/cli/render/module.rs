//! Where a gateway fetches the module, and what pins it.
//!
//! Decides the address and the digest. What `cargo xtask dist` writes is decided there.

use std::path::Path;

use serde_json::Value;

use super::{super::World, ModuleArguments};

/// Who fetches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetcher {
    /// Envoy Gateway's controller, which has no disk for it.
    EnvoyGateway,
    /// The gateway's own agent.
    Istio,
}

/// The module, as a WasmPlugin names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// Its address.
    pub(super) url: String,
    /// Whether nobody said where it is.
    pub(super) is_placeholder: bool,
    /// What pins it: the digest of the image's manifest, or of the file.
    pub(super) sha256: Option<String>,
}

impl Module {
    pub(super) fn read(arguments: &ModuleArguments, fetcher: Fetcher, world: &dyn World) -> Result<Self, String> {
        let is_placeholder = arguments.image.is_none();
        let url = match &arguments.image {
            Some(url) => address(url, fetcher)?,
            None => format!("oci://registry.example.com/edge-oidc:{}", env!("CARGO_PKG_VERSION")),
        };
        let sha256 = match (&arguments.sha256, &arguments.dist) {
            (Some(digest), _) => Some(hexadecimal(digest).ok_or("--sha256: is not 64 hexadecimal digits")?),
            (None, Some(folder)) if url.starts_with("oci://") => Some(image_digest(folder, world)?),
            (None, Some(folder)) => Some(file_digest(folder, world)?),
            (None, None) => None,
        };
        Ok(Self { url, is_placeholder, sha256 })
    }
}

/// An image without a scheme is `oci://`, as Istio has it.
fn address(url: &str, fetcher: Fetcher) -> Result<String, String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("oci", url));
    let known = matches!((scheme, fetcher), ("oci" | "https", _) | ("file", Fetcher::Istio));
    let good = known && !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic());
    if good && (scheme == "file") == rest.starts_with('/') {
        return Ok(format!("{scheme}://{rest}"));
    }
    Err(match fetcher {
        Fetcher::EnvoyGateway => {
            format!(
                "--image {url}: Envoy Gateway fetches the module itself; write oci://REGISTRY/IMAGE:TAG or https://HOST/FILE"
            )
        }
        Fetcher::Istio => format!("--image {url}: write oci://REGISTRY/IMAGE:TAG, https://HOST/FILE or file:///FILE"),
    })
}

fn hexadecimal(digest: &str) -> Option<String> {
    let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
    let good = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| digest.to_ascii_lowercase())
}

/// The manifest's, not the index's: Istio resolves an index first and then compares.
fn image_digest(folder: &Path, world: &dyn World) -> Result<String, String> {
    let path = folder.join("oci/index.json");
    let refused = |what: &str| format!("--dist: {}: {what}", path.display());
    let text = world.read(&path).map_err(|error| refused(&format!("{error}; `cargo xtask dist` writes it")))?;
    let index: Value = serde_json::from_str(&text).map_err(|_| refused("is no JSON"))?;
    let manifests = index.get("manifests").and_then(Value::as_array).map(Vec::as_slice);
    let Some([manifest]) = manifests else { return Err(refused("does not have exactly one manifest")) };
    let digest = manifest.get("digest").and_then(Value::as_str).and_then(hexadecimal);
    digest.ok_or_else(|| refused("has no sha256 digest"))
}

fn file_digest(folder: &Path, world: &dyn World) -> Result<String, String> {
    let path = folder.join("edge_oidc.wasm.sha256");
    let refused = |what: &str| format!("--dist: {}: {what}", path.display());
    let text = world.read(&path).map_err(|error| refused(&format!("{error}; `cargo xtask dist` writes it")))?;
    text.split_whitespace().next().and_then(hexadecimal).ok_or_else(|| refused("has no sha256 digest"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_fetched_from_a_registry_over_tls_or_from_the_disk() {
        assert_eq!(
            address("registry.example.com/edge-oidc:1", Fetcher::Istio),
            Ok("oci://registry.example.com/edge-oidc:1".to_owned())
        );
        for good in ["oci://r.example.com/e@sha256:00", "https://files.example.com/e.wasm", "file:///opt/e.wasm"] {
            assert_eq!(address(good, Fetcher::Istio).as_deref(), Ok(good));
        }
        for bad in
            ["http://files.example.com/e.wasm", "file://opt/e.wasm", "oci:///e", "oci://", "", "oci://a b", "ftp://a/b"]
        {
            assert!(address(bad, Fetcher::EnvoyGateway).is_err(), "{bad}");
            assert!(address(bad, Fetcher::Istio).is_err_and(|error| error.starts_with("--image")), "{bad}");
        }
    }

    #[test]
    fn envoy_gateway_reads_no_file_of_its_pods() {
        assert!(address("file:///opt/e.wasm", Fetcher::EnvoyGateway).is_err_and(|error| error.contains("oci://")));
        for good in ["oci://r.example.com/e:1", "https://files.example.com/e.wasm"] {
            assert_eq!(address(good, Fetcher::EnvoyGateway).as_deref(), Ok(good));
        }
    }

    #[test]
    fn a_digest_is_64_hexadecimal_digits() {
        let digest = "9F".repeat(32);
        assert_eq!(hexadecimal(&digest), Some("9f".repeat(32)));
        assert_eq!(hexadecimal(&format!("sha256:{digest}")), Some("9f".repeat(32)));
        for bad in ["9f".repeat(31), "9g".repeat(32), format!("sha512:{digest}")] {
            assert_eq!(hexadecimal(&bad), None, "{bad}");
        }
    }
}
