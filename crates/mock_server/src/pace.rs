//! One body's own pace, slower than its connection: a drip. It is behind the link, like a slow client.

use super::timer::Timer;
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

/// A body is sent in pieces of about this much time, nanoseconds, so that it looks steady.
const PIECE_NS: f64 = 10e6;
const LARGEST_PIECE: u64 = 16 * 1024;
/// Late wake-ups up to this are made up for. Any excess was a wait for the link, and is not made up for.
const MOST_LATENESS_NS: u64 = 20_000_000;

pub(super) struct Pace {
    bytes_per_ns: f64,
    /// When the bytes sent so far were due.
    due_ns: u64,
    timer: Timer,
    sleep: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Pace {
    /// A pace from now on, above 0 bytes per second.
    pub(super) fn new(now_ns: u64, bytes_per_s: f64, timer: Timer) -> Self {
        Self { bytes_per_ns: bytes_per_s / 1e9, due_ns: now_ns, timer, sleep: None }
    }

    /// Ready when one more piece may be sent: up to which byte.
    pub(super) fn poll_due(&mut self, now_ns: u64, sent: u64, end: u64, context: &mut Context<'_>) -> Poll<u64> {
        let next = (sent + self.piece()).min(end);
        let due_ns = self.next_due_ns(next - sent);
        if now_ns >= due_ns {
            return Poll::Ready(next);
        }
        let timer = &self.timer;
        let sleep = self.sleep.get_or_insert_with(|| {
            let timer = timer.clone();
            Box::pin(async move { timer.sleep_until(due_ns).await })
        });
        if sleep.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.sleep = None;
        Poll::Ready(next)
    }

    /// So many bytes were sent.
    pub(super) fn handed_over(&mut self, now_ns: u64, bytes: u64) {
        self.sleep = None;
        self.due_ns = self.next_due_ns(bytes).max(now_ns.saturating_sub(MOST_LATENESS_NS));
    }

    fn piece(&self) -> u64 {
        ((self.bytes_per_ns * PIECE_NS) as u64).clamp(1, LARGEST_PIECE)
    }

    fn next_due_ns(&self, bytes: u64) -> u64 {
        self.due_ns.saturating_add((bytes as f64 / self.bytes_per_ns).ceil() as u64)
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pace").field("bytes_per_ns", &self.bytes_per_ns).finish_non_exhaustive()
    }
}
