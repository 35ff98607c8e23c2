//! The least that a migration needs.

use crate::world::Migrated;

/// A provider, a client, a host and people, in a configuration file.
pub const LEAST: &str = "provider = \"oidc\"\noidc_issuer_url = \"https://id.example.com\"\nclient_id = \"gateway\"\n\
                         client_secret = \"hunter2-client\"\nredirect_url = \"https://app.example.com/oauth2/callback\"\n\
                         upstreams = [\"http://127.0.0.1:8080/\"]\n";

/// Migrates files with these texts.
pub fn migrate(files: &[(&str, &str)], arguments: &[&str]) -> Migrated {
    crate::world::migrate("oauth2-proxy", files, arguments)
}

/// The least, whoever signs in may pass, and these lines.
pub fn with(lines: &str) -> Migrated {
    of(&format!("email_domains = [\"*\"]\n{lines}"), &[])
}

/// The least, and these lines.
pub fn of(lines: &str, arguments: &[&str]) -> Migrated {
    migrate(&[("proxy.cfg", &format!("{LEAST}{lines}\n"))], arguments)
}

/// Fails unless these lines are refused for `why`, and nothing is written.
#[track_caller]
pub fn refused(lines: &str, why: &str) {
    let migrated = with(lines);
    assert_eq!((migrated.outcome.code, migrated.files().len()), (1, 0), "{lines}: {}", migrated.outcome.output);
    migrated.says(why);
}
