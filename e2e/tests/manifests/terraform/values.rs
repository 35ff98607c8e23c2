//! The values fit: each bound that AWS documents is one of the module's, every name leads somewhere, and the command of the tool
//! that is put out works, for the client that the module makes.

use std::collections::BTreeSet;
use std::fs;

use e2e::Tool;
use regex_lite::Regex;
use serde_json::{Value, json};

use super::module::{CLIENT, Module, POOL, attribute, evaluate, folder};
use super::schema::Schema;

/// What somebody must say at least.
fn least(more: &Value) -> Value {
    let mut given = json!({ "name": "demo", "hosts": ["app.example.com"], "domain": "demo" });
    for (name, value) in more.as_object().expect("an object") {
        given[name] = value.clone();
    }
    given
}

/// The variables whose conditions do not hold.
fn refused(module: &Module, given: &Value) -> Vec<String> {
    let context = module.context(given);
    let mut refused = Vec::new();
    for (name, body) in module.named("variable") {
        for rule in body.blocks().filter(|block| block.identifier() == "validation") {
            let message = evaluate(attribute(rule.body(), "error_message").expect("a message"), &context);
            let message = message.as_str().expect("text");
            assert!(message.starts_with(&format!("{name}: ")) || message.starts_with("domain: "), "{name}: {message}");
            if evaluate(attribute(rule.body(), "condition").expect("a condition"), &context) != true {
                refused.push(name.to_owned());
            }
        }
    }
    refused
}

#[test]
fn the_defaults_hold_and_whatever_aws_refuses_is_refused_before() {
    let module = Module::read();
    assert_eq!(refused(&module, &least(&json!({}))), Vec::<String>::new());
    let arn = "arn:aws:acm:us-east-1:123456789012:certificate/1-2";
    let long = "a".repeat(64);
    let many: Vec<_> = (0..101).map(|number| format!("h{number}.example.com")).collect();
    let most = &many[..100];
    let scopes = |count: usize| [vec!["openid", "email"], vec!["jobs/write"; count]].concat();
    let cases = [
        ("name", json!(["a", "My pool+1"]), json!(["", "a".repeat(129), "a/b"])),
        (
            "hosts",
            json!([["a.example.com:8443"], most]),
            json!([[], many, ["https://a.example.com"], ["a/b"], ["*.example.com"], ["A.example.com"]]),
        ),
        (
            "domain",
            json!(["a", "a-1", "auth.example.com"]),
            json!(["", "-a", "a-", "A", long, "a_b", "myaws", "cognito-demo"]),
        ),
        ("certificate_arn", json!([null, arn]), json!(["x", arn.replace("us-east-1", "eu-west-1")])),
        ("user_pool_tier", json!(["LITE", "PLUS"]), json!(["lite", "FREE"])),
        ("mfa", json!(["OFF", "ON"]), json!(["on"])),
        ("identity_providers", json!([["Google", "COGNITO"]]), json!([[], ["a b"], ["a".repeat(33)]])),
        ("groups", json!([{ "admins,all": "" }]), json!([{ "a b": "" }, { "a": "x".repeat(2049) }, { "": "" }])),
        (
            "resource_servers",
            json!([{ "https://api.example.com": { "read": "Read" } }]),
            json!([{ "a b": { "c": "d" } }, { "a": {} }, { "a": { "b/c": "d" } }, { "a": { "b": "" } }]),
        ),
        ("scopes", json!([scopes(48)]), json!([["openid"], ["email"], scopes(49)])),
        ("id_token_minutes", json!([5, 1440]), json!([4, 1441])),
        ("access_token_minutes", json!([5, 1440]), json!([4, 1441])),
        ("refresh_token_hours", json!([1, 87_600]), json!([0, 87_601])),
        ("rotation_grace_seconds", json!([0, 60]), json!([-1, 61])),
        ("callback_path", json!(["/oauth2/callback/a", "/x"]), json!(["", "/", "x", "/a/", "/a?b", "/a b"])),
    ];
    let named: BTreeSet<_> = cases.iter().map(|(name, ..)| *name).collect();
    let free = ["deletion_protection", "public_client", "self_sign_up", "tags"];
    let all: BTreeSet<_> = module.named("variable").into_iter().map(|(name, _)| name).collect();
    assert_eq!(all, named.into_iter().chain(free).collect(), "a variable without a case");
    for (name, good, bad) in cases {
        for value in good.as_array().expect("a list") {
            assert_eq!(refused(&module, &least(&json!({ name: value }))), Vec::<String>::new(), "{name}: {value}");
        }
        for value in bad.as_array().expect("a list") {
            assert_eq!(refused(&module, &least(&json!({ name: value }))), [name], "{name}: {value}");
        }
    }
}

