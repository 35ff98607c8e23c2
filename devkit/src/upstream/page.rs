//! What a person sees of a request: who the filter says they are, and every header that arrived.
//!
//! Complete in itself: no script, no font, nothing from elsewhere. All that was received is escaped.

use super::Received;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #2f6f5e }
@media (prefers-color-scheme: dark) { :root { --accent: #7fd1b9 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1.25rem }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: baseline; justify-content: space-between }
h1 { font-size: 1.6rem; margin: 0 } h1 b { color: var(--accent); overflow-wrap: anywhere }
h2 { font-size: 1rem; margin: 2rem 0 .5rem }
a.out { color: inherit; border: 1px solid var(--line); border-radius: .5rem; padding: .35rem .9rem; text-decoration: none }
a.out:hover, a.out:focus-visible { background: var(--soft) }
ul { list-style: none; display: flex; flex-wrap: wrap; gap: .4rem; padding: 0; margin: .75rem 0 0 }
li { background: var(--soft); border-radius: 1rem; padding: .1rem .7rem }
table { border-collapse: collapse; width: 100%; font: 13px/1.5 ui-monospace, monospace; table-layout: fixed }
th { text-align: left; font-weight: 600; width: 32% }
th, td { border-top: 1px solid var(--line); padding: .35rem .5rem .35rem 0; vertical-align: top; overflow-wrap: anywhere }
tr.identity th, tr.identity td { color: var(--accent) }
code { font: 14px ui-monospace, monospace; overflow-wrap: anywhere }";

/// Browsers ask for `/favicon.ico` some time after a page is there, with the cookies of that moment.
const NO_ICON: &str = "<link rel=\"icon\" href=\"data:,\">";

/// The page for one request.
pub fn render(received: &Received) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>The application</title>{NO_ICON}\
         <style>{STYLE}</style></head>\n<body>\n{}\n{}\n{}\n</body></html>\n",
        who(received),
        request(received),
        headers(received),
    )
}

fn who(received: &Received) -> String {
    let Some(user) = received.header("kubeflow-userid") else {
        return "<header><h1>Not signed in</h1><a class=\"out\" href=\"/oauth2/sign-in\">Sign in</a></header>\
                <p>This path is public: the request carried no identity.</p>"
            .to_owned();
    };
    let groups = received.header("kubeflow-groups").unwrap_or_default();
    let groups: String = groups.split(',').filter(|group| !group.is_empty()).map(|group| tag("li", group)).collect();
    format!(
        "<header><h1>Signed in as <b id=\"user\">{}</b></h1>\
         <a class=\"out\" href=\"/oauth2/sign-out\">Sign out</a></header><ul id=\"groups\">{groups}</ul>",
        escape(user),
    )
}

fn request(received: &Received) -> String {
    let query = if received.query.is_empty() { String::new() } else { format!("?{}", received.query) };
    let line = format!("{} {}{query}", received.method, received.path);
    format!("<h2>Request</h2><p id=\"request\">{} on {}</p>", tag("code", &line), escape(&received.version))
}

fn headers(received: &Received) -> String {
    let rows: String = received.headers.iter().map(|(name, value)| row(name, value)).collect();
    format!("<h2>Headers that arrived</h2><table id=\"headers\">{rows}</table>")
}

fn row(name: &str, value: &str) -> String {
    let class = if name.starts_with("kubeflow") { " class=\"identity\"" } else { "" };
    format!("<tr{class}>{}{}</tr>", tag("th", name), tag("td", value))
}

fn tag(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
