//! The same claims get the same verdict, however they come: by a session's cookie, as the very ID token of that sign-in, or
//! by the provider's word on an opaque token. Rules and claims are random, and the same in every run.
//!
//! Scopes are granted to a session and to an access token, and no ID token says any: they are compared on their own.

use std::collections::BTreeMap;

use edge_oidc::{config::Config, http::reply::Reply};
use serde_json::{Map, Value, json};

use crate::{
    given::NoEnvironment,
    message::{Answer, Request},
    programs::{ROBOT, program, rule},
    provider::Provider,
    world::{CALLBACK, CLIENT, SECRET, Stream, World, oidc_config},
};

const CLAIMS: [&str; 9] =
    ["email", "email_verified", "groups", "name", "department", "level", "org", "acr", "auth_time"];
const HEADERS: [&str; 5] = ["kubeflow-userid", "kubeflow-groups", "x-user-name", "x-level", "x-unit"];

/// Chance that says the same again.
struct Chance(Stream);

impl Chance {
    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.0.below(choices.len())].clone()
    }

    fn some<T: Clone>(&mut self, choices: &[T]) -> Vec<T> {
        let chosen: Vec<T> = choices.iter().filter(|_| self.0.below(3) == 0).cloned().collect();
        if chosen.is_empty() { vec![self.of(choices)] } else { chosen }
    }

    fn path(&mut self) -> Value {
        self.of(&[
            json!("department"),
            json!("level"),
            json!("name"),
            json!(["org", "unit"]),
            json!(["org", "unit", "x"]),
            json!("acr"),
        ])
    }

    fn scalar(&mut self) -> Value {
        self.of(&[
            json!("eng"),
            json!("ops"),
            json!("7"),
            json!(7),
            json!(0),
            json!(true),
            json!("true"),
            json!("Kim Park"),
        ])
    }

    fn groups(&mut self) -> Value {
        let names = ["admins", "team-a", "team-*", "g:team-b", "g:*", "b,c"].map(|name| json!(name));
        let mut groups = Map::new();
        for kind in self.some(&["any", "all", "none"]) {
            groups.insert(kind.to_owned(), Value::Array(self.some(&names)));
        }
        Value::Object(groups)
    }

    fn test(&mut self) -> Value {
        let (path, scalar) = (self.path(), self.scalar());
        match self.0.below(5) {
            0 => json!({ "claim": path, "equals": scalar }),
            1 => json!({ "claim": path, "oneOf": [scalar, "eng"] }),
            2 => json!({ "claim": path, "contains": scalar }),
            3 => json!({ "claim": path, "exists": self.of(&[true, false]) }),
            _ => json!({ "claim": path, "matches": self.of(&["e.*", "[a-z]+", "Kim .*", "\\d"]) }),
        }
    }

    fn requirement(&mut self, depth: usize) -> Value {
        let mut members = Map::new();
        let leaves = ["groups", "claims", "emailDomains", "emails"];
        let all = ["groups", "claims", "emailDomains", "emails", "all", "any", "not"];
        let kinds = if depth == 0 { &leaves[..] } else { &all[..] };
        for _ in 0..=self.0.below(2) {
            let kind = self.of(kinds);
            let value = match kind {
                "groups" => self.groups(),
                "claims" => (0..=self.0.below(2)).map(|_| self.test()).collect(),
                "emailDomains" => json!(self.some(&["example.com", "*.example", "example.org"])),
                "emails" => json!(self.some(&["Kim@example.com", "kim@corp.example", "eve@example.org"])),
                "not" => self.requirement(depth - 1),
                _ => (0..=self.0.below(3)).map(|_| self.requirement(depth - 1)).collect(),
            };
            members.insert(kind.to_owned(), value);
        }
        Value::Object(members)
    }

    /// A configuration whose rule for `/app` asks for something, and which calls people something.
    fn tree(&mut self) -> Value {
        loop {
            let mut tree = oidc_config();
            let provider = &mut tree["providers"][0];
            provider["bearer"] = json!([{ "kind": "id_token", "audiences": [CLIENT] }, { "kind": "introspection", "clientIds": [ROBOT] }]);
            if self.0.below(3) == 0 {
                provider["identity"] = json!({ "userId": { "claim": self.of(&["sub", "name"]) }, "groups": { "claim": "groups", "prefix": "g:" } });
            }
            tree["identity"] = json!({
                "userId": { "claim": self.of(&["email", "email", "name", "level"]), "header": "kubeflow-userid" },
                "groups": { "claim": "groups", "header": "kubeflow-groups", "prefix": self.of(&["", "g:"]) },
                "headers": [
                    { "header": "x-user-name", "claim": "name" }, { "header": "x-level", "claim": "level" },
                    { "header": "x-unit", "claim": ["org", "unit"] },
                ],
                "allowUnverifiedEmail": self.of(&[true, false, false]),
                "filterState": true,
            });
            let mut members = Map::new();
            if self.0.below(3) != 0 {
                let depth = self.0.below(3);
                members.insert("require".to_owned(), self.requirement(depth));
            }
            if self.0.below(5) == 0 {
                let demand = self.of(&[json!({ "maxAge": "5m" }), json!({ "acrValues": ["phr", "eng"] })]);
                members.insert("signIn".to_owned(), demand);
            }
            rule(&mut tree, &Value::Object(members));
            // Some of what chance writes contradicts itself.
            if Config::read(&tree, &NoEnvironment).is_ok() {
                return tree;
            }
        }
    }

    /// What a provider may say of somebody; null is absent.
    fn claims(&mut self, now: u64) -> BTreeMap<&'static str, Value> {
        let groups = ["admins", "team-a", "team-b", "b,c", "", "x\ny"].map(|name| json!(name));
        let value = |chance: &mut Self, name| match name {
            "email" => chance.of(&[
                json!("kim@example.com"),
                json!("kim@corp.example"),
                json!("a@b@example.com"),
                json!(7),
                json!(""),
            ]),
            "email_verified" => {
                chance.of(&[json!(true), json!(true), json!("true"), json!(false), json!("false"), json!(1)])
            }
            "groups" => match chance.0.below(5) {
                0 => chance.of(&[json!("admins"), json!({}), json!(7), json!([7, "admins"]), json!([])]),
                _ => Value::Array(chance.some(&groups)),
            },
            "org" => chance.of(&[
                json!({ "unit": "eng" }),
                json!({ "unit": { "x": 7 } }),
                json!({ "unit": ["eng", 7] }),
                json!("eng"),
            ]),
            "acr" => chance.of(&[json!("phr"), json!("0"), json!("eng")]),
            "auth_time" => json!(now - u64::from(chance.of(&[0_u32, 60, 359, 361, 4000]))),
            "level" => chance.of(&[json!(7), json!("7"), json!(0), json!([7, "eng"]), json!({ "x": 1 }), json!("ops")]),
            _ => chance.of(&[
                json!("eng"),
                json!("Kim Park"),
                json!("Zoë"),
                json!("a\r\nb"),
                json!(" x"),
                json!(["eng"]),
                json!(true),
            ]),
        };
        let claims = CLAIMS.into_iter().map(|name| {
            let absent = self.0.below(6) == 0;
            (name, if absent { Value::Null } else { value(self, name) })
        });
        claims.collect()
    }
}