#[test]
fn a_domain_of_ones_own_and_a_certificate_belong_together() {
    let module = Module::read();
    let domain = module.resource("aws_cognito_user_pool_domain");
    let lifecycle = domain.blocks().find(|block| block.identifier() == "lifecycle").expect("lifecycle");
    let condition = lifecycle.body().blocks().find(|block| block.identifier() == "precondition").expect("a condition");
    let condition = attribute(condition.body(), "condition").expect("a condition");
    for (domain, arn, good) in [
        ("demo", Value::Null, true),
        ("auth.example.com", json!("arn"), true),
        ("demo", json!("arn"), false),
        ("auth.example.com", Value::Null, false),
    ] {
        let context = module.context(&least(&json!({ "domain": domain, "certificate_arn": arn })));
        assert_eq!(evaluate(condition, &context), good, "{domain} {arn}");
    }
}

/// What a pattern finds in the files, without comments.
fn found(module: &Module, pattern: &str) -> BTreeSet<String> {
    let code: String = module
        .text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    let regex = Regex::new(pattern).expect("a pattern");
    regex.captures_iter(&code).map(|captures| captures[1].to_owned()).collect()
}

#[test]
fn every_name_leads_somewhere_and_everything_is_described_and_used() {
    let module = Module::read();
    let names = |kind: &str| module.named(kind).into_iter().map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>();
    // Beyond its own conditions.
    let mut elsewhere = Module::read();
    elsewhere.text =
        ["main.tf", "outputs.tf"].map(|file| fs::read_to_string(folder().join(file)).expect(file)).concat();
    assert_eq!(found(&elsewhere, r"\bvar\.(\w+)"), names("variable"));
    assert!(found(&module, r"\bvar\.(\w+)").is_subset(&names("variable")));
    let locals = module.blocks("locals").into_iter().flat_map(|block| block.body().attributes());
    assert_eq!(found(&module, r"\blocal\.(\w+)"), locals.map(|local| local.key().to_owned()).collect());
    for (name, body) in module.named("variable").into_iter().chain(module.named("output")) {
        let description = attribute(body, "description").unwrap_or_else(|| panic!("{name} is not described"));
        assert!(description.to_string().len() > 10, "{name}");
    }
    assert!(module.named("variable").iter().all(|(_, body)| attribute(body, "type").is_some()));
    let resources: BTreeSet<_> =
        module.blocks("resource").into_iter().map(|block| block.labels()[0].as_str().to_owned()).collect();
    for reference in found(&module, r"\b(aws_\w+\.this\.\w+)") {
        let (kind, attribute) = reference.split_once(".this.").expect("a reference");
        assert!(resources.contains(kind), "{reference}");
        let schema = Schema::of(kind, false);
        let readable = schema.attributes.iter().any(|name| name == attribute);
        assert!(readable, "{reference}: there is none such");
    }
    assert!(Schema::of("aws_region", true).attributes.iter().any(|name| name == "region"));
    let secret = module.named("output").into_iter().find(|(name, _)| *name == "client_secret").expect("a secret").1;
    assert_eq!(attribute(secret, "sensitive").map(ToString::to_string).as_deref(), Some("true"));
}

/// The words after an option of the command that the tool tells.
fn told(said: &str, option: &str) -> String {
    let rest = said.split_once(&format!("{option} ")).unwrap_or_else(|| panic!("no {option}: {said}")).1;
    let line = rest.lines().next().unwrap_or_default();
    line.split(" --")
        .next()
        .unwrap_or_default()
        .split(" \\")
        .next()
        .unwrap_or_default()
        .trim()
        .trim_matches('\'')
        .to_owned()
}

