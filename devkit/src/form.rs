//! Reads the first form of a page of our own making, as far as filling it in needs. It is no HTML parser.

/// A form and what would be sent with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// Where it goes; empty means the page's own URL.
    pub action: String,
    /// Names and values of its fields.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The first form that has fields, where there is one.
    pub fn first(html: &str) -> Option<Self> {
        let (_, rest) = html.split_once("<form")?;
        let (form, _) = rest.split_once("</form>")?;
        let (head, inside) = form.split_once('>')?;
        let fields = inside.split("<input").skip(1).filter_map(|input| {
            let input = input.split('>').next()?;
            Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default()))
        });
        Some(Self { action: attribute(head, "action").unwrap_or_default(), fields: fields.collect() })
    }

    /// Sets the fields with one of these names.
    pub fn fill(mut self, names: &[&str], value: &str) -> Self {
        for (_, field) in self.fields.iter_mut().filter(|(name, _)| names.contains(&name.as_str())) {
            value.clone_into(field);
        }
        self
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_filled() {
        let html = r#"<p><form method="post" action="/login?a=1&amp;b=2"><input type="hidden" name="_csrf" value="x">
            <label>Name <input name="username"></label><input type="password" name="password"/></form>"#;
        let form = Form::first(html).unwrap().fill(&["username"], "ada");
        assert_eq!(form.action, "/login?a=1&b=2");
        let fields = [("_csrf", "x"), ("username", "ada"), ("password", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(form.fields, fields);
        assert_eq!(Form::first("<p>no form"), None);
    }
}
