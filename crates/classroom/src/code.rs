//! The join code: students read it from the wall and type it into a phone; nobody outside can guess it.

use rand::{TryRng, rngs::SysRng};
use std::{
    collections::HashMap,
    fmt, io,
    net::IpAddr,
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq;

/// Letters and digits that can't be mistaken for one another, even from the back row.
const ALPHABET: &[u8; 24] = b"ACDEFGHJKMNPQRTVWXY34679";
/// 24^8 is 110 billion codes. [`Attempts`] limits how fast they can be tried.
const LENGTH: usize = 8;

/// How long a wrong code counts.
const MINUTE: Duration = Duration::from_mins(1);
/// How much longer each wrong code of an address makes every next one from there wait.
const STEP: Duration = Duration::from_millis(200);
/// The longest wait. With 1000 connections, that leaves 500 codes a second: a chance of one in 30 000 in two hours.
const LONGEST: Duration = Duration::from_secs(2);

/// A join code. As text it is `ABCD-EFGH`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct JoinCode([u8; LENGTH]);

impl JoinCode {
    /// A new one.
    pub(super) fn random() -> io::Result<Self> {
        let mut code = [0; LENGTH];
        let mut filled = 0;
        while filled < LENGTH {
            let mut bytes = [0; 2 * LENGTH];
            SysRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
            // A byte from 240 on would make the first letters likelier than the last.
            let letters = bytes.iter().filter(|&&byte| byte < 240).map(|byte| ALPHABET[usize::from(byte % 24)]);
            for letter in letters.take(LENGTH - filled) {
                code[filled] = letter;
                filled += 1;
            }
        }
        Ok(Self(code))
    }

    /// Whether this is the code. Case and the hyphen don't matter.
    pub(super) fn is(&self, typed: &str) -> bool {
        let typed: Vec<u8> = typed
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-')
            .map(|byte| byte.to_ascii_uppercase())
            .take(LENGTH + 1)
            .collect();
        // Constant time: how long it takes doesn't show where the first difference is.
        self.0.as_slice().ct_eq(&typed).into()
    }
}

impl fmt::Display for JoinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.0.split_at(LENGTH / 2);
        write!(f, "{}-{}", String::from_utf8_lossy(first), String::from_utf8_lossy(second))
    }
}

/// The code is a secret, so errors and logs must not contain it.
impl fmt::Debug for JoinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// The wrong codes of each address, to limit how fast codes may be tried.
///
/// Nobody is locked out: a whole class may share a router's address, and a right code counts even after many wrong ones
/// from there. All of them wait a moment first, so that trying codes takes too long.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// How many, and when the last one came.
    wrong: HashMap<IpAddr, (u32, Instant)>,
}

impl Attempts {
    /// How long a code from this address has to wait before it is looked at.
    pub(super) fn delay(&self, from: IpAddr, now: Instant) -> Duration {
        let counted = self.wrong.get(&from).filter(|(_, last)| is_recent(*last, now));
        counted.map_or(Duration::ZERO, |(wrong, _)| (STEP * *wrong).min(LONGEST))
    }

    /// Counts a wrong code.
    pub(super) fn was_wrong(&mut self, from: IpAddr, now: Instant) {
        self.wrong.retain(|_, (_, last)| is_recent(*last, now));
        let (wrong, last) = self.wrong.entry(from).or_insert((0, now));
        (*wrong, *last) = (wrong.saturating_add(1).min(1000), now);
    }
}

fn is_recent(last: Instant, now: Instant) -> bool {
    now.saturating_duration_since(last) < MINUTE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_typed_in_many_ways_and_no_two_are_the_same() {
        let (code, other) = (JoinCode::random().unwrap(), JoinCode::random().unwrap());
        let text = code.to_string();
        assert_eq!((text.len(), text.find('-')), (9, Some(4)));
        assert!(text.bytes().all(|byte| byte == b'-' || ALPHABET.contains(&byte)), "{text}");
        for typed in [text.clone(), text.to_lowercase(), text.replace('-', ""), format!(" {} ", text.replace('-', " "))]
        {
            assert!(code.is(&typed) && !other.is(&typed), "{typed}");
        }
        for wrong in ["", "-", &text[1..], &text[..8], &format!("{text}A")] {
            assert!(!code.is(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_else_is_the_code(typed in any::<String>(), place in 0..LENGTH) {
            let code = JoinCode::random().unwrap();
            prop_assert!(!code.is(&typed));
            let mut near = code.clone();
            near.0[place] = ALPHABET[(ALPHABET.iter().position(|&letter| letter == code.0[place]).unwrap() + 1) % 24];
            prop_assert!(!code.is(&near.to_string()));
        }
    }

    #[test]
    fn wrong_codes_delay_those_from_the_same_address_and_nobody_for_long() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let address = |n: u8| IpAddr::from([192, 0, 2, n]);
        assert_eq!(attempts.delay(address(0), now), Duration::ZERO);
        let mut delays = Vec::new();
        for _ in 0..5000 {
            attempts.was_wrong(address(0), now);
            delays.push(attempts.delay(address(0), now));
        }
        assert!(delays.is_sorted() && delays[0] == STEP && delays[4999] == LONGEST);
        assert_eq!(attempts.delay(address(1), now), Duration::ZERO, "others don't wait");
        assert_eq!(attempts.delay(address(0), now + MINUTE), Duration::ZERO);
        attempts.was_wrong(address(1), now + MINUTE);
        assert_eq!(attempts.wrong.len(), 1, "old ones are forgotten");
    }
}
