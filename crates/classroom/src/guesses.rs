//! A question to the class: guesses are sealed once the race runs, and revealed when it is over.
//!
//! Predicting a demonstration's result teaches more than seeing it (Crouch, Fagen, Callan and Mazur, "Classroom
//! demonstrations: Learning tools or entertainment?", American Journal of Physics 72, 2004). No guess is shown before
//! the result: students who hear one repeat it.

use super::{participants::StudentSeat, wire};
use stats::{
    Estimate,
    looks::ALPHA,
    median::median,
    student::{Mean, exp},
};
use std::{collections::BTreeMap, ops::RangeInclusive};
use unicode_width::UnicodeWidthChar;

/// The question to the class, with its guesses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AskedQuestion {
    pub text: String,
    pub facts: String,
    pub cell: String,
    guesses: BTreeMap<StudentSeat, wire::Guess>,
    pub revealed: Option<wire::Revealed>,
}

impl AskedQuestion {
    pub(super) fn new(text: String, facts: String, cell: String) -> Self {
        Self { text, facts, cell, guesses: BTreeMap::new(), revealed: None }
    }

    /// Records a guess; it replaces an earlier one of the same seat.
    pub(super) fn guess(&mut self, seat: StudentSeat, guess: wire::Guess) {
        self.guesses.insert(seat, guess);
    }

    /// Takes this name off its guesses, and returns their seats.
    pub(super) fn hide(&mut self, name: &str) -> Vec<StudentSeat> {
        let mut seats = Vec::new();
        for (seat, guess) in self.guesses.iter_mut().filter(|(_, guess)| guess.name == name) {
            guess.name.clear();
            seats.push(*seat);
        }
        if let Some(revealed) = &mut self.revealed {
            let names = revealed.guesses.iter_mut().map(|guess| &mut guess.name).chain(&mut revealed.closest);
            names.filter(|shown| *shown == name).for_each(String::clear);
        }
        seats
    }

    /// Drops all guesses.
    pub(super) fn clear(&mut self) {
        self.guesses.clear();
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
                closest: closest(&guesses, measured).iter().map(|guess| guess.name.clone()).collect(),
                closest_s: ends(closest(&guesses, measured)),
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
            facts: self.facts.clone(),
            cell: self.cell.clone(),
            guesses: self.guesses.len() as u32,
            revealed: self.revealed.clone(),
        }
    }
}

/// The geometric mean of the rounds with its 95 % interval; for a single round, its time alone. Logarithms, as for
/// speedups: the interval of a plain mean of a few scattered rounds can reach below zero.
fn measured(times_s: &[f64]) -> Option<Estimate> {
    match times_s {
        [] => None,
        [only] => Some(Estimate { estimate: *only, low: *only, high: *only }),
        several => {
            let logarithms: Vec<f64> = several.iter().map(|time_s| time_s.ln()).collect();
            Mean::of(&logarithms).and_then(|mean| exp(mean.interval(ALPHA)))
        }
    }
}

/// The guesses than which no other is closer to every time in the interval: where the interval doesn't tell who was
/// closest, several were. Distances are ratios: half as long is as far off as twice as long, and a guess near zero is
/// never close. `guesses` are sorted.
fn closest(guesses: &[wire::Guess], measured: Estimate) -> &[wire::Guess] {
    // Each time has the guesses nearest to it, so those nearest to an interval lie between those nearest to its ends.
    let nearest = |time_s: f64| {
        let off = move |guess: &wire::Guess| (guess.seconds / time_s).ln().abs();
        let least = guesses.iter().map(off).fold(f64::INFINITY, f64::min);
        let is_nearest = move |guess: &wire::Guess| off(guess) <= least;
        guesses.iter().position(is_nearest).zip(guesses.iter().rposition(is_nearest))
    };
    match (nearest(measured.low), nearest(measured.high)) {
        (Some((first, _)), Some((_, last))) => &guesses[first..=last],
        _ => &[],
    }
}

