//! The second pool is a whole provider: people sign in there, under another host of the gateway, too.

use devkit::cognito::Client;
use e2e::{PARTNERS_DOMAIN, World, partners};
use serde_json::json;

const SHOP: &str = "shop.example.com";

#[tokio::test]
async fn people_of_the_second_pool_sign_in_under_the_second_host() {
    let callback = format!("https://{SHOP}/oauth2/callback");
    let (builder, pool) = World::builder()
        .hosts(&[SHOP])
        .with_partners(|options| {
            options.clients.iter_mut().for_each(|client: &mut Client| client.callback_urls.push(callback.clone()));
        })
        .await;
    let only = partners(&pool);
    let world = builder
        .plugin(move |plugin| {
            plugin["providers"] = json!([only]);
            plugin["publicUrls"] = json!(["https://app.example.com", format!("https://{SHOP}")]);
        })
        .start()
        .await;
    let quinn = world.person();
    let authorize = quinn.look(&format!("https://{SHOP}/x")).await.expect(302).location();
    assert_eq!(authorize.host_str(), Some(PARTNERS_DOMAIN));
    let landing = quinn.navigate(quinn.approve("quinn", &authorize).await.as_str()).await;
    assert_eq!(landing.expect(200).forwarded().header("kubeflow-userid"), Some("quinn@partner.example"));
    assert_eq!((landing.url.host_str(), landing.url.path()), (Some(SHOP), "/x"));
    assert_eq!(world.control().counters().discovery, 0, "nobody asks the first pool");
    assert_eq!(pool.control().counters().token_outcome("authorization_code", "ok"), 1);
}
