//! A question to the class: guesses are sealed once the race runs, and revealed when it is over.
//!
//! Predicting a demonstration's result teaches more than seeing it (Crouch, Fagen, Callan and Mazur, "Classroom
//! demonstrations: Learning tools or entertainment?", American Journal of Physics 72, 2004). No guess is shown before
//! the result: students who hear one repeat it.

use super::{participants::StudentSeat, wire};
use stats::{Estimate, looks::ALPHA, median::median, student::Mean};
use std::collections::BTreeMap;

/// The question to the class, with its guesses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AskedQuestion {
    pub text: String,
    pub cell: String,
    guesses: BTreeMap<StudentSeat, wire::Guess>,
    pub revealed: Option<wire::Revealed>,
}

impl AskedQuestion {
    pub(super) fn new(text: String, cell: String) -> Self {
        Self { text, cell, guesses: BTreeMap::new(), revealed: None }
    }

    /// Records a guess; it replaces an earlier one of the same seat.
    pub(super) fn guess(&mut self, seat: StudentSeat, guess: wire::Guess) {
        self.guesses.insert(seat, guess);
    }

    /// Reveals the result: how long the cell took in each round.
    pub(super) fn reveal(&mut self, times_s: &[f64]) {
        self.revealed = measured(times_s).map(|measured| {
            let guesses = self.sorted();
            let seconds: Vec<f64> = guesses.iter().map(|guess| guess.seconds).collect();
            wire::Revealed {
                measured,
                rounds: times_s.len() as u32,
                median: median(&seconds),
                closest: closest(&guesses, measured.estimate),
                guesses,
            }
        });
    }

    /// Every guess, smallest first.
    pub(super) fn sorted(&self) -> Vec<wire::Guess> {
        let mut guesses: Vec<wire::Guess> = self.guesses.values().cloned().collect();
        guesses.sort_by(|a, b| a.seconds.total_cmp(&b.seconds).then_with(|| a.name.cmp(&b.name)));
        guesses
    }

    /// What everybody may see now.
    pub(super) fn to_wire(&self) -> wire::Question {
        wire::Question {
            text: self.text.clone(),
            cell: self.cell.clone(),
            guesses: self.guesses.len() as u32,
            revealed: self.revealed.clone(),
        }
    }
}

/// The mean of the rounds with its 95 % interval; for a single round, its time alone.
fn measured(times_s: &[f64]) -> Option<Estimate> {
    match times_s {
        [] => None,
        [only] => Some(Estimate { estimate: *only, low: *only, high: *only }),
        several => Mean::of(several).map(|mean| mean.interval(ALPHA)),
    }
}

/// The closest guesses by ratio: half as long is as far off as twice as long, and a guess near zero is never close.
fn closest(guesses: &[wire::Guess], measured_s: f64) -> Vec<String> {
    let off = |guess: &wire::Guess| (guess.seconds / measured_s).ln().abs();
    let least = guesses.iter().map(off).fold(f64::INFINITY, f64::min);
    guesses.iter().filter(|guess| off(guess) <= least).map(|guess| guess.name.clone()).collect()
}

/// Longest name, in characters.
const LONGEST_NAME: usize = 24;
/// Longest time that may be guessed: a day, in seconds.
const LONGEST_S: f64 = 86_400.0;

/// A guess that is not a possible time.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("`seconds`: found {0}, expected more than 0 and at most {LONGEST_S}")]
pub(super) struct Absurd(f64);

/// Validates a guess and cleans up its name.
pub(super) fn check(guess: &wire::Guess) -> Result<wire::Guess, Absurd> {
    if guess.seconds > 0.0 && guess.seconds <= LONGEST_S {
        Ok(wire::Guess { name: presentable(&guess.name), seconds: guess.seconds })
    } else {
        Err(Absurd(guess.seconds))
    }
}