/// The smallest and the largest of sorted guesses.
fn ends(guesses: &[wire::Guess]) -> Option<[f64; 2]> {
    Some([guesses.first()?.seconds, guesses.last()?.seconds])
}

/// Longest name, in characters.
const LONGEST_NAME: usize = 24;
/// The shortest and the longest time that may be guessed: a millisecond and a day, in seconds. No race is shorter or
/// longer, and a guess beyond would be a prank.
pub(super) const POSSIBLE_S: RangeInclusive<f64> = 0.001..=86_400.0;
/// How seconds are typed, as a regular expression for the page. A sign, an exponent or `0x` is a slip of the finger.
pub(super) const TYPED: &str = "[0-9]+[.,]?[0-9]*|[.,][0-9]+";
/// Longest number, in characters.
pub(super) const LONGEST_NUMBER: usize = 12;
/// How much of a wrong number an error quotes, in characters.
const QUOTED: usize = 20;

/// A guess that is not a possible time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoTime {
    #[error("`seconds`: found `{0}`, expected digits with at most one point or comma")]
    NoNumber(String),
    #[error("`seconds`: found {0}, expected {least} to {most}", least = POSSIBLE_S.start(), most = POSSIBLE_S.end())]
    Impossible(String),
}

/// Validates a guess and cleans up its name.
pub(super) fn check(guess: &wire::GuessRequest) -> Result<wire::Guess, NoTime> {
    Ok(wire::Guess { name: presentable(&guess.name), seconds: seconds(guess.seconds.trim())? })
}

/// The number of seconds that somebody typed.
fn seconds(typed: &str) -> Result<f64, NoTime> {
    let quoted = || typed.chars().take(QUOTED).collect::<String>();
    // `parse` would also take a sign, an exponent and `inf`.
    let is_decimal = typed.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    let number = Some(typed).filter(|typed| is_decimal && typed.len() <= LONGEST_NUMBER);
    let seconds: f64 =
        number.and_then(|number| number.replace(',', ".").parse().ok()).ok_or_else(|| NoTime::NoNumber(quoted()))?;
    if POSSIBLE_S.contains(&seconds) { Ok(seconds) } else { Err(NoTime::Impossible(quoted())) }
}

/// Most characters without a width of their own, such as accents, on one letter: more would cover the lines above.
const MOST_ACCENTS: usize = 2;

