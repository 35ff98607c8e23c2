//! What authservice's tests are given: the least that each dialect needs, and ways to migrate it.

use std::path::Path;

use crate::world;
pub use crate::world::Migrated;

/// Migrates the files of a folder.
pub fn migrate_in(folder: &Path, files: &[&str], arguments: &[&str]) -> Migrated {
    world::migrate_in("authservice", folder, files, arguments)
}

/// Migrates files with these texts, reached at one public URL.
pub fn migrate(files: &[(&str, &str)], arguments: &[&str]) -> Migrated {
    let arguments: Vec<_> = ["--public-url", PUBLIC_URL].into_iter().chain(arguments.iter().copied()).collect();
    world::migrate("authservice", files, &arguments)
}

/// Migrates a file with this text, reached at this public URL.
pub fn migrate_at(public_url: &str, text: &str) -> Migrated {
    world::migrate("authservice", &[("a.env", text)], &["--public-url", public_url])
}

/// Where people reach the gateway.
pub const PUBLIC_URL: &str = "https://kubeflow.example.com";

/// The least that each dialect needs.
pub const LAST: &str = "OIDC_PROVIDER=https://idp.example.com\nCLIENT_ID=kf\nCLIENT_SECRET=hunter2\n\
                        AUTHSERVICE_URL_PREFIX=/authservice/\nLOG_LEVEL=INFO\n";
pub const MIDDLE: &str = "OIDC_PROVIDER=https://idp.example.com\nCLIENT_ID=kf\nCLIENT_SECRET=hunter2\n\
                          AUTHSERVICE_URL_PREFIX=/authservice/\n";
pub const FIRST: &str = "OIDC_PROVIDER=https://idp.example.com\nCLIENT_ID=kf\nCLIENT_SECRET=hunter2\n\
                         OIDC_SCOPES=profile email\nREDIRECT_URL=/login/oidc\nSTORE_PATH=/var/lib/data.db\n";

/// The settings of `base` and one line more.
pub fn with(base: &str, line: &str) -> Migrated {
    migrate(&[("a.env", &format!("{base}{line}\n"))], &[])
}
