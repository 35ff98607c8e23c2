//! The image: an OCI layout (image-spec 1.1) with one plain manifest for linux/amd64, whose only layer holds `plugin.wasm`.
//!
//! It decides every byte, so that the same module is the same image wherever it is made: no clock, no user, no machine. Istio's
//! agent takes the last layer if it is a gzipped tar that has a file of that name; an index of several platforms, attestations or
//! zstd would each be refused or pinned to the wrong digest.

use std::io::Write as _;

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use super::hex;

/// An OCI layout that is not written yet.
pub struct Layout {
    /// Paths in it, and what they hold.
    pub files: Vec<(String, Vec<u8>)>,
    /// What pins it: the digest of its manifest, with `sha256:` before it.
    pub manifest_digest: String,
}

/// The layout of `module` as version `version`.
pub fn layout(module: &[u8], version: &str) -> Result<Layout> {
    let tar = tar(module)?;
    let layer = Blob::new("application/vnd.oci.image.layer.v1.tar+gzip", gzip(&tar)?);
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex(&tar))] },
    });
    let config = Blob::json("application/vnd.oci.image.config.v1+json", &config);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(),
        "layers": [layer.descriptor()],
        "annotations": {
            "org.opencontainers.image.title": "edge-oidc",
            "org.opencontainers.image.version": version,
            "org.opencontainers.image.licenses": env!("CARGO_PKG_LICENSE"),
        },
    });
    let manifest = Blob::json(MANIFEST, &manifest);
    let mut entry = manifest.descriptor();
    entry["platform"] = json!({ "architecture": "amd64", "os": "linux" });
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": version });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
    let manifest_digest = manifest.digest();
    let mut files: Vec<_> = [layer, config, manifest].map(Blob::file).into();
    files.push(("oci-layout".to_owned(), json!({ "imageLayoutVersion": "1.0.0" }).to_string().into_bytes()));
    files.push(("index.json".to_owned(), index.to_string().into_bytes()));
    Ok(Layout { files, manifest_digest })
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

struct Blob {
    media_type: &'static str,
    bytes: Vec<u8>,
}

impl Blob {
    const fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { media_type, bytes }
    }

    fn json(media_type: &'static str, value: &Value) -> Self {
        Self::new(media_type, value.to_string().into_bytes())
    }

    fn digest(&self) -> String {
        format!("sha256:{}", hex(&self.bytes))
    }

    fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest(), "size": self.bytes.len() })
    }

    fn file(self) -> (String, Vec<u8>) {
        (format!("blobs/sha256/{}", hex(&self.bytes)), self.bytes)
    }
}

/// One file, which everybody may read, of nobody and of no time.
fn tar(module: &[u8]) -> Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(module.len().try_into()?);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "plugin.wasm", module)?;
    Ok(archive.into_inner()?)
}

/// Without a name, a time or a system in its header.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    /// What Istio's agent does with an image: the manifest that the index names for the platform, then the last layer by its
    /// media type, then the file in it by its base name. Each blob is looked up by its digest and compared with it.
    fn fetched(layout: &Layout) -> (String, Vec<u8>) {
        let files: BTreeMap<_, _> = layout.files.iter().map(|(name, bytes)| (name.as_str(), bytes)).collect();
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
            let bytes = files[format!("blobs/sha256/{digest}").as_str()];
            assert_eq!((hex(bytes), bytes.len().to_string()), (digest.to_owned(), descriptor["size"].to_string()));
            bytes.clone()
        };
        let json = |bytes: &[u8]| -> Value { serde_json::from_slice(bytes).unwrap() };
        assert_eq!(json(files["oci-layout"])["imageLayoutVersion"], "1.0.0");
        let index = json(files["index.json"]);
        let [entry] = index["manifests"].as_array().unwrap().as_slice() else { panic!("several manifests") };
        assert_eq!(entry["mediaType"], "application/vnd.oci.image.manifest.v1+json");
        assert_eq!(entry["platform"], json!({ "os": "linux", "architecture": "amd64" }));
        let manifest = json(&blob(entry));
        let config = json(&blob(&manifest["config"]));
        let layer = manifest["layers"].as_array().unwrap().last().unwrap();
        assert_eq!(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
        let mut tar = Vec::new();
        GzDecoder::new(blob(layer).as_slice()).read_to_end(&mut tar).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"], json!([format!("sha256:{}", hex(&tar))]));
        let mut archive = tar::Archive::new(tar.as_slice());
        let mut wasm = archive.entries().unwrap().map(Result::unwrap).filter(|entry| {
            entry.path().unwrap().file_name().is_some_and(|name| name == "plugin.wasm")
                && entry.header().entry_type().is_file()
        });
        let mut module = Vec::new();
        wasm.next().unwrap().read_to_end(&mut module).unwrap();
        (entry["digest"].as_str().unwrap().to_owned(), module)
    }

    fn module() -> Vec<u8> {
        (0..300_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    #[test]
    fn the_agent_finds_the_very_module_under_the_digest_that_pins_it() {
        let layout = layout(&module(), "0.1.0").unwrap();
        assert_eq!(fetched(&layout), (layout.manifest_digest.clone(), module()));
    }

    #[test]
    fn the_same_module_is_the_same_image_and_another_is_another() {
        let made = |module: &[u8]| layout(module, "0.1.0").unwrap();
        let [one, two, other] = [made(&module()), made(&module()), made(b"\0asm")];
        assert_eq!(one.files, two.files);
        assert_ne!(one.manifest_digest, other.manifest_digest);
    }

    #[test]
    fn no_time_and_no_user_stands_in_the_layer() {
        let tar = tar(&module()).unwrap();
        let entry = tar::Archive::new(tar.as_slice()).entries().unwrap().next().unwrap().unwrap().header().clone();
        assert_eq!((entry.mtime().unwrap(), entry.uid().unwrap(), entry.gid().unwrap()), (0, 0, 0));
        assert_eq!((entry.username().unwrap(), entry.groupname().unwrap()), (Some(""), Some("")));
        let compressed = gzip(&tar).unwrap();
        assert_eq!(compressed[4..8], [0; 4]);
        assert_eq!(compressed[9], 255);
    }
}
