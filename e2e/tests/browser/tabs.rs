//! Many tabs at once, as a browser opens them when it is started with yesterday's.

use e2e::chromium::Chromium;
use e2e::{DOMAIN, PASSWORD, World};
use serde_json::json;

const TABS: usize = 10;
/// Neither the order in which they were opened nor its reverse.
const ORDER: [usize; TABS] = [6, 2, 9, 0, 7, 4, 1, 8, 3, 5];

fn link(tab: usize) -> String {
    format!("/tab/{tab}?cell={tab}&x=a%20b")
}

#[tokio::test]
async fn ten_tabs_opened_while_signed_out_all_land_on_their_own_links() {
    let world = World::builder().workers(2).start().await;
    let chromium = Chromium::start(&world).await;
    let mut tabs = Vec::new();
    for tab in 0..TABS {
        tabs.push(chromium.new_tab().await);
        chromium.open(&link(tab)).await;
        chromium.until_at(DOMAIN).await;
    }
    assert_eq!(chromium.app_cookies().await.len(), TABS, "an attempt for each");
    for (done, tab) in ORDER.into_iter().enumerate() {
        chromium.switch_to(&tabs[tab]).await;
        if done == 0 {
            chromium.log_in("ada", PASSWORD).await;
        } else {
            chromium.open(&chromium.url().await.as_str().replace("/login?", "/oauth2/authorize?")).await;
        }
        chromium.until_landed("ada", &link(tab)).await;
    }
    let counters = world.control().counters();
    assert_eq!((counters.interactive_sign_ins, counters.silent_sign_ins), (1, 9));
    assert_eq!(chromium.app_cookies().await, ["__Host-edge_oidc"]);
}

#[tokio::test]
async fn ten_tabs_at_once_are_signed_in_without_a_password_while_the_provider_knows_the_person() {
    let world = World::builder().workers(2).start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/").await;
    chromium.lose_session().await;
    let links: Vec<_> = (0..TABS).map(link).collect();
    chromium.script("for (const link of arguments[0]) window.open(link)", json!([links])).await;
    let mut landed = Vec::new();
    for tab in chromium.tabs().await.iter().skip(1) {
        chromium.switch_to(tab).await;
        chromium.until_text("#user", "ada@example.com").await;
        let url = chromium.url().await;
        landed.push(format!("{}?{}", url.path(), url.query().unwrap_or_default()));
    }
    landed.sort();
    assert_eq!(landed, links);
    assert_eq!(world.control().counters().interactive_sign_ins, 1);
    assert_eq!(chromium.app_cookies().await, ["__Host-edge_oidc"]);
}
