//! The shape of the crate, held against its own documents: layers, file heads, the module's imports and its size.
//!
//! Decides nothing about behaviour. The artifact tests need `EDGE_OIDC_WASM`, the built module; without it they say that
//! they were skipped, and fail where `CI=true`.
#![allow(clippy::arithmetic_side_effects, clippy::panic, clippy::string_slice, clippy::unwrap_used, reason = "a test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The largest module that may ship, in bytes.
const SIZE_BUDGET: u64 = 1_550_000;

/// Everything that the module may ask of its host. `env` is proxy-wasm's ABI, the other WASI's.
const IMPORTS: &[(&str, &[&str])] = &[
    (
        "env",
        &[
            "proxy_add_header_map_value",
            "proxy_call_foreign_function",
            "proxy_continue_stream",
            "proxy_define_metric",
            "proxy_get_buffer_bytes",
            "proxy_get_current_time_nanoseconds",
            "proxy_get_header_map_pairs",
            "proxy_get_shared_data",
            "proxy_http_call",
            "proxy_increment_metric",
            "proxy_log",
            "proxy_record_metric",
            "proxy_remove_header_map_value",
            "proxy_replace_header_map_value",
            "proxy_send_local_response",
            "proxy_set_effective_context",
            "proxy_set_property",
            "proxy_set_shared_data",
            "proxy_set_tick_period_milliseconds",
        ],
    ),
    // Never called by us: the SDK's traits carry default methods, and their tables keep them all.
    (
        "env",
        &[
            "proxy_close_stream",
            "proxy_dequeue_shared_queue",
            "proxy_done",
            "proxy_enqueue_shared_queue",
            "proxy_get_header_map_value",
            "proxy_get_property",
            "proxy_get_status",
            "proxy_grpc_call",
            "proxy_grpc_cancel",
            "proxy_grpc_close",
            "proxy_grpc_send",
            "proxy_grpc_stream",
            "proxy_register_shared_queue",
            "proxy_resolve_shared_queue",
            "proxy_set_buffer_bytes",
            "proxy_set_header_map_pairs",
        ],
    ),
    (
        "wasi_snapshot_preview1",
        &["clock_time_get", "environ_get", "environ_sizes_get", "fd_write", "proc_exit", "random_get"],
    ),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(rust_files(&path)),
            false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
            false => {}
        }
    }
    files
}

/// Module → line of the layer table; a higher line may import lower ones.
fn layers() -> BTreeMap<String, usize> {
    let docs = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let table = docs.split("# Layers").nth(1).unwrap().split("```").nth(1).unwrap();
    let lines = table
        .lines()
        .map(|line| line.trim_start_matches("//!").trim())
        .filter(|line| !line.is_empty() && *line != "text");
    lines.enumerate().flat_map(|(row, line)| line.split(' ').map(move |module| (module.to_owned(), row))).collect()
}

fn module_of(file: &Path) -> String {
    let relative = file.strip_prefix(root().join("src")).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The top-level modules that a file imports: `use crate::a::…`, `use crate::{a::…, b}` and `crate::a` in code.
fn imported(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut modules = BTreeSet::new();
    for part in code.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            Some(group) => modules.extend(group_heads(group)),
            None => modules.extend(head(part)),
        }
    }
    modules
}

/// The first names of the members of an import group, up to its closing brace.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0_i32, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.extend(head(group[start..at].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.extend(head(group[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    heads
}

