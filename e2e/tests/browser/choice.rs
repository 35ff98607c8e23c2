//! The page that offers several providers: it needs neither a mouse nor script.

use e2e::{DOMAIN, PARTNERS_DOMAIN, PASSWORD, World, partners};
use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::pages::judge;

const DEEP_LINK: &str = "/notebooks/quinn/lab?path=a%20b%2Fc&cell=7";

async fn world() -> (World, devkit::cognito::Cognito) {
    let (builder, pool) = World::builder().with_partners(|_| ()).await;
    let second = partners(&pool);
    let builder = builder.plugin(move |plugin| {
        plugin["providers"][0]["name"] = json!("staff");
        plugin["providers"][0]["displayName"] = json!("Company account");
        plugin["providers"].as_array_mut().unwrap().push(second);
        plugin["providers"][1]["displayName"] = json!("Partners & suppliers");
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
