//! The session, and the sign-in that leads to it: sealed values in cookies, and nothing on the server but short notes.
//!
//! Decides how they are kept, opened, split, limited and deleted. Every function takes the request's
//! [`Cookies`](crate::http::cookie::Cookies) and gives Set-Cookie values; time and randomness are arguments. When to
//! call which, and whom to let in, is left to `flow`.
//!
//! | File | Decides |
//! |---|---|
//! | `settings` | names and attributes; which cookies are ours |
//! | `store` | which cookies are a session; what a response sets and deletes |
//! | `attempt` | the same for sign-ins that were started; their limits |
//! | `record` | what a session holds, and its bytes |
//! | `chunk` | one sealed value over several cookies |
//! | `seal`, `primitives` | the cipher, the keys, what a value is bound to |
//! | `key` | which secrets will do |
//! | `codec` | single values as bytes |
//! | `table` | sealed values in the memory that all workers share |
//! | `handoff` | which worker refreshes a session, and how the others get the result |
//! | `revoked` | which sessions were ended before their time |

pub mod primitives;

mod attempt;
mod chunk;
mod codec;
mod handoff;
mod key;
mod record;
mod revoked;
mod seal;
mod settings;
mod store;
mod table;

pub use self::{
    attempt::{
        ATTEMPT_LIFETIME, LoginAttempt, MOST_ATTEMPTS, MOST_BYTES, delete_attempt, delete_attempts, read_attempt,
        write_attempt,
    },
    chunk::{LARGEST_COOKIE, MOST_CHUNKS},
    handoff::{Ending, Handoff, Lease, Turn, Watch, rest},
    key::{WeakKey, generate_key},
    record::{DIGEST_BYTES, Ended, Limits, Session, SessionId},
    revoked::{Revoked, Whose},
    seal::{Binding, Keyring, Purpose, SealError, sealed_len},
    settings::{BadCookie, CookieSettings, SessionSettings},
    store::{SessionCookie, delete_session, has_landed, landed_cookie, read_session, read_text, write_session},
    table::{Namespace, Shared, Unwritten},
};
