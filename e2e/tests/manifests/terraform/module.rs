//! The files of the module, and what their expressions come to.
//!
//! What AWS would answer is made up here: ids, the region, a secret.

use std::fs;
use std::path::Path;

use hcl::eval::{Context, Evaluate as _, FuncArgs, FuncDef, ParamType};
use hcl::{Block, Body, Expression};
use serde_json::{Map, Value, json};

pub const POOL: &str = "us-east-1_AbCdEf012";
pub const CLIENT: &str = "304a12ktcc5djt9d7enj6dsjkg";

/// The module.
pub struct Module {
    /// Every block of every file.
    pub body: Body,
    /// The files as they are, comments included.
    pub text: String,
}

impl Module {
    /// Reads it.
    pub fn read() -> Module {
        let folder = folder();
        let mut text = String::new();
        for file in ["versions.tf", "variables.tf", "main.tf", "outputs.tf"] {
            text += &fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
        Module { body: hcl::parse(&text).unwrap_or_else(|error| panic!("{error}")), text }
    }

    /// The blocks `KIND …` in order.
    pub fn blocks(&self, kind: &str) -> Vec<&Block> {
        self.body.blocks().filter(|block| block.identifier() == kind).collect()
    }

    /// The blocks `KIND NAME`, by name.
    pub fn named(&self, kind: &str) -> Vec<(&str, &Body)> {
        self.blocks(kind).into_iter().map(|block| (block.labels()[0].as_str(), block.body())).collect()
    }

    /// The resource `KIND this`.
    pub fn resource(&self, kind: &str) -> &Body {
        let found = self.blocks("resource").into_iter().find(|block| block.labels()[0].as_str() == kind);
        found.unwrap_or_else(|| panic!("no {kind}")).body()
    }

    /// The defaults, and these values.
    pub fn variables(&self, given: &Value) -> Map<String, Value> {
        let mut variables = Map::new();
        for (name, body) in self.named("variable") {
            let default = attribute(body, "default").map(|expression| evaluate(expression, &Context::new()));
            let value = given.get(name).cloned().or(default);
            variables.insert(name.to_owned(), value.unwrap_or_else(|| panic!("{name} has no value")));
        }
        let unknown = given.as_object().expect("an object").keys().find(|name| !variables.contains_key(*name));
        assert_eq!(unknown, None, "there is no such variable");
        variables
    }

    /// Everything that expressions can name, with these values of the variables.
    pub fn context(&self, given: &Value) -> Context<'static> {
        let mut context = functions();
        context.declare_var("var", hcl(&Value::Object(self.variables(given))));
        context.declare_var("data", hcl(&json!({ "aws_region": { "current": { "region": "us-east-1" } } })));
        let endpoint = format!("cognito-idp.us-east-1.amazonaws.com/{POOL}");
        context.declare_var("aws_cognito_user_pool", hcl(&json!({ "this": { "id": POOL, "endpoint": endpoint } })));
        let domain = json!({ "this": { "cloudfront_distribution": "d111111abcdef8.cloudfront.net" } });
        context.declare_var("aws_cognito_user_pool_domain", hcl(&domain));
        let mut locals = Map::new();
        context.declare_var("local", hcl(&json!({})));
        for local in self.blocks("locals").into_iter().flat_map(|block| block.body().attributes()) {
            locals.insert(local.key().to_owned(), evaluate(local.expr(), &context));
            context.declare_var("local", hcl(&Value::Object(locals.clone())));
        }
        let client = self.resource("aws_cognito_user_pool_client");
        let urls = |name: &str| evaluate(attribute(client, name).expect("URLs"), &context);
        let client = json!({ "this": {
            "id": CLIENT,
            "client_secret": "hunter2-from-aws",
            "callback_urls": urls("callback_urls"),
            "logout_urls": urls("logout_urls"),
        } });
        context.declare_var("aws_cognito_user_pool_client", hcl(&client));
        context
    }

    /// What an output is.
    pub fn output(&self, name: &str, context: &Context<'_>) -> Value {
        let found = self.named("output").into_iter().find(|(other, _)| *other == name);
        evaluate(attribute(found.unwrap_or_else(|| panic!("no {name}")).1, "value").expect("a value"), context)
    }
}

/// Where the module is.
pub fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/terraform/cognito")
}

/// The argument of this name.
pub fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Expression> {
    body.attributes().find(|attribute| attribute.key() == name).map(hcl::Attribute::expr)
}

/// What an expression comes to.
#[track_caller]
pub fn evaluate(expression: &Expression, context: &Context<'_>) -> Value {
    let value = expression.evaluate(context).unwrap_or_else(|error| panic!("{expression}: {error}"));
    serde_json::to_value(value).expect("a value is JSON")
}

/// A value as expressions have it.
pub fn hcl(value: &Value) -> hcl::Value {
    serde_json::from_value(value.clone()).expect("JSON is a value")
}

/// Terraform's functions, as far as the module calls them.
fn functions() -> Context<'static> {
    let mut context = Context::new();
    for (name, count, function) in FUNCTIONS {
        let builder = FuncDef::builder();
        let definition = match count {
            Some(count) => builder.params(vec![ParamType::Any; count]).build(function),
            None => builder.variadic_param(ParamType::Any).build(function),
        };
        context.declare_func(name, definition);
    }
    context
}

/// A function: its name, how many arguments it takes if that is fixed, and what it does.
type Function = (&'static str, Option<usize>, fn(FuncArgs) -> Result<hcl::Value, String>);

const FUNCTIONS: [Function; 8] = [
    ("alltrue", Some(1), |arguments| Ok(list(&arguments[0])?.iter().all(|value| *value == true.into()).into())),
    ("concat", None, |arguments| {
        arguments.iter().try_fold(Vec::new(), |all, one| Ok([all, list(one)?].concat())).map(Into::into)
    }),
    ("contains", Some(2), |arguments| Ok(list(&arguments[0])?.contains(&arguments[1]).into())),
    ("flatten", Some(1), |arguments| {
        let parts = list(&arguments[0])?;
        parts.iter().try_fold(Vec::new(), |all, one| Ok([all, list(one)?].concat())).map(Into::into)
    }),
    ("join", Some(2), |arguments| {
        let parts = list(&arguments[1])?;
        let parts = parts.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        Ok(parts.join(text(&arguments[0])?).into())
    }),
    ("length", Some(1), |arguments| match &arguments[0] {
        hcl::Value::Array(values) => Ok(values.len().into()),
        hcl::Value::Object(members) => Ok(members.len().into()),
        hcl::Value::String(text) => Ok(text.chars().count().into()),
        other => Err(format!("{other} has no length")),
    }),
    ("regexall", Some(2), |arguments| {
        let regex = regex_lite::Regex::new(text(&arguments[0])?).map_err(|error| error.to_string())?;
        let found = regex.find_iter(text(&arguments[1])?).map(|found| hcl::Value::from(found.as_str()));
        Ok(found.collect::<Vec<_>>().into())
    }),
    ("split", Some(2), |arguments| {
        let parts = text(&arguments[1])?.split(text(&arguments[0])?).map(hcl::Value::from);
        Ok(parts.collect::<Vec<_>>().into())
    }),
];

fn list(value: &hcl::Value) -> Result<Vec<hcl::Value>, String> {
    value.as_array().cloned().ok_or_else(|| format!("{value} is no list"))
}

fn text(value: &hcl::Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{value} is no text"))
}
