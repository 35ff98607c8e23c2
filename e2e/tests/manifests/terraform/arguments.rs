//! Every argument and block of the module is one of the provider's, and of its type.

use hcl::eval::Context;
use hcl::{Block, Body, Expression, Value as Hcl};
use serde_json::{Value, json};

use super::module::{Module, attribute, evaluate, hcl};
use super::schema::{Kind, Schema};

const META: [&str; 4] = ["count", "depends_on", "for_each", "lifecycle"];

/// Values with which every optional block and every repeated resource is there.
fn everything() -> Value {
    json!({
        "name": "demo",
        "hosts": ["app.example.com"],
        "domain": "auth.example.com",
        "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
        "groups": { "admins": "May do everything" },
        "resource_servers": { "jobs": { "write": "Start jobs" } },
        "tags": { "team": "platform" },
    })
}

/// What is wrong with a block, by the schema of its kind.
fn judge(body: &Body, schema: &Schema, context: &Context<'_>, place: &str, wrong: &mut Vec<String>) {
    let mut there = Vec::new();
    for argument in body.attributes().filter(|argument| !META.contains(&argument.key())) {
        let place = format!("{place}.{}", argument.key());
        there.push(argument.key());
        match schema.arguments.get(argument.key()).map(|known| &known.kind) {
            None => wrong.push(format!("{place} is unknown")),
            Some(Kind::Block(..)) => wrong.push(format!("{place} is a block")),
            Some(kind) => {
                let value = evaluate(argument.expr(), context);
                if !fits(kind, &value) {
                    wrong.push(format!("{place} is no {kind:?}: {value}"));
                }
            }
        }
    }
    for block in body.blocks().filter(|block| !META.contains(&block.identifier())) {
        let (name, inside, context) = opened(block, context);
        there.push(name);
        match schema.arguments.get(name).map(|known| &known.kind) {
            Some(Kind::Block(schema, _)) => judge(inside, schema, &context, &format!("{place}.{name}"), wrong),
            Some(_) => wrong.push(format!("{place}.{name} is no block")),
            None => wrong.push(format!("{place}.{name} is unknown")),
        }
    }
    for (name, argument) in &schema.arguments {
        let count = there.iter().filter(|other| **other == name.as_str()).count();
        if argument.required && count == 0 {
            wrong.push(format!("{place}.{name} is missing"));
        }
        if count > 1 && !matches!(argument.kind, Kind::Block(_, true)) {
            wrong.push(format!("{place}.{name} is there several times"));
        }
    }
}

/// A block's name, what is inside, and what expressions there can name: those of a `dynamic` block stand for its first.
fn opened<'a, 'b>(block: &'a Block, context: &'b Context<'b>) -> (&'a str, &'a Body, Context<'b>) {
    let mut inner = context.clone();
    if block.identifier() != "dynamic" {
        return (block.identifier(), block.body(), inner);
    }
    let name = block.labels()[0].as_str();
    inner.declare_var(name, first(attribute(block.body(), "for_each").expect("for_each"), context));
    let content = block.body().blocks().find(|block| block.identifier() == "content").expect("content");
    (name, content.body(), inner)
}

/// The first of what is repeated, as `each` or a `dynamic` block has it.
fn first(expression: &Expression, context: &Context<'_>) -> Hcl {
    let each = match evaluate(expression, context) {
        Value::Object(members) => members.into_iter().next().map(|(key, value)| json!({ "key": key, "value": value })),
        Value::Array(values) => values.into_iter().next().map(|value| json!({ "key": 0, "value": value })),
        other => panic!("{other} is nothing that repeats"),
    };
    hcl(&each.unwrap_or_else(|| panic!("{expression} is empty, so nothing of it is judged")))
}

fn fits(kind: &Kind, value: &Value) -> bool {
    let text = |value: &Value| value.is_string();
    match kind {
        Kind::Block(..) => false,
        Kind::Flag => value.is_boolean(),
        Kind::Map => value.as_object().is_some_and(|members| members.values().all(text)),
        Kind::Number => value.is_number(),
        Kind::Text => value.is_string(),
        Kind::Texts => value.as_array().is_some_and(|values| !values.is_empty() && values.iter().all(text)),
    }
}

/// What is wrong with the module.
fn problems(module: &Module) -> Vec<String> {
    let context = module.context(&everything());
    let mut wrong = Vec::new();
    let blocks = module.blocks("resource").into_iter().map(|block| (block, false));
    for (block, is_data) in blocks.chain(module.blocks("data").into_iter().map(|block| (block, true))) {
        let kind = block.labels()[0].as_str();
        let mut inner = context.clone();
        if let Some(each) = attribute(block.body(), "for_each") {
            inner.declare_var("each", first(each, &context));
        }
        judge(block.body(), &Schema::of(kind, is_data), &inner, kind, &mut wrong);
    }
    wrong
}

#[test]
fn every_argument_is_the_providers_and_of_its_type() {
    let module = Module::read();
    assert_eq!(module.blocks("resource").len(), 6);
    assert_eq!(problems(&module), Vec::<String>::new());
}

#[test]
fn what_the_provider_does_not_have_is_found_out() {
    let changes = [
        ("enable_token_revocation ", "enable_revocation ", "enable_revocation is unknown"),
        ("retry_grace_period_seconds ", "grace_seconds ", "refresh_token_rotation.grace_seconds is unknown"),
        ("case_sensitive = false", "case_sensitive = \"no\"", "case_sensitive is no Flag"),
        (
            "allowed_oauth_flows                  = [\"code\"]",
            "allowed_oauth_flows = \"code\"",
            "allowed_oauth_flows is no Texts",
        ),
        ("priority = 1", "", "recovery_mechanism.priority is missing"),
        ("dynamic \"scope\"", "dynamic \"scopes\"", "aws_cognito_resource_server.scopes is unknown"),
        ("  token_validity_units {", "  token_validity_unit {", "token_validity_unit is unknown"),
        (
            "  password_policy {",
            "  password_policy {\n}\n  password_policy {",
            "password_policy is there several times",
        ),
        ("  tags                     = var.tags", "  tags {}", "aws_cognito_user_pool.tags is no block"),
    ];
    for (from, to, said) in changes {
        let good = Module::read().text;
        assert!(good.contains(from), "{from}");
        let text = good.replacen(from, to, 1);
        let body = hcl::parse(&text).unwrap_or_else(|error| panic!("{from}: {error}"));
        let found = problems(&Module { body, text });
        assert!(found.iter().any(|problem| problem.contains(said)), "{said}: {found:?}");
    }
}