fn head(path: &str) -> Option<String> {
    let name: String = path.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[test]
fn modules_import_only_lower_layers() {
    let layers = layers();
    assert_eq!(layers.len(), 13, "the table names every module: {layers:?}");
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let module = module_of(&file);
        let Some(own) = layers.get(&module) else { continue };
        for other in imported(&fs::read_to_string(&file).unwrap()) {
            let row = layers.get(&other).unwrap_or_else(|| panic!("{} imports unknown {other}", file.display()));
            if other != module && row <= own {
                wrong.push(format!("{} ({module}) imports {other}", file.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_import_reader_sees_every_form() {
    let text = "use crate::http::reply::Reply;\nuse crate::{\n    config::{a, b},\n    time,\n};\nlet x = crate::flow::f();\n// crate::cli";
    let expected: BTreeSet<String> = ["config", "flow", "http", "time"].map(String::from).into();
    assert_eq!(imported(text), expected);
}

#[test]
fn every_file_opens_with_what_it_decides() {
    let silent: Vec<_> = ["src", "devkit/src", "xtask/src"]
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"))
        .collect();
    assert_eq!(silent, Vec::<PathBuf>::new());
}

#[test]
fn no_file_is_longer_than_the_house_allows() {
    let long: Vec<_> = rust_files(&root().join("src"))
        .into_iter()
        .filter(|file| {
            let text = fs::read_to_string(file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            code.lines().count() > 400
        })
        .collect();
    assert_eq!(long, Vec::<PathBuf>::new());
}

// T-204
#[test]
fn what_must_not_leak_by_timing_is_compared_in_constant_time() {
    for (file, compared) in [
        ("src/oidc/id_token.rs", "constant_time_eq(nonce.as_bytes()"),
        ("src/oidc/id_token.rs", "constant_time_eq(URL_SAFE_NO_PAD.encode(half).as_bytes(), at_hash.as_bytes())"),
        ("src/oidc/refreshed_id_token.rs", "constant_time_eq(&nonce_digest(nonce), expected)"),
        ("src/session/attempt.rs", "constant_time_eq(attempt.state.secret().as_bytes(), state.as_bytes())"),
        ("src/secret.rs", "constant_time_eq(self.0.as_ref(), other.0.as_ref())"),
    ] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        assert!(text.contains(compared), "{file} no longer says {compared}");
    }
}

fn wasm() -> Option<Vec<u8>> {
    match std::env::var_os("EDGE_OIDC_WASM") {
        Some(path) => {
            Some(fs::read(&path).unwrap_or_else(|error| panic!("EDGE_OIDC_WASM {}: {error}", path.display())))
        }
        None => {
            assert!(std::env::var_os("CI").is_none(), "EDGE_OIDC_WASM is not set");
            eprintln!("skipped: EDGE_OIDC_WASM is not set; `cargo xtask test` builds the module and sets it");
            None
        }
    }
}

#[test]
fn the_module_asks_its_host_only_for_what_is_listed() {
    let Some(wasm) = wasm() else { return };
    let allowed: BTreeSet<_> =
        IMPORTS.iter().flat_map(|(module, names)| names.iter().map(move |name| (*module, *name))).collect();
    let mut imports = BTreeSet::new();
    for payload in wasmparser::Parser::new(0).parse_all(&wasm) {
        if let wasmparser::Payload::ImportSection(section) = payload.unwrap() {
            for import in section.into_imports() {
                let import = import.unwrap();
                imports.insert((import.module.to_owned(), import.name.to_owned()));
            }
        }
    }
    assert!(imports.contains(&("env".into(), "proxy_http_call".into())), "the import section was read");
    let unlisted: Vec<_> =
        imports.iter().filter(|(module, name)| !allowed.contains(&(module.as_str(), name.as_str()))).collect();
    assert_eq!(unlisted, Vec::<&(String, String)>::new());
}

#[test]
fn the_module_fits_its_budget() {
    let Some(wasm) = wasm() else { return };
    let size = u64::try_from(wasm.len()).unwrap();
    eprintln!("edge_oidc.wasm: {size} bytes of {SIZE_BUDGET}");
    assert!(size <= SIZE_BUDGET, "{size} bytes");
}

#[test]
fn no_folder_of_the_machine_stands_in_the_module() {
    let Some(wasm) = wasm() else { return };
    let workspace = root().to_string_lossy().into_owned();
    for folder in [workspace.as_str(), "/registry/src/", "index.crates.io"] {
        let found = wasm.windows(folder.len()).any(|window| window == folder.as_bytes());
        assert!(!found, "{folder}: built by another command than `cargo xtask build`?");
    }
}

#[test]
fn the_native_build_has_no_host_and_the_module_no_command_line() {
    let tree = |target: &str| {
        let mut command = std::process::Command::new(env!("CARGO"));
        command.args([
            "tree",
            "--offline",
            "--package",
            "edge-oidc",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--target",
            target,
        ]);
        let output = command.current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let native = tree("x86_64-unknown-linux-gnu");
    let module = tree("wasm32-wasip1");
    assert!(native.contains("\nclap ") && !native.contains("\nproxy-wasm "));
    assert!(module.contains("\nproxy-wasm ") && !module.contains("\nclap ") && !module.contains("\nserde-saphyr "));
}
