//! How transfers share a link: pure arithmetic, without a clock or bytes.
//!
//! All transfers in flight get the same rate, the link's bandwidth divided by their number, so one number tells the
//! progress of each: `V`, the bytes that the link has served to every transfer so far. `V` grows by `B / n` per second.
//! A transfer of S bytes that joins at `V0` has had `V - V0` bytes since, and ends when `V` is `V0 + S`, whatever other
//! transfers join and leave. This is known as processor sharing, and `V` as virtual time.
//!
//! [`Sharing::advance`] replays the departures between two calls, in order. So a late call changes nothing: capacity is
//! neither lost nor given twice. Without transfers, `V` stays constant, so an idle link saves up no capacity.
//!
//! A served transfer leaves the link, even if its client is slow to read the bytes: as on a real network, where they
//! would be in a buffer behind the bottleneck.

use std::{cmp::Ordering, collections::BTreeSet};

/// Tolerance for rounding: a millionth of a byte.
const ROUNDING: f64 = 1e-6;

/// The state of a link. Instants are nanoseconds on any one axis.
#[derive(Debug, Clone)]
pub struct Sharing {
    bytes_per_ns: f64,
    most_each_per_ns: f64,
    /// `V`, as of `at_ns`.
    served: f64,
    at_ns: u64,
    /// Where each transfer in flight ends, and its number.
    ends: BTreeSet<(Position, u64)>,
    next_number: u64,
}

/// A value of `V`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position(f64);

impl Eq for Position {}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// One body on its way over a link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transfer {
    pub(super) number: u64,
    from: f64,
    bytes: u64,
}

impl Transfer {
    /// The value of `V` at which `bytes` of this transfer have been served.
    pub(super) fn position(&self, bytes: u64) -> Position {
        Position(self.from + bytes.min(self.bytes) as f64)
    }

    fn end(&self) -> (Position, u64) {
        (self.position(self.bytes), self.number)
    }
}

impl Sharing {
    /// A link of this bandwidth, with a cap for each transfer. Either may be infinite, not both.
    pub fn new(bytes_per_s: f64, most_each_per_s: f64) -> Self {
        Self {
            bytes_per_ns: bytes_per_s / 1e9,
            most_each_per_ns: most_each_per_s / 1e9,
            served: 0.0,
            at_ns: 0,
            ends: BTreeSet::new(),
            next_number: 0,
        }
    }

    /// Begins a transfer.
    pub fn join(&mut self, now_ns: u64, bytes: u64) -> Transfer {
        self.advance(now_ns);
        let transfer = Transfer { number: self.next_number, from: self.served, bytes };
        self.next_number += 1;
        self.ends.insert(transfer.end());
        transfer
    }

    /// Ends a transfer early. If it has been served, nothing changes.
    pub fn leave(&mut self, now_ns: u64, transfer: &Transfer) {
        self.advance(now_ns);
        self.ends.remove(&transfer.end());
    }

    /// Brings the link up to this instant. Earlier ones change nothing.
    pub fn advance(&mut self, now_ns: u64) {
        let mut left_ns = now_ns.saturating_sub(self.at_ns) as f64;
        self.at_ns = self.at_ns.max(now_ns);
        while let Some(&(end, _)) = self.ends.first() {
            let rate = self.rate(self.ends.len());
            let needed_ns = (end.0 - self.served) / rate;
            if needed_ns > left_ns {
                self.served += left_ns * rate;
                return;
            }
            left_ns -= needed_ns.max(0.0);
            self.served = self.served.max(end.0);
            self.ends.pop_first();
        }
    }

    /// Whole bytes of this transfer that have been served, as of the last instant.
    pub fn served(&self, transfer: &Transfer) -> u64 {
        ((self.served - transfer.from + ROUNDING) as u64).min(transfer.bytes)
    }

    /// The instant, rounded up, when `bytes` of this transfer will have been served, unless one joins or leaves before.
    pub fn when(&self, transfer: &Transfer, bytes: u64) -> u64 {
        self.when_at(transfer.position(bytes))
    }

    pub(super) fn when_at(&self, position: Position) -> u64 {
        let (mut served, mut ns) = (self.served, 0.0);
        for (passed, &(end, _)) in self.ends.iter().enumerate() {
            let stretch = end.min(position).0 - served;
            ns += stretch.max(0.0) / self.rate(self.ends.len() - passed);
            served += stretch.max(0.0);
            if end >= position {
                break;
            }
        }
        self.at_ns.saturating_add(ns.ceil() as u64)
    }

    pub(super) fn has_reached(&self, position: Position) -> bool {
        self.served + ROUNDING >= position.0
    }

