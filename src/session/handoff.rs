//! Who refreshes a session, and how the others come by the result: a bounded table that all workers of a gateway share.
//!
//! Decides that of all workers exactly one leads a session's refresh, for how long the others believe in it, how long its
//! result is kept for requests that still bring the old cookie, and what goes when there is no room. The refresh itself is
//! left to `flow`.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    memory::{SharedMemory, Stamp},
    secret::Secret,
    time::{Deadline, UnixTime},
};

use super::{
    codec::{Reader, Writer},
    record::{Session, SessionId},
    table::{Namespace, Shared, Table, Unwritten},
};

/// The table of refreshes.
#[derive(Debug)]
pub struct Handoff(Table);

/// What a worker that wants a session refreshed is to do.
#[derive(Debug)]
pub enum Turn {
    /// Refresh it: the others wait for this worker, until the lease ends.
    Lead(Lease),
    /// Wait: another worker is at it.
    Follow(Watch),
    /// Use this one: it has been refreshed already.
    Renewed(Box<Session>),
    /// Give it up: the provider refused to renew it.
    Refused,
    /// Leave it for a while: the provider gave no answer a moment ago.
    Resting,
}

/// The right to refresh a session, by the moment that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease(UnixTime);

/// What a worker that waits looks at: until the place changes or the lease ends there is nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    stamp: Option<Stamp>,
    lease: Deadline,
}

