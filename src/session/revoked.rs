//! Sessions that were ended before their time: `revoked since` marks that all workers of a gateway share.
//!
//! Decides how a session, a person or a provider's session is marked, for how long, and that a full place ends more
//! sessions than it was told rather than fewer. Whoever has no share in this memory, another gateway that is, knows nothing
//! of it. Who may mark what is left to `flow`.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use crate::{
    memory::{SharedMemory, Stamp},
    time::{Deadline, UnixTime},
};

use super::{
    codec::{Reader, Writer},
    record::{DIGEST_BYTES, Session, SessionId},
    seal::Keyring,
    table::{Namespace, Shared, Table, Unwritten, digest},
};

/// The table of ended sessions, with what was last seen of it.
#[derive(Debug)]
pub struct Revoked {
    marks: Table,
    tokens: Table,
    seen: BTreeMap<u16, (Stamp, Place)>,
    latest: UnixTime,
}

/// Whose sessions end.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// This one.
    Session(SessionId),
    /// Those of a person: `iss` and `sub`.
    Subject(&'a str, &'a str),
    /// Those of one session at the provider: `iss` and `sid`.
    ProviderSession(&'a str, &'a str),
    /// Those of a person that name no session at the provider: `iss` and `sub`.
    SubjectWithoutSession(&'a str, &'a str),
}

#[derive(Clone, Debug, Default)]
struct Place {
    /// All sessions of this place that are no newer are over, until the mark ends.
    all: Option<Mark>,
    marks: Vec<Mark>,
}

/// Sessions of `digest` that were made no later than `since` are over. After `lasts` there can be none any more.
#[derive(Clone, Copy, Debug)]
struct Mark {
    digest: [u8; DIGEST_BYTES],
    since: UnixTime,
    from: UnixTime,
    lasts: Duration,
}

impl Revoked {
    /// The table of the sessions in `namespace`.
    pub fn new(namespace: &Namespace<'_>) -> Self {
        let (marks, tokens) = (Table::new("revoked", PLACES, namespace), Table::new("jti", TOKEN_PLACES, namespace));
        Self { marks, tokens, seen: BTreeMap::new(), latest: UnixTime::default() }
    }

    /// Whether `session` was ended before its time.
    pub fn covers(&mut self, session: &Session, keys: &Keyring, memory: &dyn SharedMemory, now: UnixTime) -> bool {
        self.latest = self.latest.max(now);
        let claim = |name: &str| session.claims.get(name).and_then(Value::as_str);
        let issuer = claim("iss").unwrap_or_default();
        let subject = claim("sub").unwrap_or_default();
        let provider_session = match claim("sid") {
            Some(sid) => Whose::ProviderSession(issuer, sid),
            None => Whose::SubjectWithoutSession(issuer, subject),
        };
        let names = [Whose::Session(session.id), Whose::Subject(issuer, subject), provider_session];
        names.into_iter().any(|whose| {
            let digest = whose.digest();
            let place = self.look(self.marks.place(&digest), keys, memory);
            place.is_some_and(|place| place.covers(&digest, whose.comes_back(), session, now))
        })
    }

    /// Ends the sessions of `whose` that were made until now, for as long as there can be any: `lasts`.
    ///
    /// # Errors
    /// They are not ended.
    pub fn mark(&self, whose: Whose<'_>, lasts: Duration, shared: &mut Shared<'_>) -> Result<(), Unwritten> {
        let (digest, now) = (whose.digest(), shared.now);
        // What was made before a small step back of the clock was made before; a large one is not trusted so far.
        let since = now.max(self.latest.min(now.plus(LARGEST_STEP)));
        let mark = Mark { digest, since, from: now, lasts };
        self.marks.update(self.marks.place(&digest), shared, |bytes, _| {
            let mut place = Place::decode(bytes);
            place.add(mark, now);
            (Some(place.encode()), ())
        })
    }

    /// Whether the logout token `jti` of `issuer` was here.
    ///
    /// # Errors
    /// There is no room to note one more, so nobody could tell the next time: the token must be refused.
    pub fn knows(&self, issuer: &str, jti: &str, shared: &Shared<'_>) -> Result<bool, Unwritten> {
        let digest = token_digest(issuer, jti);
        let read = self.tokens.read(self.tokens.place(&digest), shared.keys, shared.memory);
        let mut place = read.map(|(bytes, _)| Place::decode(&bytes)).unwrap_or_default();
        place.marks.retain(|mark| !mark.is_over(shared.now));
        let known = place.marks.iter().any(|mark| mark.digest == digest);
        if known || place.marks.len() < MOST_MARKS { Ok(known) } else { Err(Unwritten) }
    }

