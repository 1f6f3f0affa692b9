//! The participants: a random number for each browser, kept in a cookie. No names, no accounts.

use rand::{TryRng, rngs::SysRng};
use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    str::FromStr,
    time::{Duration, Instant},
};

/// More than any lecture hall holds.
const MOST: usize = 500;
/// Most from one address: a phone needs one, and a whole row of phones may share a router's address.
const MOST_FROM_ONE: usize = 100;
/// How long a seat stays taken after its last page was closed, or after it was taken without opening one. A phone whose
/// screen was locked for longer needs the code again, if somebody else needed a seat meanwhile. Its guess counts all the same.
const KEPT: Duration = Duration::from_mins(10);
/// Most event streams of one seat: one for each open page, and one more for a reload or a change of network.
const STREAMS_OF_ONE: u32 = 6;
/// How many guesses, or answers to the quiz, a participant may send at once.
const BURST: f64 = 20.0;
/// How many more they may send each second.
const PER_SECOND: f64 = 1.0;

/// A seat's number: a browser that knows it acts for the seat. As text it is 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StudentSeat(u128);

impl StudentSeat {
    /// A number that nobody can guess.
    pub(super) fn random() -> Result<Self, NoSeat> {
        let mut bytes = [0; 16];
        SysRng.try_fill_bytes(&mut bytes).map_err(|error| NoSeat::NoRandomness(error.to_string()))?;
        Ok(Self(u128::from_le_bytes(bytes)))
    }
}

impl fmt::Display for StudentSeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The number is a secret, so errors and logs must not contain it.
impl fmt::Debug for StudentSeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seat(..)")
    }
}

impl FromStr for StudentSeat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_ours = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Self).ok_or(())
    }
}

/// Why a browser gets no seat, or has to wait.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoSeat {
    #[error("the classroom is full: {MOST} participants have joined")]
    Full,
    #[error("{MOST_FROM_ONE} participants have already joined from your address")]
    FullFromThere,
    #[error("you already have {STREAMS_OF_ONE} open pages: close one of them")]
    TooManyPages,
    #[error("too many guesses; wait a few seconds")]
    TooFast,
    #[error("the system has no random numbers: {0}")]
    NoRandomness(String),
}

/// The seats that are taken.
#[derive(Debug, Default)]
pub(super) struct Seats {
    all: HashMap<StudentSeat, TakenSeat>,
}

#[derive(Debug)]
struct TakenSeat {
    from: IpAddr,
    allowance: Allowance,
    /// Its open event streams.
    streams: u32,
    /// When it was taken, or its last stream closed.
    seen: Instant,
}

impl Seats {
    /// How many are taken.
    pub(super) fn taken(&self) -> u32 {
        self.all.len() as u32
    }

    /// How many have an open page.
    pub(super) fn connected(&self) -> u32 {
        self.all.values().filter(|taken| taken.streams > 0).count() as u32
    }

    pub(super) fn holds(&self, seat: StudentSeat) -> bool {
        self.all.contains_key(&seat)
    }

    /// Takes this seat; nothing happens if it is taken already.
    pub(super) fn take(&mut self, seat: StudentSeat, from: IpAddr, now: Instant) -> Result<(), NoSeat> {
        if self.holds(seat) {
            return Ok(());
        }
        self.all.retain(|_, taken| taken.streams > 0 || now.saturating_duration_since(taken.seen) < KEPT);
        if self.all.len() >= MOST {
            return Err(NoSeat::Full);
        }
        if self.all.values().filter(|taken| taken.from == from).count() >= MOST_FROM_ONE {
            return Err(NoSeat::FullFromThere);
        }
        let allowance = Allowance { left: BURST, at: now };
        self.all.insert(seat, TakenSeat { from, allowance, streams: 0, seen: now });
        Ok(())
    }

    /// Counts a stream that a seat opens. One that nobody holds has none.
    pub(super) fn opens(&mut self, seat: StudentSeat) -> Result<(), NoSeat> {
        match self.all.get_mut(&seat) {
            Some(taken) if taken.streams >= STREAMS_OF_ONE => Err(NoSeat::TooManyPages),
            taken => {
                taken.into_iter().for_each(|taken| taken.streams += 1);
                Ok(())
            }
        }
    }

    /// A stream of the seat has closed.
    pub(super) fn closes(&mut self, seat: StudentSeat, now: Instant) {
        if let Some(taken) = self.all.get_mut(&seat) {
            taken.streams = taken.streams.saturating_sub(1);
            taken.seen = now;
        }
    }