/// How a refresh ended.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    /// The provider renewed it.
    Renewed(&'a Session),
    /// The provider refused.
    Refused,
    /// The provider gave no answer.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    id: SessionId,
    /// [`Session::refreshed`] of the session that was to be refreshed: what was refused to it says nothing of a newer one.
    of: UnixTime,
    from: UnixTime,
    lasts: Duration,
    state: State,
    /// The newest copy, which a browser may not have yet: it outlives a refresh of its own that comes to nothing.
    newest: Option<Newest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Leased,
    Renewed,
    Refused,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Newest {
    since: UnixTime,
    session: Secret<Vec<u8>>,
}

impl Handoff {
    /// The table of the sessions in `namespace`.
    pub fn new(namespace: &Namespace<'_>) -> Self {
        Self(Table::new("refresh", PLACES, namespace))
    }

    /// Asks for the right to refresh `session` for as long as `lease`. `urgent` says that its tokens are over, so that a
    /// provider that gave no answer is asked again sooner.
    ///
    /// # Errors
    /// The table is of no use now, or full: the worker refreshes alone.
    pub fn take(
        &self,
        session: &Session,
        lease: Duration,
        urgent: bool,
        shared: &mut Shared<'_>,
    ) -> Result<Turn, Unwritten> {
        let (place, now) = (self.0.place(session.id.bytes()), shared.now);
        let taken = self.0.update(place, shared, |bytes, stamp| {
            let mut entries = entries(bytes, now);
            let known = entries.iter().find(|entry| entry.id == session.id);
            match known.and_then(|entry| entry.turn(session, urgent, stamp, now)) {
                Some(turn) => (None, Some(turn)),
                None => {
                    let newest = known.and_then(|entry| entry.newest.clone());
                    let (id, of, state) = (session.id, session.refreshed, State::Leased);
                    let written = put(&mut entries, Entry { id, of, from: now, lasts: lease, state, newest }, now);
                    let turn = written.is_some().then_some(Turn::Lead(Lease(now)));
                    (written, turn)
                }
            }
        })?;
        taken.ok_or(Unwritten)
    }

    /// Those of `watched` of which there may be something new. Each place is looked at once.
    pub fn moved(&self, watched: Vec<(SessionId, Watch)>, memory: &dyn SharedMemory, now: UnixTime) -> Vec<SessionId> {
        let mut stamps = BTreeMap::new();
        let mut has_moved = |id: SessionId, watch: Watch| {
            let place = self.0.place(id.bytes());
            let stamp = stamps.entry(place).or_insert_with(|| self.0.stamp(place, memory));
            watch.lease.is_past(now) || *stamp != watch.stamp
        };
        watched.into_iter().filter(|(id, watch)| has_moved(*id, *watch)).map(|(id, _)| id).collect()
    }

    /// Tells the others how the refresh of `session` ended. A newer session that is there already stays; nothing but a
    /// renewed session is told once the lease has passed to another worker.
    ///
    /// # Errors
    /// The others are not told: they ask the provider themselves when the lease ends.
    pub fn tell(
        &self,
        session: &Session,
        lease: Lease,
        ending: Ending<'_>,
        shared: &mut Shared<'_>,
    ) -> Result<(), Unwritten> {
        let (place, now) = (self.0.place(session.id.bytes()), shared.now);
        let told = self.0.update(place, shared, |bytes, _| {
            let mut entries = entries(bytes, now);
            let known = entries.iter().find(|entry| entry.id == session.id);
            let newer = known.is_some_and(|entry| entry.newer_than(session).is_some());
            let others = |entry: &Entry| entry.state == State::Leased && entry.from != lease.0;
            let settled = |entry: &Entry| others(entry) || entry.state == State::Refused;
            let late = !matches!(ending, Ending::Renewed(_)) && known.is_some_and(settled);
            if newer || late {
                return (None, true);
            }
            let before = known.and_then(|entry| entry.newest.clone());
            let (state, lasts, newest) = match ending {
                Ending::Renewed(renewed) => {
                    let session = Secret::new(renewed.encode());
                    (State::Renewed, KEEP, Some(Newest { since: now, session }))
                }
                // Until nothing else would end it.
                Ending::Refused => (State::Refused, session.token_expires.plus(MOST_LEEWAY).since(now).max(KEEP), None),
                Ending::Failed => (State::Failed, REST, before),
            };
            let (id, of) = (session.id, session.refreshed);
            let written = put(&mut entries, Entry { id, of, from: now, lasts, state, newest }, now);
            let fits = written.is_some();
            (written, fits)
        })?;
        if told { Ok(()) } else { Err(Unwritten) }
    }

    /// Whether `session` is no longer worth giving to a browser: there is a newer copy, or the provider refused this one.
    pub fn is_outdated(&self, session: &Session, shared: &Shared<'_>) -> bool {
        let Some((bytes, _)) = self.0.read(self.0.place(session.id.bytes()), shared.keys, shared.memory) else {
            return false;
        };
        let entries = entries(&bytes, shared.now);
        entries.iter().filter(|entry| entry.id == session.id).any(|entry| {
            entry.newer_than(session).is_some() || entry.state == State::Refused && session.refreshed <= entry.of
        })
    }

    /// The newest copy of `session` that the table knows.
    pub fn newest(&self, session: &Session, shared: &Shared<'_>) -> Option<Box<Session>> {
        let (bytes, _) = self.0.read(self.0.place(session.id.bytes()), shared.keys, shared.memory)?;
        entries(&bytes, shared.now).iter().find(|entry| entry.id == session.id)?.newer_than(session)
    }
}

impl Entry {
    /// What this says to a worker that wants `session` refreshed; nothing if it may go ahead.
    fn turn(&self, session: &Session, urgent: bool, stamp: Option<Stamp>, now: UnixTime) -> Option<Turn> {
        match self.state {
            // A copy that serves is not waited for, though it is due itself.
            State::Leased => match self.newer_than(session).filter(|newer| now < newer.token_expires) {
                Some(newer) => Some(Turn::Renewed(newer)),
                None => Some(Turn::Follow(Watch { stamp, lease: Deadline::new(self.from, self.lasts) })),
            },
            _ if let Some(newer) = self.newer_than(session) => Some(Turn::Renewed(newer)),
            // Whoever has that one already, with tokens that were over then, got a refresh token and nothing else.
            State::Renewed if session.token_expires > self.from => None,
            State::Renewed => (!self.from.is_older_than(URGENT_REST, now)).then_some(Turn::Resting),
            State::Refused => (session.refreshed <= self.of).then_some(Turn::Refused),
            State::Failed => (!self.from.is_older_than(rest(urgent), now)).then_some(Turn::Resting),
        }
    }

    fn newer_than(&self, session: &Session) -> Option<Box<Session>> {
        let newest = Session::decode(self.newest.as_ref()?.session.secret());
        newest.filter(|newest| newest.refreshed > session.refreshed).map(Box::new)
    }

    /// What this still says at `now`. What was told stays told if the clock is set back; a lease ends then, for nobody may
    /// wait for ever. A copy is kept for its time, whatever became of its own refresh.
    fn at(self, now: UnixTime) -> Option<Self> {
        let over = match self.state {
            State::Leased => Deadline::new(self.from, self.lasts).is_past(now),
            State::Failed | State::Refused | State::Renewed => now.since(self.from) >= self.lasts,
        };
        match &self.newest {
            _ if !over => Some(self),
            Some(newest) if now.since(newest.since) < KEEP => {
                Some(Self { from: newest.since, lasts: KEEP, state: State::Renewed, ..self })
            }
            _ => None,
        }
    }

    fn write(&self, writer: &mut Writer) {
        writer.bytes(self.id.bytes());
        for number in [self.of.millis(), self.from.millis(), u64::try_from(self.lasts.as_millis()).unwrap_or(u64::MAX)]
        {
            writer.number(number);
        }
        writer.number(match self.state {
            State::Leased => 0,
            State::Refused => 1,
            State::Failed => 2,
            State::Renewed => 3,
        });
        writer.number(u64::from(self.newest.is_some()));
        if let Some(newest) = &self.newest {
            writer.number(newest.since.millis());
            writer.bytes(newest.session.secret());
        }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            id: SessionId::read(reader.bytes()?)?,
            of: reader.time()?,
            from: reader.time()?,
            lasts: Duration::from_millis(reader.number()?),
            state: match reader.number()? {
                0 => State::Leased,
                1 => State::Refused,
                2 => State::Failed,
                3 => State::Renewed,
                _ => return None,
            },
            newest: match reader.number()? {
                0 => None,
                _ => Some(Newest { since: reader.time()?, session: Secret::new(reader.bytes()?.to_vec()) }),
            },
        })
    }
}

