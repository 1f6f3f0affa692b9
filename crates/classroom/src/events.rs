//! The news, as server-sent events: the room whenever it changes, and the events of the race.
//!
//! A stream has no queue. It remembers how far its browser has heard, and looks into the log when there is something new and
//! the browser has taken what it got before. So one that reads slowly costs no memory and holds nobody up: it hears less.

use super::session::Session;
use bytes::Bytes;
use futures_util::{Stream, stream};
use hyper::body::Frame;
use std::{convert::Infallible, rc::Rc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{sleep, timeout},
};

/// A sign of life where there are no news: a browser that is gone is noticed when something is sent to it.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// What comes in quick succession goes out together.
const BREATH: Duration = Duration::from_millis(20);
/// How much a browser gets at once, about.
const PIECE_BYTES: usize = 64 * 1024;
/// How long a browser waits before it comes again, in milliseconds.
const RETRY: &str = "retry: 1000\n\n";

/// A place in the current race's events: the race's number, and that of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    pub race: u32,
    pub number: u64,
}

impl Heard {
    /// What a browser says it has heard last: `RACE.K`.
    pub(super) fn parse(id: &str) -> Option<Self> {
        let (race, number) = id.split_once('.')?;
        Some(Self { race: race.parse().ok()?, number: number.parse().ok()? })
    }
}

/// How far a browser has heard.
#[derive(Debug)]
struct EventReader {
    session: Rc<Session>,
    changes: watch::Receiver<u64>,
    race: u32,
    /// The next event to hear.
    next: u64,
    /// The room that it knows.
    version: u64,
    greeted: bool,
    /// One of the streams that there may be.
    _place: OwnedSemaphorePermit,
}

/// The news from what was heard last on; all of the current race, where that was nothing of it.
pub(super) fn stream(
    session: Rc<Session>,
    heard: Option<Heard>,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    let (race, next) = heard.map_or((0, 0), |heard| (heard.race, heard.number.saturating_add(1)));
    let changes = session.changes();
    let reader = EventReader { session, changes, race, next, version: 0, greeted: false, _place: place };
    stream::unfold(reader, async |mut reader| {
        let news = reader.news().await?;
        Some((Ok(Frame::data(news)), reader))
    })
}

impl EventReader {
    /// What is new, as soon as something is; `None` when the classroom closes.
    async fn news(&mut self) -> Option<Bytes> {
        loop {
            self.changes.borrow_and_update();
            if self.session.is_closed() {
                return None;
            }
            let news = self.gather();
            if !news.is_empty() {
                return Some(news.into());
            }
            match timeout(HEARTBEAT, self.changes.changed()).await {
                Ok(Ok(())) => sleep(BREATH).await,
                Ok(Err(_)) => return None,
                Err(_) => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }

    fn gather(&mut self) -> Vec<u8> {
        let mut news = Vec::new();
        if !self.greeted {
            self.greeted = true;
            news.extend_from_slice(RETRY.as_bytes());
            self.tell_room(&mut news);
        }
        let (race, end) = self.session.with_log(|log| (log.race(), log.end()));
        if self.race != race || self.next > end {
            // The race that it hears of from here on.
            (self.race, self.next) = (race, 0);
            self.tell_room(&mut news);
        }
        match self.session.with_log(|log| log.since(self.next, PIECE_BYTES)) {
            Some((events, next)) => {
                news.extend_from_slice(&events);
                self.next = next;
            }
            // The end of a race is told after what led to it.
            None => self.tell_room(&mut news),
        }
        news
    }

    fn tell_room(&mut self, news: &mut Vec<u8>) {
        let version = self.session.version();
        if self.version != version {
            self.version = version;
            news.extend_from_slice(b"event: room\ndata: ");
            news.extend_from_slice(&self.session.room());
            news.extend_from_slice(b"\n\n");
        }
    }
}
