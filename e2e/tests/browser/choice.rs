//! The page that offers several providers: it needs neither a mouse nor script, and can have an operator's own looks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::chromium::Chromium;
use e2e::{DOMAIN, PARTNERS_DOMAIN, PASSWORD, World, partners};
use serde_json::{Value, json};

use crate::pages::judge;

const DEEP_LINK: &str = "/notebooks/quinn/lab?path=a%20b%2Fc&cell=7";

async fn world() -> (World, devkit::cognito::Cognito) {
    world_with(json!({})).await
}

/// With these `pages`.
async fn world_with(pages: Value) -> (World, devkit::cognito::Cognito) {
    let (builder, pool) = World::builder().with_partners(|_| ()).await;
    let second = partners(&pool);
    let builder = builder.plugin(move |plugin| {
        plugin["providers"][0]["name"] = json!("staff");
        plugin["providers"][0]["displayName"] = json!("Company account");
        plugin["providers"].as_array_mut().unwrap().push(second);
        plugin["providers"][1]["displayName"] = json!("Partners & suppliers");
        plugin["pages"] = pages;
    });
    (builder.start().await, pool)
}

/// What the keyboard is at, and whether that can be seen.
async fn focus(chromium: &Chromium) -> Value {
    let script = "const it = document.activeElement, style = getComputedStyle(it);
        return [it.textContent, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0];";
    chromium.script(script, json!([])).await
}

#[tokio::test]
async fn a_person_without_a_mouse_and_without_script_chooses_signs_in_and_lands() {
    let (world, _pool) = world().await;
    let chromium = Chromium::start(&world).await;
    chromium.run_no_scripts().await;
    chromium.open(DEEP_LINK).await;
    chromium.until_text("h1", "Please sign in").await;
    judge(&chromium, "choose-provider").await;
    for label in ["Company account", "Partners & suppliers"] {
        chromium.press_tab().await;
        assert_eq!(focus(&chromium).await, json!([label, true]));
    }
    chromium.press_enter().await;
    chromium.until_at(PARTNERS_DOMAIN).await;
    chromium.type_into("#username", "quinn").await;
    chromium.type_into("#password", PASSWORD).await;
    chromium.press_enter().await;
    chromium.until_url(&format!("https://{}{DEEP_LINK}", e2e::APP)).await;
    chromium.until_text("#user", "quinn@partner.example").await;
    assert_eq!(world.control().counters().authorize, 0, "the other pool has not heard of it");
}

#[tokio::test]
async fn the_back_button_leads_to_the_choice_again() {
    let (world, _pool) = world().await;
    let chromium = Chromium::start(&world).await;
    chromium.open(DEEP_LINK).await;
    chromium.press_tab().await;
    chromium.press_tab().await;
    chromium.press_enter().await;
    chromium.until_at(PARTNERS_DOMAIN).await;
    chromium.back().await;
    chromium.until_text("h1", "Please sign in").await;
    chromium.click("a").await;
    chromium.until_at(DOMAIN).await;
    chromium.log_in("ada", PASSWORD).await;
    chromium.until_landed("ada", DEEP_LINK).await;
}

const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 24 24"><rect width="24" height="24" rx="6" fill="#7a1f5c"/><path d="M5 18 12 6l7 12z" fill="#fff"/></svg>"##;

/// What an operator's `pages` change: the logo's name and whether it is shown, and the colour of buttons.
async fn looks(chromium: &Chromium) -> Value {
    let script = "const logo = document.querySelector('main img');
        return [logo && logo.alt, logo && logo.naturalWidth, getComputedStyle(document.querySelector('a.go')).backgroundColor]";
    chromium.script(script, json!([])).await
}

// The policy of our pages allows the style by its digest and the logo as `data:`, and nothing else that they could load.
#[tokio::test]
async fn an_operators_name_logo_and_colours_are_shown_and_the_pages_policy_holds() {
    let logo = format!("data:image/svg+xml;base64,{}", STANDARD.encode(LOGO));
    let pages = json!({ "name": "Ada & Söhne", "accent": "#7a1f5c", "accentDark": "#f2a7d6", "logo": logo });
    let (world, _pool) = world_with(pages).await;
    let chromium = Chromium::start(&world).await;
    chromium.open(DEEP_LINK).await;
    chromium.until_text("h1", "Please sign in").await;
    judge(&chromium, "themed-choose-provider").await;
    for (scheme, accent) in [("light", "rgb(122, 31, 92)"), ("dark", "rgb(242, 167, 214)")] {
        chromium.prefer(scheme).await;
        assert_eq!(looks(&chromium).await, json!(["Ada & Söhne", 96, accent]), "{scheme}");
    }
    assert_eq!(chromium.complaints().await, [""; 0]);
    // The measure itself knows what a policy forbids.
    chromium.script("document.body.setAttribute('style', 'color: red')", json!([])).await;
    let complaints = chromium.complaints().await;
    assert!(complaints.iter().any(|complaint| complaint.contains("Content Security Policy")), "{complaints:?}");
}

#[tokio::test]
async fn a_colour_for_light_pages_alone_leaves_dark_ones_as_they_are() {
    let (world, _pool) = world_with(json!({ "name": "Ada & Söhne", "accent": "#7a1f5c" })).await;
    let chromium = Chromium::start(&world).await;
    chromium.open(DEEP_LINK).await;
    chromium.until_text("h1", "Please sign in").await;
    for (scheme, accent) in [("light", "rgb(122, 31, 92)"), ("dark", "rgb(143, 176, 255)")] {
        chromium.prefer(scheme).await;
        assert_eq!(looks(&chromium).await, json!([null, null, accent]), "{scheme}");
    }
    assert_eq!(chromium.text("main strong").await, "Ada & Söhne");
}