    /// Notes that the logout token `jti` of `issuer` was here, until it would be refused anyway after `lasts`.
    ///
    /// # Errors
    /// It cannot be noted.
    pub fn note(&self, issuer: &str, jti: &str, lasts: Duration, shared: &mut Shared<'_>) -> Result<(), Unwritten> {
        let (digest, now) = (token_digest(issuer, jti), shared.now);
        let noted = self.tokens.update(self.tokens.place(&digest), shared, |bytes, _| {
            let mut place = Place::decode(bytes);
            place.marks.retain(|mark| !mark.is_over(now) && mark.digest != digest);
            let room = place.marks.len() < MOST_MARKS;
            place.marks.push(Mark { digest, since: now, from: now, lasts });
            (room.then(|| place.encode()), room)
        })?;
        if noted { Ok(()) } else { Err(Unwritten) }
    }

    /// What stands at `place`, opened again only if it was written since.
    fn look(&mut self, place: u16, keys: &Keyring, memory: &dyn SharedMemory) -> Option<&Place> {
        let stamp = self.marks.stamp(place, memory)?;
        if self.seen.get(&place).is_none_or(|(seen, _)| *seen != stamp) {
            let (bytes, stamp) = self.marks.read(place, keys, memory)?;
            self.seen.insert(place, (stamp, Place::decode(&bytes)));
        }
        self.seen.get(&place).map(|(_, place)| place)
    }
}

impl Whose<'_> {
    /// Whether there can be new sessions of it that were not meant: of a session at the provider, too, where a provider
    /// keeps its name for the next one.
    const fn comes_back(self) -> bool {
        !matches!(self, Self::Session(_))
    }

    fn digest(self) -> [u8; DIGEST_BYTES] {
        match self {
            Self::Session(id) => *id.bytes(),
            Self::Subject(issuer, sub) => digest(&[b"sub", issuer.as_bytes(), sub.as_bytes()]),
            Self::SubjectWithoutSession(issuer, sub) => digest(&[b"sub-", issuer.as_bytes(), sub.as_bytes()]),
            Self::ProviderSession(issuer, sid) => digest(&[b"sid", issuer.as_bytes(), sid.as_bytes()]),
        }
    }
}

impl Mark {
    fn is_over(&self, now: UnixTime) -> bool {
        // A clock that was set back must not bring ended sessions back to life.
        now >= self.from && Deadline::new(self.from, self.lasts).is_past(now)
    }

    /// A mark that ends all that either ends; the clock may have been set back between the two.
    fn with(self, other: &Self) -> Self {
        Self {
            since: self.since.max(other.since),
            from: self.from.max(other.from),
            lasts: self.lasts.max(other.lasts),
            ..self
        }
    }
}

impl Place {
    fn covers(&self, digest: &[u8; DIGEST_BYTES], comes_back: bool, session: &Session, now: UnixTime) -> bool {
        let older = |mark: &Mark| session.created <= mark.since;
        let named = self.marks.iter().filter(|mark| mark.digest == *digest && (!comes_back || older(mark)));
        self.all.iter().filter(|all| older(all)).chain(named).any(|mark| !mark.is_over(now))
    }

    /// Adds `mark`. Where there is no room for it, one mark for the whole place takes the place of all: people of whom nobody
    /// said anything sign in again, but nobody whose session was ended goes on.
    fn add(&mut self, mark: Mark, now: UnixTime) {
        let earlier = self.marks.extract_if(.., |other| other.digest == mark.digest);
        let mark = earlier.fold(mark, |mark, earlier| mark.with(&earlier));
        self.marks.push(mark);
        if self.marks.len() > MOST_MARKS {
            // No sooner: a clock that is ahead for a while must not forget what still counts.
            self.marks.retain(|other| !other.is_over(now));
            self.all = self.all.filter(|all| !all.is_over(now));
        }
        if self.marks.len() > MOST_MARKS {
            self.all = Some(self.all.iter().chain(&self.marks).fold(mark, Mark::with));
            self.marks.clear();
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.number(u64::from(self.all.is_some()));
        for mark in self.all.iter().chain(&self.marks) {
            writer.bytes(&mark.digest);
            writer.number(mark.since.millis());
            writer.number(mark.from.millis());
            writer.number(u64::try_from(mark.lasts.as_millis()).unwrap_or(u64::MAX));
        }
        writer.finish()
    }

    fn decode(bytes: &[u8]) -> Self {
        Self::read(&mut Reader::new(bytes)).unwrap_or_default()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let has_all = reader.number()? == 1;
        let mut place = Self { all: None, marks: Vec::new() };
        while !reader.is_empty() {
            place.marks.push(Mark {
                digest: reader.bytes()?.try_into().ok()?,
                since: reader.time()?,
                from: reader.time()?,
                lasts: Duration::from_millis(reader.number()?),
            });
        }
        if has_all && !place.marks.is_empty() {
            place.all = Some(place.marks.remove(0));
        }
        Some(place)
    }
}

fn token_digest(issuer: &str, jti: &str) -> [u8; DIGEST_BYTES] {
    digest(&[b"jti", issuer.as_bytes(), jti.as_bytes()])
}

/// With [`MOST_MARKS`], 65,536 sign-outs are told apart at a time, in 3 MB.
const PLACES: u16 = 1024;

const TOKEN_PLACES: u16 = 64;

/// How far a clock may have been set back.
const LARGEST_STEP: Duration = Duration::from_mins(10);

const MOST_MARKS: usize = 64;
