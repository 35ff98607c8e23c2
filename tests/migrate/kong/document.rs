//! `docs/kong.md`, held against the command: it names every setting and every option that there is.

use std::{fs, path::Path};

use clap::CommandFactory;
use serde_json::Value;

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kong.md")).unwrap()
}

#[test]
fn every_setting_is_named() {
    let answer: Value = serde_json::from_str(include_str!("../../golden/migrate/kong/in/admin-api.json")).unwrap();
    let page = page();
    let old = ["consumer_claim", "session_redis_host", "session_cookie_idletime", "admin_claim", "claim_mappings"];
    let names = answer["data"][0]["config"].as_object().unwrap().keys().map(String::as_str).chain(old);
    let unnamed: Vec<_> = names.filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert_eq!(unnamed, Vec::<&str>::new());
}

#[test]
fn every_option_of_its_own_is_named() {
    let command = edge_oidc::cli::Cli::command();
    let migrate = command.find_subcommand("migrate").unwrap();
    let options = |name: &str| -> Vec<String> {
        let command = migrate.find_subcommand(name).unwrap();
        command.get_arguments().filter_map(|argument| argument.get_long()).map(str::to_owned).collect()
    };
    let shared = options("authservice");
    let page = page();
    let own = options("kong").into_iter().filter(|option| !shared.contains(option));
    let unnamed: Vec<_> = own.filter(|option| !page.contains(&format!("`--{option}`"))).collect();
    assert_eq!(unnamed, Vec::<String>::new());
}
