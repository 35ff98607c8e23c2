//! What Terraform's provider for AWS has, out of the declarations of `@cdktf/provider-aws`, which are made of its schema.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use devkit::install;

/// A resource, a data source, or a block in one.
#[derive(Debug, Default)]
pub struct Schema {
    /// What can be written, by name.
    pub arguments: BTreeMap<String, Argument>,
    /// What can be read besides.
    pub attributes: Vec<String>,
}

/// An argument or a block.
#[derive(Debug)]
pub struct Argument {
    /// Whether it must be there.
    pub required: bool,
    /// What it is.
    pub kind: Kind,
}

/// What an argument is.
#[derive(Debug)]
pub enum Kind {
    /// A block; whether there can be several.
    Block(Schema, bool),
    /// `true` or `false`.
    Flag,
    /// An object of texts.
    Map,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
}

impl Schema {
    /// That of `aws_…`, or of a data source of that name.
    pub fn of(kind: &str, is_data: bool) -> Schema {
        let library = install::terraform_cognito().unwrap_or_else(|error| panic!("{error:#}"));
        let name = kind.strip_prefix("aws_").expect("one of AWS's").replace('_', "-");
        let name = if is_data { format!("data-aws-{name}") } else { name };
        let file: PathBuf = library.join(name).join("index.d.ts");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("no {kind}: {error}"));
        let config = text.lines().find_map(|line| line.strip_prefix("export interface ")?.split_once("Config extends"));
        let class = config.unwrap_or_else(|| panic!("{kind} has no arguments")).0;
        let mut schema = interface(&text, &format!("{class}Config"));
        let own = text.split_once(&format!("export declare class {class} extends")).expect("its class").1;
        let getters = own.lines().filter_map(|line| line.trim().strip_prefix("get ")?.split_once("():"));
        schema.attributes = getters.map(|(name, _)| snake(name)).collect();
        schema
    }
}

/// The members of an interface. A block says so in the comment above it.
fn interface(text: &str, name: &str) -> Schema {
    let start = text.split_once(&format!("export interface {name} ")).unwrap_or_else(|| panic!("no {name}")).1;
    let body = start.split_once("\n}\n").expect("its end").0;
    let mut arguments = BTreeMap::new();
    let mut is_block = false;
    for line in body.lines().map(str::trim) {
        if let Some(member) = line.strip_prefix("readonly ") {
            let (name, of) = member.split_once(": ").expect("a type");
            let required = !name.ends_with('?');
            let kind = kind(text, of.trim_end_matches(';'), is_block);
            arguments.insert(snake(name.trim_end_matches('?')), Argument { required, kind });
            is_block = false;
        } else {
            is_block |= line.ends_with(" block");
        }
    }
    Schema { arguments, attributes: Vec::new() }
}

fn kind(text: &str, of: &str, is_block: bool) -> Kind {
    let of = of.trim_end_matches(" | cdktf.IResolvable");
    match (of, is_block) {
        (_, true) => Kind::Block(interface(text, of.trim_end_matches("[]")), of.ends_with("[]")),
        ("boolean", _) => Kind::Flag,
        ("number", _) => Kind::Number,
        ("string", _) => Kind::Text,
        ("string[]", _) => Kind::Texts,
        ("{", _) => Kind::Map,
        (other, false) => panic!("nobody says here what `{other}` is"),
    }
}

/// As Terraform writes a name.
fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |mut snake, letter| {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
        snake
    })
}