/// Removes invisible characters and those that change the direction of the text around the name.
fn presentable(name: &str) -> String {
    let visible = |c: &char| {
        let unseen = matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
        !c.is_control() && !unseen
    };
    let words: String = name.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(visible).collect();
    let short: String = words.trim().chars().take(LONGEST_NAME).collect();
    short.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guess(name: &str, seconds: f64) -> wire::Guess {
        wire::Guess { name: name.into(), seconds }
    }

    fn asked(guesses: &[(&str, f64)]) -> AskedQuestion {
        let mut question = AskedQuestion::new("How long?".into(), "threads x 2".into());
        for (name, seconds) in guesses {
            question.guess(StudentSeat::random().unwrap(), guess(name, *seconds));
        }
        question
    }

    #[test]
    fn what_was_guessed_beside_what_was_measured() {
        let mut question = asked(&[("Ann", 4.0), ("Bob", 0.5), ("Cid", 0.1)]);
        question.reveal(&[0.9, 1.0, 1.1]);
        let revealed = question.revealed.unwrap();
        // R, `t.test(c(0.9, 1, 1.1))$conf.int`: 0.7515862 to 1.2484138.
        assert!((revealed.measured.estimate - 1.0).abs() < 1e-12 && (revealed.measured.low - 0.751_586_2).abs() < 1e-6);
        assert_eq!((revealed.rounds, revealed.median), (3, Some(0.5)));
        // A fifth is farther off than half; four times as much is farther off than half.
        assert_eq!(revealed.closest, ["Bob"]);
        assert_eq!(revealed.guesses, [guess("Cid", 0.1), guess("Bob", 0.5), guess("Ann", 4.0)]);
    }

    #[test]
    fn half_as_long_is_as_far_off_as_twice_as_long() {
        let mut question = asked(&[("Ann", 0.5), ("Bob", 0.125), ("Cid", 0.0625)]);
        question.reveal(&[0.25]);
        let revealed = question.revealed.unwrap();
        assert_eq!(revealed.measured, Estimate { estimate: 0.25, low: 0.25, high: 0.25 });
        assert_eq!((revealed.closest, revealed.median), (vec!["Bob".to_owned(), "Ann".to_owned()], Some(0.125)));
    }

    #[test]
    fn without_guesses_the_measurement_stands_alone_and_without_a_measurement_nothing_does() {
        let mut question = asked(&[]);
        question.reveal(&[1.0]);
        let revealed = question.revealed.unwrap();
        assert_eq!((revealed.median, revealed.closest.len()), (None, 0));
        let mut question = asked(&[("Ann", 1.0)]);
        question.reveal(&[]);
        assert_eq!(question.revealed, None);
    }

    #[test]
    fn absurd_guesses_do_not_count() {
        for absurd in [0.0, -0.0, -1.0, 86_400.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(check(&guess("", absurd)).is_err(), "{absurd}");
        }
        for fine in [f64::MIN_POSITIVE, 1e-3, 86_400.0] {
            assert_eq!(check(&guess("", fine)), Ok(guess("", fine)));
        }
    }

    #[test]
    fn names_are_made_presentable() {
        for (given, shown) in [
            ("  Ann \n", "Ann"),
            ("Ann\tB.", "Ann B."),
            ("\u{202e}nnA\u{202c}", "nnA"),
            ("A\u{0}n\u{7f}n\u{9b}", "Ann"),
            ("\u{200b}\u{2066}\u{feff}", ""),
            ("<script>alert(1)</script>", "<script>alert(1)</script"),
            ("Änne 李 🙂", "Änne 李 🙂"),
        ] {
            assert_eq!(presentable(given), shown, "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn no_name_is_long_or_breaks_out_of_its_line(name in any::<String>()) {
            let shown = presentable(&name);
            prop_assert!(shown.chars().count() <= LONGEST_NAME);
            let breaks_out = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
            prop_assert!(!shown.chars().any(breaks_out));
            prop_assert_eq!(presentable(&shown), shown);
        }
    }
}