/// What became of a request: what the application gets of a person, or what we say.
#[derive(Clone, Debug, PartialEq)]
enum Verdict {
    Passed(Vec<Vec<String>>, Vec<(&'static str, Vec<u8>)>),
    Refused(u16, String, Option<String>),
}

impl Verdict {
    fn of(world: &World, answer: &Answer) -> Self {
        let challenge = |reply: &Reply| reply.header("www-authenticate").map(str::to_owned);
        match answer {
            Answer::Upstream(..) => {
                Self::Passed(HEADERS.map(|name| answer.got(name)).to_vec(), world.properties.clone())
            }
            Answer::Reply(reply) => Self::Refused(reply.status(), reply.body().to_owned(), challenge(reply)),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Passed(..) => "passed".to_owned(),
            Self::Refused(_, body, _) => {
                serde_json::from_str::<Value>(body).unwrap()["error"].as_str().unwrap().to_owned()
            }
        }
    }
}

/// Somebody has these claims, and no others.
fn says(world: &mut World, claims: &BTreeMap<&'static str, Value>) {
    let changes = || claims.iter().map(|(name, value)| (*name, Some(value.clone()).filter(|value| !value.is_null())));
    world.provider.response.claims = changes().collect();
    world.provider.response.introspection = changes().chain([("scope", None), ("aud", None)]).collect();
}

/// The verdicts on whoever signs in now: by cookie, by ID token, by the provider's word.
fn verdicts(world: &mut World) -> [Verdict; 3] {
    world.jar().cookies().clear();
    world.visit("/oauth2/sign-in?return_to=%2Fpublic");
    assert!(world.session().is_some(), "{:?}", world.provider.response.claims);
    let id_token = (*world.provider.id_tokens().last().unwrap()).to_owned();
    let opaque = world.provider.opaque(crate::world::PERSON);
    let cookie = world.send(&Request::bare("/app"));
    let by_cookie = Verdict::of(world, &cookie);
    world.jar().cookies().clear();
    let [by_token, by_word] = [id_token, opaque].map(|token| {
        let answer = world.send(&program("/app", &token));
        Verdict::of(world, &answer)
    });
    [by_cookie, by_token, by_word]
}

#[test]
fn the_same_claims_get_the_same_verdict_by_cookie_and_by_token() {
    let mut names = BTreeMap::new();
    for seed in 0..150 {
        let mut chance = Chance(Stream(seed));
        let tree = chance.tree();
        let mut world = World::new(&tree, Provider::oidc(CLIENT, SECRET, CALLBACK));
        for _ in 0..8 {
            let claims = chance.claims(world.now.secs());
            says(&mut world, &claims);
            let [by_cookie, by_token, by_word] = verdicts(&mut world);
            assert_eq!(by_cookie, by_token, "seed {seed}: {claims:?} {}", tree["routes"][0]);
            assert_eq!(by_cookie, by_word, "seed {seed}: {claims:?} {}", tree["routes"][0]);
            *names.entry(by_cookie.name()).or_insert(0) += 1;
        }
    }
    // Chance has seen every kind of verdict often enough to mean something.
    for (name, least) in [
        ("passed", 100),
        ("requirement_unmet", 300),
        ("sign_in_too_weak", 50),
        ("email_unverified", 10),
        ("user_id_absent", 30),
        ("user_id_unusable", 10),
    ] {
        assert!(names.get(name).is_some_and(|count| *count >= least), "{name}: {names:?}");
    }
}

/// Scopes that rules ask for and that are granted.
const SCOPES: [&str; 3] = ["read", "write", "pool/admin"];

#[test]
fn the_same_scopes_get_the_same_verdict_by_cookie_and_by_the_providers_word() {
    let mut names = BTreeMap::new();
    for seed in 0..60 {
        let mut chance = Chance(Stream(seed));
        let asked = json!({ "scopes": chance.some(&SCOPES) });
        let members = chance.of(&[
            json!({ "require": asked }),
            json!({ "require": { "not": asked } }),
            json!({ "signIn": asked }),
        ]);
        let mut tree = oidc_config();
        tree["providers"][0]["bearer"] = json!([{ "kind": "introspection", "clientIds": [ROBOT] }]);
        rule(&mut tree, &members);
        let mut world = World::new(&tree, Provider::oidc(CLIENT, SECRET, CALLBACK));
        for _ in 0..6 {
            let granted = chance.some(&SCOPES);
            let text = json!(granted.join(" "));
            // Text or list, and `scp` only where there is no `scope`.
            let (scope, scp) = chance.of(&[
                (text.clone(), Value::Null),
                (text.clone(), json!(SCOPES)),
                (json!(granted), Value::Null),
                (Value::Null, json!(granted)),
            ]);
            let response = &mut world.provider.response;
            response.tokens.insert("scope", Some(text));
            response.claims.insert("scp", Some(chance.of(&[Value::Null, json!(SCOPES)])));
            response.introspection = [("scope", scope), ("scp", scp), ("aud", Value::Null)]
                .map(|(name, value)| (name, Some(value).filter(|value| !value.is_null())))
                .into();
            let [by_cookie, _, by_word] = verdicts(&mut world);
            assert_eq!(by_cookie.name(), by_word.name(), "seed {seed}: {granted:?} {members}");
            *names.entry(by_cookie.name()).or_insert(0) += 1;
        }
    }
    for name in ["passed", "requirement_unmet", "sign_in_too_weak"] {
        assert!(names.get(name).is_some_and(|count| *count >= 40), "{name}: {names:?}");
    }
}
