//! Server-sent events: the room whenever it changes, and the events of the race.
//!
//! A stream has no queue. It remembers its position in the log, and reads on when there is something new and the
//! browser has taken the previous piece. So a slow browser costs no memory and delays nobody: it gets fewer events.

use super::session::OpenStream;
use bytes::Bytes;
use futures_util::{Stream, stream};
use hyper::body::Frame;
use std::{convert::Infallible, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{sleep, timeout},
};

/// Keep-alive for quiet streams: only sending something shows that a browser is gone.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that come within this time are sent together.
const BREATH: Duration = Duration::from_millis(20);
/// About how much is sent to a browser at once.
const PIECE_BYTES: usize = 64 * 1024;
/// How long a browser waits before it reconnects, in milliseconds.
const RETRY: &str = "retry: 1000\n\n";

/// A position in the current race's events: the race's number and the event's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    pub race: u32,
    pub number: u64,
}

impl Heard {
    /// Parses a browser's `Last-Event-ID`: `RACE.K`.
    pub(super) fn parse(id: &str) -> Option<Self> {
        let (race, number) = id.split_once('.')?;
        Some(Self { race: race.parse().ok()?, number: number.parse().ok()? })
    }
}

/// A stream's position.
#[derive(Debug)]
struct EventReader {
    stream: OpenStream,
    changes: watch::Receiver<u64>,
    race: u32,
    /// The next event to send.
    next: u64,
    /// The version of the room that was sent last.
    version: u64,
    greeted: bool,
    /// Holds one of the limited number of streams.
    _place: OwnedSemaphorePermit,
}

/// The events after the last one received; the whole current race where the browser has none of it.
pub(super) fn stream(
    stream: OpenStream,
    heard: Option<Heard>,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    let (race, next) = heard.map_or((0, 0), |heard| (heard.race, heard.number.saturating_add(1)));
    let changes = stream.session.changes();
    let reader = EventReader { stream, changes, race, next, version: 0, greeted: false, _place: place };
    stream::unfold(reader, async |mut reader| {
        let news = reader.news().await?;
        Some((Ok(Frame::data(news)), reader))
    })
}

impl EventReader {
    /// The next piece, as soon as something is new; `None` when the classroom closes.
    async fn news(&mut self) -> Option<Bytes> {
        loop {
            self.changes.borrow_and_update();
            if self.stream.is_over() {
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
        let (race, end) = self.stream.session.with_log(|log| (log.race(), log.end()));
        if self.race != race || self.next > end {
            // The stream follows this race from here on.
            (self.race, self.next) = (race, 0);
            self.tell_room(&mut news);
        }
        match self.stream.session.with_log(|log| log.since(self.next, PIECE_BYTES)) {
            Some((events, next)) => {
                news.extend_from_slice(&events);
                self.next = next;
            }
            // The end of a race is sent after the events that led to it.
            None => self.tell_room(&mut news),
        }
        news
    }

    fn tell_room(&mut self, news: &mut Vec<u8>) {
        let version = self.stream.session.version();
        if self.version != version {
            self.version = version;
            news.extend_from_slice(b"event: room\ndata: ");
            news.extend_from_slice(&self.stream.session.room());
            news.extend_from_slice(b"\n\n");
        }
    }
}
