//! Delivers an answer's body: as fast as the link and its own pace allow, up to where a fault cuts it short, and logs
//! its end.
//!
//! hyper pulls the body whenever it can send. A body without limits costs no more than its [`Payload`].

use super::{
    limits::Places,
    link::Ride,
    log::{Note, ResponseEnd},
    pace::Pace,
    payload::Payload,
    pending::InService,
    socket::Connection,
};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use measure::clock::now_ns;
use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

/// The profile ends this connection here. hyper drops a connection whose answer fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the profile has a fault here: the connection ends")]
pub(super) struct CutShort;

/// A body that is being delivered.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    payload: Payload,
    /// The rest of the payload's current chunk.
    chunk: Bytes,
    sent: u64,
    hold_up: Option<Box<HoldUp>>,
    cut: Option<Box<Cut>>,
    /// The largest chunk, if no length is sent.
    chunk_bytes: Option<u64>,
    note: Option<Note>,
    /// Released at the end.
    held: Held,
}

/// Held by an answer until its body ends.
pub(super) type Held = (Option<InService>, Places);

/// What a body waits for.
#[derive(Debug)]
struct HoldUp {
    ride: Option<Ride>,
    pace: Option<Pace>,
    waits_since_ns: Option<u64>,
    waited_ns: u64,
}

/// Where and how a body ends too early.
#[derive(Debug)]
struct Cut {
    after: u64,
    /// The connection, if it is to be reset.
    reset: Option<Rc<Connection>>,
    is_flushed: bool,
}

impl From<Payload> for Delivery {
    fn from(payload: Payload) -> Self {
        let mut delivery = Self::default();
        delivery.payload = payload;
        delivery
    }
}

impl Delivery {
    /// Bytes still to come.
    pub(super) fn left(&self) -> u64 {
        self.chunk.len() as u64 + self.payload.left()
    }

    /// Limits it by the link, a pace, or both.
    pub(super) fn held_up_by(mut self, ride: Option<Ride>, pace: Option<Pace>) -> Self {
        let is_free = ride.is_none() && pace.is_none();
        self.hold_up = (!is_free).then(|| Box::new(HoldUp { ride, pace, waits_since_ns: None, waited_ns: 0 }));
        self
    }

    /// Cuts it short after half of it, by a reset of this connection or, without one, by an orderly end.
    pub(super) fn cut_short(mut self, reset: Option<Rc<Connection>>) -> Self {
        self.cut = Some(Box::new(Cut { after: self.left() / 2, reset, is_flushed: false }));
        self
    }

    /// Sends chunks of at most this size, without a length in advance.
    pub(super) fn chunked(mut self, chunk_bytes: Option<u64>) -> Self {
        self.chunk_bytes = chunk_bytes;
        self
    }

    /// Logs its end, and keeps its places until then.
    pub(super) fn noted(mut self, note: Option<Note>, held: Held) -> Self {
        (self.note, self.held) = (note, held);
        self
    }

    /// The number of bytes that may be sent by now, once it exceeds those sent.
    fn poll_allowed(&mut self, now_ns: u64, context: &mut Context<'_>) -> Poll<u64> {
        let end = self.cut.as_ref().map_or(self.sent + self.left(), |cut| cut.after);
        let end = self.chunk_bytes.map_or(end, |bytes| end.min(self.sent + bytes));
        match &mut self.hold_up {
            Some(hold_up) => hold_up.poll_allowed(now_ns, self.sent, end, context),
            None => Poll::Ready(end),
        }
    }

    fn take(&mut self, most: u64) -> Option<Bytes> {
        if self.chunk.is_empty() {
            self.chunk = self.payload.next()?;
        }
        let length = usize::try_from(most).unwrap_or(usize::MAX).min(self.chunk.len());
        Some(self.chunk.split_to(length))
    }

    /// Releases what is held and logs the end, on the first call.
    fn end(&mut self, now_ns: u64) {
        self.held = Held::default();
        if let Some(note) = self.note.take() {
            let hold_up = self.hold_up.as_ref();
            note.set(ResponseEnd {
                sent_bytes: self.sent,
                ended_ns: Some(now_ns),
                link_ns: hold_up.map_or(0, |hold_up| hold_up.total_ns(now_ns)),
                link_share: hold_up.and_then(|hold_up| hold_up.ride.as_ref()?.share(now_ns, self.sent)),
            });
        }
    }
}

impl HoldUp {
    fn poll_allowed(&mut self, now_ns: u64, sent: u64, end: u64, context: &mut Context<'_>) -> Poll<u64> {
        // Both are polled, so that both know the waker.
        let served = self.ride.as_mut().map_or(Poll::Ready(end), |ride| ride.poll_served(now_ns, sent, end, context));
        let due = self.pace.as_mut().map_or(Poll::Ready(end), |pace| pace.poll_due(now_ns, sent, end, context));
        if let (Poll::Ready(served), Poll::Ready(due)) = (served, due) {
            self.waited_ns = self.total_ns(now_ns);
            self.waits_since_ns = None;
            Poll::Ready(served.min(due))
        } else {
            self.waits_since_ns.get_or_insert(now_ns);
            Poll::Pending
        }
    }

    fn total_ns(&self, now_ns: u64) -> u64 {
        self.waited_ns + self.waits_since_ns.map_or(0, |since_ns| now_ns.saturating_sub(since_ns))
    }
}

impl Cut {
    /// Ready when it is time to end the connection: what was sent must have left hyper's buffers, which hyper flushes
    /// while the body is pending.
    fn poll(&mut self, context: &Context<'_>) -> Poll<CutShort> {
        if !std::mem::replace(&mut self.is_flushed, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(connection) = &self.reset {
            connection.reset_on_close();
        }
        Poll::Ready(CutShort)
    }
}

impl Body for Delivery {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let now_ns = now_ns();
        let sent = self.sent;
        if let Some(cut) = self.cut.as_mut().filter(|cut| sent >= cut.after) {
            let cut_short = ready!(cut.poll(context));
            self.end(now_ns);
            return Poll::Ready(Some(Err(cut_short)));
        }
        let allowed = ready!(self.poll_allowed(now_ns, context));
        let chunk = self.take(allowed - sent);
        if let Some(chunk) = &chunk {
            let length = chunk.len() as u64;
            self.sent += length;
            if let Some(pace) = self.hold_up.as_mut().and_then(|hold_up| hold_up.pace.as_mut()) {
                pace.handed_over(now_ns, length);
            }
        }
        if self.left() == 0 {
            self.end(now_ns);
        }
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    /// Exact, so an answer has a `Content-Length`, even if it will be cut short.
    fn size_hint(&self) -> SizeHint {
        if self.chunk_bytes.is_some() { SizeHint::default() } else { SizeHint::with_exact(self.left()) }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // Most bodies have already ended, and those without a note need no clock.
        if self.note.is_some() {
            self.end(now_ns());
        }
    }
}
