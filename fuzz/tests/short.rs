//! Every target with its seeds and some thousand mutations of them: the part of fuzzing that runs with all tests.
//!
//! `EDGE_OIDC_FUZZ` multiplies the number of inputs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fuzz::{
    TARGETS, Target,
    mutate::{Numbers, mutated},
};

fn run(name: &str, inputs: u64) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let factor: u64 = std::env::var("EDGE_OIDC_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    target.seeds.iter().for_each(|seed| judge(target, seed));
    let mut numbers = Numbers::new(2026);
    for index in 0..inputs * factor {
        let seed = target.seeds[usize::try_from(index).unwrap() % target.seeds.len()];
        judge(target, &mutated(seed, &mut numbers));
    }
}

fn judge(target: &Target, input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err() {
        panic!("{} breaks its promise on {:?}", target.name, input.escape_ascii().to_string());
    }
}

#[test]
fn bearer_tokens() {
    run("bearer", 20_000);
}

#[test]
fn challenges() {
    run("challenge", 20_000);
}

#[test]
fn callback_queries() {
    run("callback", 20_000);
}

#[test]
fn configurations() {
    run("config", 4_000);
}

// T-82, T-95
#[test]
fn cookie_lines() {
    run("cookie", 4_000);
}

// T-112
#[test]
fn provider_documents() {
    run("discovery", 4_000);
}

// T-112
#[test]
fn key_sets() {
    run("jwks", 4_000);
}

// T-112
#[test]
fn tokens() {
    run("jwt", 4_000);
}

// T-187
#[test]
fn logout_tokens() {
    run("logout_token", 4_000);
}

// T-157, T-158
#[test]
fn answers_about_opaque_tokens() {
    run("lookup", 20_000);
}

#[test]
fn the_seeds_of_the_lookup_target_are_believed() {
    let believed = TARGETS.iter().find(|target| target.name == "lookup").unwrap().seeds;
    assert!(believed.iter().all(|seed| fuzz::is_believed(seed)));
}

#[test]
fn paths() {
    run("path", 20_000);
}

// T-25
#[test]
fn rules_and_claims() {
    run("policy", 10_000);
}

#[test]
fn whole_requests() {
    run("request", 4_000);
}

#[test]
fn sealed_contents() {
    run("session", 20_000);
}

#[test]
fn rules_for_user_ids() {
    run("transforms", 20_000);
}

#[test]
fn the_seeds_of_the_transforms_target_are_rules() {
    let seeds = TARGETS.iter().find(|target| target.name == "transforms").unwrap().seeds;
    assert!(seeds.iter().all(|seed| fuzz::is_rule(seed)));
}

#[test]
fn the_seed_of_the_session_target_is_one() {
    let seed = TARGETS.iter().find(|target| target.name == "session").unwrap().seeds[0];
    assert!(edge_oidc::session::Session::decode(seed).is_some());
}

#[test]
fn the_seeds_of_the_policy_target_are_rules() {
    for seed in TARGETS.iter().find(|target| target.name == "policy").unwrap().seeds {
        assert!(fuzz::with_rules(seed.split(|byte| *byte == b'\n').next().unwrap()).is_some());
    }
}

#[test]
fn the_seeds_of_the_token_target_are_accepted() {
    use edge_oidc::oidc::{
        jwks::KeySet,
        jwt::UnverifiedJwt,
        signature::{Algorithm, PureRust},
    };
    let tokens = TARGETS.iter().find(|target| target.name == "jwt").unwrap().seeds;
    let keys = TARGETS.iter().find(|target| target.name == "jwks").unwrap().seeds[0];
    let jwt = UnverifiedJwt::parse(std::str::from_utf8(tokens[0]).unwrap()).unwrap();
    KeySet::parse(keys).unwrap().verify(jwt, &Algorithm::ALL, &PureRust).unwrap();
}