/// Removes invisible characters and those that change the direction of the text around the name, and accents that stand
/// alone or on top of too many others.
fn presentable(name: &str) -> String {
    let visible = |c: &char| {
        let unseen = matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
        !c.is_control() && !unseen
    };
    let words: String = name.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(visible).collect();
    // None fits on the beginning or on a space.
    let mut accents = MOST_ACCENTS;
    let fits = |c: &char| {
        accents = match c.width() {
            Some(0) => accents + 1,
            _ if *c == ' ' => MOST_ACCENTS,
            _ => 0,
        };
        accents <= MOST_ACCENTS
    };
    let short: String = words.trim().chars().filter(fits).take(LONGEST_NAME).collect();
    short.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guess(name: &str, seconds: f64) -> wire::Guess {
        wire::Guess { name: name.into(), seconds }
    }

    fn asked(guesses: &[(&str, f64)]) -> AskedQuestion {
        let mut question = AskedQuestion::new("How long?".into(), String::new(), "threads x 2".into());
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
        // R, `exp(t.test(log(c(0.9, 1, 1.1)))$conf.int)`: 0.7767000 to 1.2789007.
        let Estimate { estimate, low, high } = revealed.measured;
        assert!((estimate - 0.996_655_5).abs() < 1e-6 && (low - 0.776_700_0).abs() < 1e-6);
        assert!((high - 1.278_900_7).abs() < 1e-6);
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
    fn guesses_that_the_interval_does_not_tell_apart_are_all_closest() {
        // The interval is 0.78 s to 1.28 s.
        let mut question = asked(&[("Ann", 0.7), ("Bob", 0.99), ("", 1.2), ("Cid", 1.2), ("Dee", 1.6)]);
        question.reveal(&[0.9, 1.0, 1.1]);
        let revealed = question.revealed.unwrap();
        assert_eq!(revealed.closest, ["Ann", "Bob", "", "Cid"]);
        assert_eq!(revealed.closest_s, Some([0.7, 1.2]));
        // With two rounds, the interval may reach over powers of ten, and tells nothing.
        let mut question = asked(&[("Ann", 0.001), ("Bob", 1.0), ("Cid", 86_400.0)]);
        question.reveal(&[0.5, 1.5]);
        assert_eq!(question.revealed.unwrap().closest, ["Ann", "Bob", "Cid"]);
    }

    #[test]
    fn without_guesses_the_measurement_stands_alone_and_without_a_measurement_nothing_does() {
        let mut question = asked(&[]);
        question.reveal(&[1.0]);
        let revealed = question.revealed.unwrap();
        assert_eq!((revealed.median, revealed.closest.len(), revealed.closest_s), (None, 0, None));
        let mut question = asked(&[("Ann", 1.0)]);
        question.reveal(&[]);
        assert_eq!(question.revealed, None);
    }

    #[test]
    fn a_guess_is_a_decimal_number_between_a_millisecond_and_a_day() {
        let typed = |text: &str| check(&wire::GuessRequest { name: String::new(), seconds: text.into() });
        for (text, seconds) in [
            ("0.001", 0.001),
            ("86400", 86_400.0),
            ("0,3", 0.3),
            (".5", 0.5),
            ("5.", 5.0),
            (" 007 ", 7.0),
            ("1,000", 1.0),
        ] {
            assert_eq!(typed(text), Ok(guess("", seconds)), "{text}");
        }
        for text in [
            "",
            ".",
            ",",
            "-1",
            "+1",
            "1e3",
            "1e-320",
            "0x10",
            "inf",
            "NaN",
            "1.2.3",
            "1,000.5",
            "1 000",
            "1_0",
            "٣",
            "½",
            "1s",
            "soon",
            "0000000000001",
        ] {
            assert!(matches!(typed(text), Err(NoTime::NoNumber(_))), "{text}");
        }
        for text in ["0", "0.0009", "0,0000000001", "86400.1", "999999999999"] {
            assert!(matches!(typed(text), Err(NoTime::Impossible(_))), "{text}");
        }
        let long = typed(&"9".repeat(9999)).unwrap_err().to_string();
        assert!(long.len() < 200, "{long}");
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
            ("A\u{200d}nn\u{200c}\u{fe0f}", "Ann"),
            ("\u{3164}\u{2800}", ""),
            ("Z\u{301}\u{302}\u{303}\u{304}\u{305}oe\u{308}", "Z\u{301}\u{302}oe\u{308}"),
            ("\u{301}\u{301}x", "x"),
            ("x \u{301}y", "x y"),
        ] {
            assert_eq!(presentable(given), shown, "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn what_counts_is_a_possible_time(seconds in prop_oneof![any::<String>(), "[-+0-9.,exE]{0,13}"]) {
            if let Ok(guess) = check(&wire::GuessRequest { name: String::new(), seconds }) {
                prop_assert!(POSSIBLE_S.contains(&guess.seconds));
            }
        }

        #[test]
        fn no_name_is_long_or_breaks_out_of_its_line(name in any::<String>()) {
            let shown = presentable(&name);
            prop_assert!(shown.chars().count() <= LONGEST_NAME);
            let breaks_out = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
            prop_assert!(!shown.chars().any(breaks_out));
            let chars: Vec<char> = shown.chars().collect();
            let is_stacked = |letters: &[char]| letters.iter().all(|c| c.width() == Some(0));
            prop_assert!(!chars.windows(MOST_ACCENTS + 1).any(is_stacked));
            prop_assert_eq!(presentable(&shown), shown);
        }
    }
}
