//! Several providers, and several hosts of the gateway, in a real Envoy.
//!
//! | File | Fact |
//! |---|---|
//! | `second_pool` | the second pool is a whole provider by itself |
//! | `choosing` | of two pools a person chooses, or the rule does; each session stays its own provider's |
//! | `hostile` | a pool that lies about whose code it sends, and one that is down |
//! | `stronger` | a place that asks for a stronger or a recent sign-in, and claims from UserInfo |
//! | `hosts` | hosts by wildcard, and one session for a whole domain by one callback |

mod choosing;
mod hostile;
mod hosts;
mod second_pool;
mod stronger;

use devkit::cognito::{Cognito, Options};
use e2e::{Answer, Builder, Person, World, partners};
use serde_json::{Value, json};

/// The host that belongs to the partners.
const SHOP: &str = "shop.example.com";

/// Where the second of two pools sends people back to.
const PARTNERS_CALLBACK: &str = "https://app.example.com/oauth2/callback/partners";

/// Two pools, and rules that know them: under `/team` staff count, under `/deal` partners, on the host of the shop partners.
async fn two_pools(change: impl FnOnce(&mut Options)) -> (Builder, Cognito) {
    let (builder, pool) = World::builder()
        .hosts(&[SHOP])
        .with_partners(|options| {
            for client in &mut options.clients {
                client.callback_urls.push(format!("https://{SHOP}/oauth2/callback/partners"));
            }
            change(options);
        })
        .await;
    let second = partners(&pool);
    (builder.plugin(move |plugin| two_entries(plugin, second)), pool)
}

fn two_entries(plugin: &mut Value, mut second: Value) {
    let only =
        |matching: Value, name: &str| json!({ "match": matching, "action": "authenticate", "providers": [name] });
    plugin["providers"][0]["name"] = json!("staff");
    plugin["providers"][0]["displayName"] = json!("Staff & <friends>");
    second["displayName"] = json!("Partners");
    plugin["providers"].as_array_mut().unwrap().push(second);
    plugin["publicUrls"] = json!(["https://app.example.com", format!("https://{SHOP}")]);
    plugin["routes"] = json!([
        { "match": { "path": { "prefix": "/healthz" } }, "action": "allow" },
        only(json!({ "hosts": [SHOP] }), "partners"),
        only(json!({ "path": { "prefix": "/team" } }), "staff"),
        only(json!({ "path": { "prefix": "/deal" } }), "partners"),
    ]);
}

/// The links of the page that offers providers: label and address.
fn choices(page: &Answer) -> Vec<(String, String)> {
    let text = page.expect(401).text();
    let links = text.split("<li><a class=\"go\" href=\"").skip(1);
    links
        .map(|link| {
            let (href, rest) = link.split_once("\">").expect("a link");
            (rest.split("</a>").next().unwrap_or_default().to_owned(), href.replace("&amp;", "&"))
        })
        .collect()
}

/// Chooses a provider on the page that leads to `target`, signs in there, and lands.
async fn choose(person: &Person, label: &str, user: &str, target: &str) -> Answer {
    let page = person.look(target).await;
    let choices = choices(&page);
    let (_, href) = choices.iter().find(|(given, _)| given == label).unwrap_or_else(|| panic!("{label}: {page}"));
    let link = page.url.join(href).expect("a link");
    let authorize = person.look(link.as_str()).await.expect(302).location();
    person.navigate(person.approve(user, &authorize).await.as_str()).await
}

/// As whom the application took it.
#[track_caller]
fn user(answer: &Answer) -> Vec<&str> {
    answer.expect(200).forwarded().all("kubeflow-userid")
}
