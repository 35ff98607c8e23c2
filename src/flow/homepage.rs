//! The homepage: a page for everyone that says who is signed in, and leads on.
//!
//! Decides what it offers. It starts nothing and renews nothing; what it tells is the session's own. Continues [`Engine`].

use super::{
    Engine, Moment,
    decision::Decision,
    event::Outcome,
    inbound::{Inbound, Standing},
    pages::{Action, Fact, Page, Target},
    refusal::Refusal,
    whoami,
};
use crate::{config::Config, identity::Identity, session::delete_session};

impl Engine {
    /// The homepage.
    pub(super) fn homepage(&mut self, inbound: &Inbound, moment: &mut Moment<'_>) -> Decision {
        let Some(origin) = inbound.origin.clone() else {
            return self.refuse(inbound, &Refusal::HostUnknown, moment.now);
        };
        if inbound.view.method() != "GET" {
            return self.refuse(inbound, &Refusal::MethodNotAllowed, moment.now);
        }
        if whoami::is_foreign(&inbound.view, inbound.client) {
            return self.refuse(inbound, &Refusal::WhoamiForeign, moment.now);
        }
        let config = std::rc::Rc::clone(&self.party.config);
        let (reply, void) = match inbound.standing(&mut self.party, &origin, moment) {
            Standing::Valid(session) | Standing::Expired(session) => {
                let caller = self.party.provider_of(&session).map(|id| self.caller(id, inbound, *session, None));
                let identity = caller.and_then(|caller| caller.identity(&config).ok());
                (somebody(&config).reply_with(&facts(identity.as_ref())), Vec::new())
            }
            // What the header says of itself says nothing of the cookies.
            _ if inbound.carried.decides() => (nobody(&config).reply(), Vec::new()),
            Standing::Absent => (nobody(&config).reply(), Vec::new()),
            Standing::Ended(_) | Standing::Void => {
                (nobody(&config).reply(), delete_session(&config.session, &inbound.cookies))
            }
        };
        let reply = reply.with("cross-origin-resource-policy", "same-origin").with_cookies(void);
        self.reply(Outcome::Endpoint, reply)
    }
}

fn facts(identity: Option<&Identity>) -> Vec<Fact<'_>> {
    let user_id = identity.and_then(Identity::user_id);
    user_id.map(|value| Fact { name: "You are", value: value.to_owned() }).into_iter().collect()
}

fn somebody(config: &Config) -> Page<'_> {
    let action = Action::LinkAndPost { href: "/", label: "Continue", path: &config.paths.sign_out, button: "Sign out" };
    let (title, text) = ("You are signed in", "You can go on to the applications here, or sign out.");
    Page { status: 200, title, text, action, code: "homepage", framed: false, theme: &config.theme }
}

fn nobody(config: &Config) -> Page<'_> {
    let action = Action::Link { href: &config.paths.sign_in, label: "Sign in", target: Target::Same };
    let (title, text) = ("You are not signed in", "Sign in to go on to the applications here.");
    Page { status: 200, title, text, action, code: "homepage", framed: false, theme: &config.theme }
}
