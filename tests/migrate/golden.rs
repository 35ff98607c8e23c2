//! Whole migrations, against golden files.
//!
//! `tests/golden/migrate/PRODUCT/in` holds the files, `out` what is on the screen and the configuration;
//! `UPDATE_GOLDEN=1 cargo test --test migrate` rewrites the latter.

use std::{fs, path::PathBuf};

use crate::world::{Migrated, migrate_in};

/// Migrations of one product's settings.
pub struct Cases {
    /// Which product.
    pub product: &'static str,
    /// Name, files, and what was chosen.
    pub cases: &'static [(&'static str, &'static [&'static str], &'static [&'static str])],
}

impl Cases {
    fn folder(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/migrate").join(self.product)
    }

    fn migrated(&self) -> impl Iterator<Item = (&'static str, Migrated)> {
        let folder = self.folder().join("in");
        self.cases
            .iter()
            .map(move |(name, files, arguments)| (*name, migrate_in(self.product, &folder, files, arguments)))
    }

    /// Fails unless each says and writes what its golden files say.
    pub fn hold(&self) {
        let mut different = Vec::new();
        for (name, migrated) in self.migrated() {
            let configuration = migrated.written("edge-oidc/edge-oidc.yaml");
            let screen = ("txt", Some(shown(&migrated)));
            for (extension, text) in [screen, ("yaml", configuration)] {
                let out = self.folder().join("out").join(name).with_extension(extension);
                let golden = fs::read_to_string(&out).ok();
                match text {
                    Some(text) if std::env::var_os("UPDATE_GOLDEN").is_some() => {
                        fs::create_dir_all(self.folder().join("out")).unwrap();
                        fs::write(&out, text).unwrap();
                    }
                    text if text != golden => {
                        different.push(format!("--- {}\n{}", out.display(), text.unwrap_or_default()))
                    }
                    _ => {}
                }
            }
        }
        assert!(different.is_empty(), "UPDATE_GOLDEN=1 rewrites:\n{}", different.join("\n"));
    }

    /// Fails unless `edge-oidc check` takes each that was written; answers how many were.
    pub fn checked(&self) -> usize {
        let written = self.migrated().filter(|(_, migrated)| migrated.outcome.code == 0);
        written
            .map(|(name, migrated)| {
                let outcome = migrated.check();
                assert_eq!(outcome.code, 0, "{name}: {}{}", outcome.output, outcome.errors);
            })
            .count()
    }

    /// Fails if a secret, each of which holds `hunter2` in these files, stands anywhere but in a file for secrets; answers in how
    /// many of those it does.
    pub fn keep_secrets(&self) -> usize {
        let mut kept = 0;
        for (name, migrated) in self.migrated() {
            assert!(!shown(&migrated).contains("hunter2"), "{name}: {}", shown(&migrated));
            for (file, text, secret) in migrated.files() {
                assert!(secret || !text.contains("hunter2"), "{name}: {file}");
                kept += usize::from(text.contains("hunter2"));
            }
        }
        kept
    }
}

fn shown(migrated: &Migrated) -> String {
    let outcome = &migrated.outcome;
    format!("{}{}exit {}\n", outcome.output, outcome.errors, outcome.code)
}
