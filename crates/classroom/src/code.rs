//! The join code: students read it from the wall and type it into a phone; nobody outside can guess it.

use rand::{TryRng, rngs::SysRng};
use std::{
    collections::VecDeque,
    fmt, io,
    net::IpAddr,
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq;

/// Letters and digits that can't be mistaken for one another, even from the back row.
const ALPHABET: &[u8; 24] = b"ACDEFGHJKMNPQRTVWXY34679";
/// 24^8 is 110 billion codes: at [`WRONG_IN_ALL`] a minute, trying all of them takes 350 years.
const LENGTH: usize = 8;

/// How long a wrong code counts.
const MINUTE: Duration = Duration::from_mins(1);
/// Wrong codes allowed from one address.
const WRONG_FROM_ONE: usize = 10;
/// Wrong codes allowed from all addresses together.
const WRONG_IN_ALL: usize = 600;

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

/// The wrong codes of the last minute, to limit how often codes may be tried.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    wrong: VecDeque<(Instant, IpAddr)>,
}

impl Attempts {
    /// Whether this address may try a code now. If not, even a right code is rejected: otherwise guessing could go on.
    pub(super) fn may(&mut self, from: IpAddr, now: Instant) -> bool {
        while self.wrong.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= MINUTE) {
            self.wrong.pop_front();
        }
        let from_it = self.wrong.iter().filter(|(_, other)| *other == from).count();
        from_it < WRONG_FROM_ONE && self.wrong.len() < WRONG_IN_ALL
    }

    /// Counts a wrong code.
    pub(super) fn was_wrong(&mut self, from: IpAddr, now: Instant) {
        self.wrong.push_back((now, from));
    }
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
    fn whoever_tries_too_often_has_to_wait() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let address = |n: u16| IpAddr::from([192, 0, n.to_be_bytes()[0], n.to_be_bytes()[1]]);
        for _ in 0..WRONG_FROM_ONE {
            assert!(attempts.may(address(0), now));
            attempts.was_wrong(address(0), now);
        }
        assert!(!attempts.may(address(0), now) && attempts.may(address(1), now));
        for n in WRONG_FROM_ONE..WRONG_IN_ALL {
            assert!(attempts.may(address(n as u16), now));
            attempts.was_wrong(address(n as u16), now);
        }
        assert!(!attempts.may(address(9999), now), "from everywhere together there were too many");
        assert!(!attempts.may(address(0), now + MINUTE / 2) && attempts.may(address(0), now + MINUTE));
        assert!(attempts.wrong.is_empty());
    }
}