    /// Frees all seats.
    pub(super) fn clear(&mut self) {
        self.all.clear();
    }

    /// Counts a guess; a browser without a seat takes this one.
    pub(super) fn may_guess(&mut self, seat: StudentSeat, from: IpAddr, now: Instant) -> Result<(), NoSeat> {
        self.take(seat, from, now)?;
        let may = self.all.get_mut(&seat).is_some_and(|taken| taken.allowance.spend(now));
        if may { Ok(()) } else { Err(NoSeat::TooFast) }
    }
}

/// What a seat may still send now.
#[derive(Debug)]
struct Allowance {
    left: f64,
    at: Instant,
}

impl Allowance {
    fn spend(&mut self, now: Instant) -> bool {
        let since_s = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left, self.at) = ((self.left + since_s * PER_SECOND).min(BURST), now);
        let may = self.left >= 1.0;
        if may {
            self.left -= 1.0;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_seat_survives_the_cookie_and_nothing_else_is_one() {
        let seat = StudentSeat::random().unwrap();
        assert_eq!(seat.to_string().parse(), Ok(seat));
        assert_eq!(format!("{seat:?}"), "Seat(..)");
        for wrong in ["", "0", &"+".repeat(32), &"g".repeat(32), &"0".repeat(33), &format!("+{}", "0".repeat(31))] {
            assert_eq!(wrong.parse::<StudentSeat>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn there_are_so_many_and_no_address_gets_them_all() {
        let (mut seats, now) = (Seats::default(), Instant::now());
        let mut take = |n: u128, row: u8| seats.take(StudentSeat(n), IpAddr::from([192, 0, 2, row]), now);
        for n in 0..MOST as u128 {
            let row = (n / MOST_FROM_ONE as u128) as u8;
            assert_eq!(take(n, row), Ok(()));
            assert_eq!(take(n, row), Ok(()), "it has its seat");
            if n + 1 == MOST_FROM_ONE as u128 {
                assert_eq!(take(n + 1, 0), Err(NoSeat::FullFromThere));
            }
        }
        assert_eq!(take(9999, 99), Err(NoSeat::Full));
        assert_eq!(seats.taken(), MOST as u32);
    }

    #[test]
    fn a_seat_is_freed_some_time_after_its_last_page_was_closed() {
        let (mut seats, start) = (Seats::default(), Instant::now());
        let take = |seats: &mut Seats, n: u128, at| seats.take(StudentSeat(n), HERE, at);
        for n in 0..MOST_FROM_ONE as u128 {
            take(&mut seats, n, start).unwrap();
        }
        let (watches, left) = (StudentSeat(1), StudentSeat(2));
        for _ in 0..STREAMS_OF_ONE {
            seats.opens(watches).unwrap();
        }
        assert_eq!(seats.opens(watches), Err(NoSeat::TooManyPages));
        seats.opens(left).unwrap();
        assert_eq!(seats.connected(), 2);
        let later = start + KEPT / 2;
        seats.closes(left, later);
        assert_eq!((seats.connected(), take(&mut seats, 999, later)), (1, Err(NoSeat::FullFromThere)));
        // Those that never opened a page are gone, and after as long again the one that closed it.
        assert_eq!((take(&mut seats, 999, start + KEPT), seats.taken()), (Ok(()), 3));
        assert!(seats.holds(left));
        assert_eq!(
            (take(&mut seats, 998, later + KEPT), seats.holds(left), seats.holds(watches)),
            (Ok(()), false, true)
        );
        seats.clear();
        assert_eq!((seats.taken(), seats.holds(watches)), (0, false));
        seats.closes(watches, later);
        assert_eq!(seats.taken(), 0);
    }

    #[test]
    fn guesses_that_come_too_fast_have_to_wait() {
        let (mut seats, now) = (Seats::default(), Instant::now());
        for _ in 0..BURST as u32 {
            assert_eq!(seats.may_guess(StudentSeat(1), HERE, now), Ok(()));
        }
        assert_eq!(seats.may_guess(StudentSeat(1), HERE, now), Err(NoSeat::TooFast));
        assert_eq!(seats.may_guess(StudentSeat(2), HERE, now), Ok(()), "another one is not held up");
        let later = now + Duration::from_secs(2);
        assert_eq!(seats.may_guess(StudentSeat(1), HERE, later), Ok(()));
        assert_eq!(seats.may_guess(StudentSeat(1), HERE, later), Ok(()));
        assert_eq!(seats.may_guess(StudentSeat(1), HERE, later), Err(NoSeat::TooFast));
    }
}
