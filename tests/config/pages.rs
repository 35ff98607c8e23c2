//! `pages`: what may be set of how our pages look.

use serde_json::{Value, json};

use crate::{places, read, with};

const LOGO: &str = "data:image/svg+xml;base64,PHN2Zy8+";

fn pages(pages: Value) -> Value {
    with("/pages", pages)
}

#[test]
fn a_name_a_logo_and_readable_colours_are_taken_without_a_word() {
    let config =
        read(&pages(json!({ "name": "Example & Sons", "logo": LOGO, "accent": "#2456c8", "accentDark": "#8fb0ff" })))
            .unwrap();
    assert_eq!(config.theme.name.as_deref(), Some("Example & Sons"));
    assert!(config.warnings().is_empty(), "{:?}", config.warnings());
}

#[test]
fn what_could_not_be_read_gives_a_warning() {
    for (pale, dark) in [("#ffee00", "#8fb0ff"), ("#2456c8", "#1b2029")] {
        let config = read(&pages(json!({ "accent": pale, "accentDark": dark }))).unwrap();
        assert_eq!(config.warnings().len(), 1, "{pale} {dark}");
    }
    let light = read(&pages(json!({ "accent": "#2456c8" }))).unwrap();
    assert!(light.warnings()[0].to_string().contains("add `accentDark`"));
}

#[test]
fn what_a_page_could_load_or_break_on_is_a_problem() {
    for (member, value) in [
        ("accent", json!("red")),
        ("accent", json!("#12345g")),
        ("accent", json!("#123456}body{display:none")),
        ("accentDark", json!("#é1234")),
        ("logo", json!("https://cdn.example.com/logo.png")),
        ("logo", json!("data:text/html;base64,PHN2Zy8+")),
        ("logo", json!("data:image/png;base64,")),
        ("logo", json!("data:image/png;base64,\" onerror=\"x")),
        ("logo", json!(format!("data:image/png;base64,{}", "A".repeat(16_384)))),
        ("name", json!("")),
        ("name", json!(" x")),
        ("name", json!("a\nb")),
        ("name", json!("x".repeat(65))),
    ] {
        let mut theme = json!({ "name": "x", "accentDark": "#8fb0ff" });
        theme[member] = value.clone();
        assert_eq!(places(&pages(theme)), [format!("pages.{member}")], "{value}");
    }
    assert_eq!(places(&pages(json!({ "logo": LOGO }))), ["pages"]);
    assert_eq!(places(&pages(json!({ "color": "x" }))), ["pages.color"]);
}