#[test]
fn the_command_that_is_put_out_works_and_what_it_registers_is_registered() {
    let module = Module::read();
    let arn = "arn:aws:acm:us-east-1:123456789012:certificate/1-2";
    for (more, host) in [
        (json!({}), "demo.auth.us-east-1.amazoncognito.com"),
        (json!({ "domain": "auth.example.com", "certificate_arn": arn, "public_client": true }), "auth.example.com"),
        (json!({ "hosts": ["a.example.com", "b.example.com:8443"] }), "demo.auth.us-east-1.amazoncognito.com"),
    ] {
        let context = module.context(&least(&more));
        let command = module.output("edge_oidc_init", &context);
        let words: Vec<_> = command.as_str().expect("text").split(' ').collect();
        assert_eq!(words[0], "edge-oidc");
        let tool = Tool::new();
        let said = tool.expect(&words[1..]);
        assert_eq!(module.output("domain", &context), host);
        assert!(said.contains(&format!("--provider-host {host}")), "{said}");
        for (output, option, line) in
            [("callback_urls", "--callback-urls", "callback URL"), ("logout_urls", "--logout-urls", "sign-out URL")]
        {
            let urls = module.output(output, &context);
            assert_eq!(serde_json::from_str::<Value>(&told(&said, option)).expect("JSON"), urls);
            assert!(
                urls.as_array()
                    .expect("a list")
                    .iter()
                    .all(|url| said.contains(&format!("{line} {}", url.as_str().expect("text"))))
            );
        }
        let text = tool.read("edge-oidc/edge-oidc.yaml");
        let configuration: Value = serde_saphyr::from_str(&text).expect("YAML");
        let provider = &configuration["providers"][0];
        assert_eq!(provider["issuer"], module.output("issuer", &context));
        assert_eq!((&provider["clientId"], module.output("user_pool_id", &context)), (&json!(CLIENT), json!(POOL)));
        let public = more["public_client"] == true;
        assert_eq!(provider.get("clientSecret").is_none(), public);
        let generates =
            attribute(module.resource("aws_cognito_user_pool_client"), "generate_secret").expect("it is said");
        assert_eq!(evaluate(generates, &context), !public);
        let secret = module.output("client_secret", &context);
        assert_eq!(secret, if public { "" } else { "hunter2-from-aws" });
    }
}

#[test]
fn the_client_is_as_the_tool_asks_for_it() {
    let module = Module::read();
    let context = module.context(&least(&json!({})));
    let command = module.output("edge_oidc_init", &context);
    let tool = Tool::new();
    let said = tool.expect(&command.as_str().expect("text").split(' ').skip(1).collect::<Vec<_>>());
    let client = module.resource("aws_cognito_user_pool_client");
    let of = |name: &str| evaluate(attribute(client, name).unwrap_or_else(|| panic!("no {name}")), &context);
    let block = |name: &str, inside: &str| {
        let block = client.blocks().find(|block| block.identifier() == name).expect("a block");
        evaluate(attribute(block.body(), inside).expect("an argument"), &context)
    };
    let words = |option: &str| told(&said, option).split(' ').map(Value::from).collect::<Vec<_>>();
    assert_eq!(of("allowed_oauth_flows"), Value::from(words("--allowed-o-auth-flows")));
    assert_eq!(of("allowed_oauth_scopes"), Value::from(words("--allowed-o-auth-scopes")));
    assert_eq!(of("supported_identity_providers"), Value::from(words("--supported-identity-providers")));
    assert_eq!(of("explicit_auth_flows"), Value::from(words("--explicit-auth-flows")));
    assert_eq!(of("prevent_user_existence_errors"), Value::from(told(&said, "--prevent-user-existence-errors")));
    assert!(said.contains("--enable-token-revocation") && said.contains("--allowed-o-auth-flows-user-pool-client"));
    assert_eq!((of("enable_token_revocation"), of("allowed_oauth_flows_user_pool_client")), (json!(true), json!(true)));
    let rotation = format!(
        "Feature={},RetryGracePeriodSeconds={}",
        block("refresh_token_rotation", "feature").as_str().expect("text"),
        block("refresh_token_rotation", "retry_grace_period_seconds")
    );
    assert_eq!(told(&said, "--refresh-token-rotation"), rotation);
    assert_eq!(told(&said, "--token-validity-units"), "AccessToken=minutes,IdToken=minutes,RefreshToken=days");
    let unit = |name: &str| block("token_validity_units", name);
    assert_eq!(
        (unit("access_token"), unit("id_token"), unit("refresh_token")),
        (json!("minutes"), json!("minutes"), json!("hours"))
    );
    let number = |option: &str| told(&said, option).parse::<u64>().expect("a number");
    assert_eq!(of("access_token_validity"), number("--access-token-validity"));
    assert_eq!(of("id_token_validity"), number("--id-token-validity"));
    assert_eq!(of("refresh_token_validity"), number("--refresh-token-validity") * 24);
}

#[test]
fn the_page_names_every_variable_and_output() {
    let module = Module::read();
    let page = fs::read_to_string(folder().join("README.md")).expect("the page");
    for (name, _) in module.named("variable").into_iter().chain(module.named("output")) {
        assert!(page.contains(&format!("`{name}`")), "{name} is not in the page");
    }
    // And no other.
    let rows = Regex::new(r"(?m)^\| `(\w+)` \|").expect("a pattern");
    let known: BTreeSet<_> =
        module.named("variable").into_iter().chain(module.named("output")).map(|(name, _)| name.to_owned()).collect();
    let shown: BTreeSet<_> = rows.captures_iter(&page).map(|row| row[1].to_owned()).collect();
    assert_eq!(shown, known);
}
