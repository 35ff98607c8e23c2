//! The shipped file, and how parts of it are replaced.
//!
//! Decides which lines belong to a part: a key's line, and all below it that are further in. Its text stays as it is, comments
//! included; what is put in comes out of a [`Tree`] or is quoted, so that no value can become anything else.

use std::net::SocketAddr;

use super::Tree;

/// The shipped file with some parts replaced.
pub(super) struct Template(Vec<String>);

impl Template {
    pub(super) fn shipped() -> Self {
        Self(SHIPPED.lines().map(str::to_owned).collect())
    }

    pub(super) fn text(&self) -> String {
        self.0.join("\n") + "\n"
    }

    /// In the place of the first comment.
    pub(super) fn heading(&mut self, heading: &str) -> Result<(), String> {
        let first = self.find("static_resources:")?;
        self.0.splice(..first, heading.lines().map(str::to_owned).chain([String::new()]));
        Ok(())
    }

    pub(super) fn listener(&mut self, address: SocketAddr) -> Result<(), String> {
        let port = address.port();
        self.replace(
            "socket_address: { address: 0.0.0.0, port_value: 8443 }",
            &format!("socket_address: {{ address: {}, port_value: {port} }}", quoted(&address.ip().to_string())),
        )
    }

    pub(super) fn certificate(&mut self, certificate: &str, key: &str) -> Result<(), String> {
        let file = |path: &str| format!("{{ filename: {} }}", quoted(path));
        self.replace("- certificate_chain:", &format!("- certificate_chain: {}", file(certificate)))?;
        self.replace("private_key:", &format!("private_key: {}", file(key)))
    }

    /// The first transport socket is the listener's.
    pub(super) fn without_tls(&mut self) -> Result<(), String> {
        let first = self.find("- transport_socket:")?;
        let filters = self.find("filters:")?;
        self.0.drain(first..filters);
        self.replace_at(first, "  filters:", "- filters:")
    }

    pub(super) fn module(&mut self, path: &str) -> Result<(), String> {
        self.replace("code:", &format!("code: {{ local: {{ filename: {} }} }}", quoted(path)))
    }

    pub(super) fn environment(&mut self, names: &[&str]) -> Result<(), String> {
        if names.is_empty() {
            return self.splice("environment_variables:", &[]);
        }
        let names: Vec<_> = names.iter().map(|name| quoted(name)).collect();
        self.replace("host_env_keys:", &format!("host_env_keys: [{}]", names.join(", ")))
    }

    /// The filter's own, with the comment above it.
    pub(super) fn configuration(&mut self, tree: &Tree) -> Result<(), String> {
        let note = "# The filter's own configuration. The first rule of `routes` that matches decides; what matches none must sign in.";
        let text = format!("{note}\n{}", tree.to_yaml());
        self.splice_with_comment("configuration:", &lines(&text))
    }

    pub(super) fn clusters(&mut self, tree: &Tree) -> Result<(), String> {
        self.splice("clusters:", &lines(&tree.to_yaml()))
    }

    /// The line that begins with `start`; there is one, since the file is shipped with this tool.
    fn find(&self, start: &str) -> Result<usize, String> {
        let at = self.0.iter().position(|line| line.trim_start().starts_with(start));
        at.ok_or_else(|| format!("this tool's own envoy.yaml has no line `{start}`"))
    }

    fn replace(&mut self, start: &str, new: &str) -> Result<(), String> {
        let at = self.find(start)?;
        self.replace_at(at, "", new)
    }

    /// Writes another line, as far in as the one that is there; `less` is what that one has in front.
    fn replace_at(&mut self, at: usize, less: &str, new: &str) -> Result<(), String> {
        let line = self.0.get_mut(at).ok_or("this tool's own envoy.yaml is too short")?;
        let steps = less.len().saturating_sub(less.trim_start().len());
        *line = format!("{}{new}", " ".repeat(indent(line).saturating_sub(steps)));
        Ok(())
    }

    /// Puts `new` in the place of a key with all that is below it.
    fn splice(&mut self, start: &str, new: &[&str]) -> Result<(), String> {
        let at = self.find(start)?;
        self.splice_from(at, at, new);
        Ok(())
    }

    fn splice_with_comment(&mut self, start: &str, new: &[&str]) -> Result<(), String> {
        let at = self.find(start)?;
        let is_comment = |line: &&String| line.trim_start().starts_with('#');
        let comment = self.0.iter().take(at).rev().take_while(is_comment).count();
        self.splice_from(at.saturating_sub(comment), at, new);
        Ok(())
    }

    fn splice_from(&mut self, from: usize, at: usize, new: &[&str]) {
        let depth = self.0.get(at).map_or(0, |line| indent(line));
        let below = |line: &&String| line.trim().is_empty() || indent(line) > depth;
        let mut end =
            self.0.iter().skip(at.saturating_add(1)).take_while(below).count().saturating_add(at).saturating_add(1);
        // Blank lines belong to what comes after.
        while end > at && self.0.get(end.saturating_sub(1)).is_some_and(|line| line.trim().is_empty()) {
            end = end.saturating_sub(1);
        }
        let new: Vec<_> = new.iter().map(|line| format!("{}{line}", " ".repeat(depth))).collect();
        self.0.splice(from..end, new);
    }
}

fn indent(line: &str) -> usize {
    line.len().saturating_sub(line.trim_start().len())
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// A text in a flow of YAML.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') && !text.contains('/');
    let address = text.parse::<std::net::Ipv4Addr>().is_ok();
    let word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    match !text.is_empty() && !word && text.bytes().all(plain) && (!number || address) {
        true => text.to_owned(),
        false => serde_json::Value::from(text).to_string(),
    }
}

/// What some parser takes for something else than a text.
const WORDS: [&str; 9] = ["false", "n", "no", "null", "off", "on", "true", "y", "yes"];

/// The file that the repository ships, and that its tests run.
pub(super) const SHIPPED: &str = include_str!("../../../../envoy/envoy.yaml");