/// The entries of a place that still count; none if it holds anything else.
fn entries(bytes: &[u8], now: UnixTime) -> Vec<Entry> {
    let mut reader = Reader::new(bytes);
    let mut entries = Vec::new();
    while !reader.is_empty() {
        match Entry::read(&mut reader) {
            Some(entry) => entries.push(entry),
            None => return Vec::new(),
        }
    }
    entries.into_iter().filter_map(|entry: Entry| entry.at(now)).collect()
}

/// Puts `entry` in the place of the one with its id. Where there is no room the oldest results go, once the clients that
/// asked for them have had time to get them, and refusals last of all.
fn put(entries: &mut Vec<Entry>, entry: Entry, now: UnixTime) -> Option<Vec<u8>> {
    entries.retain(|other| other.id != entry.id);
    entries.push(entry);
    loop {
        let mut writer = Writer::default();
        entries.iter().for_each(|entry| entry.write(&mut writer));
        let bytes = writer.finish();
        if bytes.len() <= LARGEST_PLACE {
            return Some(bytes);
        }
        let settled = |entry: &Entry| entry.state != State::Leased && entry.from.is_older_than(LEAST_KEPT, now);
        let order = |entry: &Entry| (entry.state == State::Refused, entry.from);
        let oldest =
            entries.iter().enumerate().filter(|(_, entry)| settled(entry)).min_by_key(|(_, entry)| order(entry));
        let (oldest, _) = oldest?;
        entries.remove(oldest);
    }
}

const PLACES: u16 = 512;

/// With [`PLACES`], the most that the table takes is 41 MB; with sessions of the usual size it takes 4 MB when a
/// thousand are refreshed in ten minutes.
const LARGEST_PLACE: usize = 60_000;

/// How long the end of a refresh is kept for requests with the old cookie: of a client that went away, or in another tab.
const KEEP: Duration = Duration::from_mins(10);

/// The most that a session outlives its tokens.
const MOST_LEEWAY: Duration = Duration::from_mins(5);

/// How long it is kept at least.
const LEAST_KEPT: Duration = Duration::from_mins(1);

/// How long a provider that gave no answer is left alone with a session: while its tokens still serve, or less once they
/// are over, when that is `urgent`.
pub const fn rest(urgent: bool) -> Duration {
    if urgent { URGENT_REST } else { REST }
}

const REST: Duration = Duration::from_secs(30);

const URGENT_REST: Duration = Duration::from_secs(5);
