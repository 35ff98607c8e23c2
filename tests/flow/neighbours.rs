//! Who else there is beside the one provider that every world has: more providers, and the operator's own authorizer.
//!
//! Decides whose a call or an address is. Their calls have names of their own for the network: `1:token` is the token
//! endpoint of the first of the others, `authorizer` the authorizer.

use edge_oidc::{
    http::call::{Call, CallResponse, Method},
    secret::Secret,
};
use serde_json::{Value, json};
use url::Url;

use crate::{
    given::{CLIENT, SECRET},
    provider::Provider,
    world::{CALLBACK, World, oidc_config},
};

/// Everybody else.
#[derive(Default)]
pub struct Neighbours {
    /// More providers.
    pub providers: Vec<Provider>,
    /// The authorizer.
    pub authorizer: Authorizer,
    /// Whether some configured providers are not there at all.
    pub strangers: bool,
}

/// A service that is asked about each request.
pub struct Authorizer {
    /// What it answers.
    pub status: u16,
    /// And says.
    pub body: String,
    /// The documents that it got.
    pub asked: Vec<Value>,
}

impl Default for Authorizer {
    fn default() -> Self {
        Self { status: 200, body: String::new(), asked: Vec::new() }
    }
}

impl Authorizer {
    fn answer(&mut self, call: &Call) -> CallResponse {
        assert_eq!((call.method, &*call.cluster), (Method::Post, "outbound|443||authz.example.net"));
        let kinds: Vec<_> = call.headers.iter().map(|(name, value)| (*name, value.secret().as_str())).collect();
        assert_eq!(kinds, [("accept", "application/json"), ("content-type", "application/json")]);
        self.asked.push(serde_json::from_str(call.body.secret()).unwrap());
        CallResponse { status: self.status, body: Secret::new(self.body.clone().into_bytes()) }
    }
}

impl World {
    /// The providers `staff`, which is [`World::provider`], and `partner`, in this order.
    pub fn two_providers(change: impl FnOnce(&mut Value)) -> Self {
        let mut tree = two_providers_config();
        change(&mut tree);
        let mut world = Self::new(&tree, Provider::oidc(CLIENT, SECRET, CALLBACK));
        world.neighbours.providers = vec![partner()];
        world
    }

    /// The provider `partner`.
    pub fn partner(&mut self) -> &mut Provider {
        &mut self.neighbours.providers[0]
    }

    /// What the network calls a call.
    pub fn called(&self, call: &Call) -> String {
        match self.addressee(call) {
            None => "authorizer".to_owned(),
            Some(0) => self.provider.called(call).to_owned(),
            Some(STRANGER) => "stranger".to_owned(),
            Some(number) => format!("{number}:{}", self.nth(number).called(call)),
        }
    }

    /// The answer to a call of whoever it is for.
    pub fn answered(&mut self, call: &Call) -> CallResponse {
        let now = (self.provider_clock)(self.now);
        match self.addressee(call) {
            None => self.neighbours.authorizer.answer(call),
            Some(0) => self.provider.answer(call, now),
            Some(STRANGER) => CallResponse { status: 404, body: Secret::default() },
            Some(number) => self.neighbours.providers[number - 1].answer(call, now),
        }
    }

    /// The provider whose sign-in page is at `url`.
    pub fn provider_at(&self, url: &Url) -> Option<usize> {
        let client = url.query_pairs().find(|(name, _)| name == "client_id").map(|(_, value)| value.into_owned());
        let owns = |provider: &Provider| provider.owns(url) && client.as_ref() == Some(&provider.want.client_id);
        (0..=self.neighbours.providers.len()).find(|number| owns(self.nth(*number)))
    }

    /// The person signs in on the page at `url`: the callback.
    pub fn authorize(&mut self, url: &Url) -> Url {
        let person = self.person.clone();
        match self.provider_at(url).unwrap_or_else(|| panic!("{url} is nobody's page")) {
            0 => self.provider.authorize(url, &person),
            number => self.neighbours.providers[number - 1].authorize(url, &person),
        }
    }

    /// Who a call is for; several clients of one issuer are told apart by what they prove.
    fn addressee(&self, call: &Call) -> Option<usize> {
        if call.url.as_str() == AUTHORIZER {
            return None;
        }
        let known = |number: &usize| self.nth(*number).endpoint_of(call).is_some();
        let all: Vec<usize> = (0..=self.neighbours.providers.len()).filter(known).collect();
        let body = call.body.secret();
        let mine = |number: &&usize| body.contains(&format!("client_id={}", self.nth(**number).want.client_id));
        let found = all.iter().find(mine).or(all.first()).copied();
        assert!(found.is_some() || self.neighbours.strangers, "{} is nobody's address", call.url);
        found.or(Some(STRANGER))
    }

    fn nth(&self, number: usize) -> &Provider {
        number.checked_sub(1).map_or(&self.provider, |place| &self.neighbours.providers[place])
    }
}

/// What is configured for `staff` and `partner`: any rule takes either, if it says nothing else.
pub fn two_providers_config() -> Value {
    let mut tree = oidc_config();
    let staff = &mut tree["providers"][0];
    staff["name"] = json!("staff");
    staff["displayName"] = json!("Company account");
    let partner = json!({
        "name": "partner", "displayName": "<Partners & \"friends\">", "issuer": PARTNER, "clientId": PARTNERS_CLIENT,
        "clientSecret": PARTNERS_SECRET, "algorithms": ["ES256"],
    });
    tree["providers"].as_array_mut().unwrap().push(partner);
    tree
}

/// The provider `partner`; its people are called as at `staff`, if a test says nothing else.
pub fn partner() -> Provider {
    Provider::at(PARTNER, "partner-1", (PARTNERS_CLIENT, PARTNERS_SECRET), &format!("{CALLBACK}/partner"))
}

/// The issuer of `partner`.
pub const PARTNER: &str = "https://login.partner.example.org";
/// Our client there.
pub const PARTNERS_CLIENT: &str = "edge-at-partner";
const PARTNERS_SECRET: &str = "another+s3cret";
const STRANGER: usize = usize::MAX;
/// Where the authorizer takes questions.
pub const AUTHORIZER: &str = "https://authz.example.net/check";