    /// Bytes per nanosecond for each of so many transfers.
    fn rate(&self, transfers: usize) -> f64 {
        (self.bytes_per_ns / transfers as f64).min(self.most_each_per_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    /// When each of these (arrival, bytes) ends on an ideally shared link: counts down the rest of each from one
    /// arrival or departure to the next. Seconds.
    fn ideal_ends(arrivals: &[(f64, f64)], rate: f64, most_each: f64) -> Vec<f64> {
        let mut left: Vec<f64> = arrivals.iter().map(|(_, bytes)| *bytes).collect();
        let mut ends = vec![f64::INFINITY; arrivals.len()];
        let mut now = 0.0;
        while ends.iter().any(|end| end.is_infinite()) {
            let active: Vec<usize> =
                (0..left.len()).filter(|&at| arrivals[at].0 <= now && ends[at].is_infinite()).collect();
            let each = (rate / active.len() as f64).min(most_each);
            let next_arrival = arrivals.iter().map(|(at, _)| *at).filter(|at| *at > now).fold(f64::INFINITY, f64::min);
            let next_end = active.iter().map(|&at| now + left[at] / each).fold(f64::INFINITY, f64::min);
            let next = next_arrival.min(next_end);
            for &at in &active {
                let will_end = now + left[at] / each <= next;
                left[at] -= (next - now) * each;
                if will_end {
                    ends[at] = next;
                }
            }
            now = next;
        }
        ends
    }

    proptest! {
        #[test]
        fn every_transfer_ends_when_ideal_sharing_ends_it(
            arrivals in prop::collection::vec((0_u32..2_000, 1_u64..300_000), 1..40),
            rate in 1e5..6e7_f64,
            most_each in prop_oneof![Just(f64::INFINITY), 1e5..6e7_f64],
        ) {
            let mut arrivals: Vec<(u64, u64)> =
                arrivals.iter().map(|&(ms, bytes)| (u64::from(ms) * 1_000_000, bytes)).collect();
            arrivals.sort_unstable();
            let seconds: Vec<(f64, f64)> = arrivals.iter().map(|&(ns, bytes)| (ns as f64 / 1e9, bytes as f64)).collect();
            let mut link = Sharing::new(rate, most_each);
            let transfers: Vec<Transfer> = arrivals.iter().map(|&(at_ns, bytes)| link.join(at_ns, bytes)).collect();
            // The ends after the last arrival are predicted exactly; those before it must be past.
            let last_ns = arrivals.last().unwrap().0;
            for ((transfer, ideal), &(_, bytes)) in
                transfers.iter().zip(ideal_ends(&seconds, rate, most_each)).zip(&arrivals)
            {
                let when_ns = link.when(transfer, bytes);
                if ideal * 1e9 > last_ns as f64 + 10.0 {
                    prop_assert!((when_ns as f64 - ideal * 1e9).abs() < 10.0, "{} {}", when_ns, ideal);
                } else if ideal * 1e9 < last_ns as f64 - 10.0 {
                    prop_assert_eq!(link.served(transfer), bytes);
                }
            }
        }

        #[test]
        fn looking_often_or_late_makes_no_difference(
            arrivals in prop::collection::vec((0_u64..500_000_000, 1_u64..300_000), 1..20),
            looks in prop::collection::vec(0_u64..500_000_000, 0..50),
        ) {
            let mut events: Vec<(u64, Option<u64>)> =
                arrivals.iter().map(|&(at_ns, bytes)| (at_ns, Some(bytes))).collect();
            events.extend(looks.iter().map(|&at_ns| (at_ns, None)));
            events.sort_unstable();
            let (mut often, mut seldom) = (Sharing::new(5.3e6, f64::INFINITY), Sharing::new(5.3e6, f64::INFINITY));
            let mut pairs = Vec::new();
            for (at_ns, event) in events {
                match event {
                    Some(bytes) => pairs.push((often.join(at_ns, bytes), seldom.join(at_ns, bytes), bytes)),
                    None => often.advance(at_ns),
                }
            }
            for link in [&mut often, &mut seldom] {
                link.advance(SECOND / 2);
            }
            for (one, other, bytes) in pairs {
                prop_assert!(often.when(&one, bytes).abs_diff(seldom.when(&other, bytes)) < 10);
            }
        }

        #[test]
        fn no_more_is_served_than_the_link_carries_and_nothing_is_saved_up(
            steps in prop::collection::vec((0_u64..50_000_000, 0_u8..4, 1_u64..300_000), 1..80),
            rate in 1e5..6e7_f64,
        ) {
            let mut link = Sharing::new(rate, f64::INFINITY);
            let mut flying: Vec<(Transfer, u64)> = Vec::new();
            let (mut now_ns, mut delivered, mut busy_ns) = (0, 0, 0.0);
            for (pause_ns, what, bytes) in steps {
                // Busy until the last of those in flight is served, whichever comes first.
                let last_ns = flying.iter().map(|(one, bytes)| link.when(one, *bytes)).max().unwrap_or(now_ns);
                busy_ns += last_ns.min(now_ns + pause_ns).saturating_sub(now_ns) as f64;
                now_ns += pause_ns;
                link.advance(now_ns);
                if what == 0 && !flying.is_empty() {
                    let (one, _) = flying.swap_remove(bytes as usize % flying.len());
                    delivered += link.served(&one);
                    link.leave(now_ns, &one);
                } else {
                    flying.push((link.join(now_ns, bytes), bytes));
                }
                let served = delivered + flying.iter().map(|(one, _)| link.served(one)).sum::<u64>();
                let carried = busy_ns * rate / 1e9;
                // Only whole bytes count, so up to one of each transfer may be missing.
                prop_assert!(served as f64 <= carried + 1.0, "{} {}", served, carried);
                prop_assert!(served as f64 >= carried - 100.0 - rate / 1e9 * 100.0, "{} {}", served, carried);
            }
        }
    }

    #[test]
    fn a_transfer_that_leaves_gives_its_share_to_the_others() {
        let mut link = Sharing::new(1e6, f64::INFINITY);
        let (one, other) = (link.join(0, 500_000), link.join(0, 500_000));
        assert_eq!(link.when(&one, 500_000), SECOND);
        link.leave(SECOND / 2, &other);
        assert_eq!(link.served(&one), 250_000);
        assert_eq!(link.when(&one, 500_000), SECOND * 3 / 4);
        link.leave(SECOND / 2, &other);
        assert_eq!(link.when(&one, 500_000), SECOND * 3 / 4, "leaving twice changes nothing");
    }

    #[test]
    fn a_foretold_instant_counts_the_departures_before_it() {
        let mut link = Sharing::new(1e6, f64::INFINITY);
        let long = link.join(0, 300_000);
        link.join(0, 100_000);
        // Half the link until 0.2 s, all of it afterwards.
        assert_eq!(link.when(&long, 300_000), SECOND * 4 / 10);
    }
}
