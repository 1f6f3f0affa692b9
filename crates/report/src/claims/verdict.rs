//! How a verdict is shown: its word, tone and sign, the same everywhere on the page.
//!
//! A tone is never the only cue: in grey print and for colour-blind readers the sign says the same. The tones stay as
//! far from the strategies' hues as readers with any colour vision need.

use findings::Verdict;
use maud::{Markup, html};
use std::fmt::Write;

/// The style of one verdict.
#[derive(Debug)]
pub(crate) struct VerdictStyle {
    verdict: Verdict,
    /// Its name in classes and ids.
    pub(crate) name: &'static str,
    /// Its meaning, as a line below the words.
    pub(crate) meaning: &'static str,
    light: &'static str,
    dark: &'static str,
    /// The strokes of its sign, in a 24×24 square.
    sign: &'static str,
}

/// Every verdict, in the scoreboard's order.
pub(crate) const LOOKS: [VerdictStyle; 8] = [
    VerdictStyle {
        verdict: Verdict::Holds,
        name: "holds",
        meaning: "it is as the document says",
        light: "#1a7431",
        dark: "#62d282",
        sign: "M5 12.5l4.7 4.7L19.2 7",
    },
    VerdictStyle {
        verdict: Verdict::HoldsInDirection,
        name: "holds-in-direction",
        meaning: "the direction is as the document says, but the size differs",
        light: "#7a5f00",
        dark: "#dfc04e",
        sign: "M6 18L18 6M9 6h9v9",
    },
    VerdictStyle {
        verdict: Verdict::Depends,
        name: "depends",
        meaning: "it holds under one condition, but not under another",
        light: "#7539ad",
        dark: "#c9a0f3",
        sign: "M4 9h14M14.5 5.2L18.3 9M20 15.5H6M9.5 11.7L5.7 15.5l3.8 3.8",
    },
    VerdictStyle {
        verdict: Verdict::Refuted,
        name: "refuted",
        meaning: "the measurement rules it out",
        light: "#b0123b",
        dark: "#ff8299",
        sign: "M6.5 6.5l11 11M17.5 6.5l-11 11",
    },
    VerdictStyle {
        verdict: Verdict::Fitted,
        name: "fitted",
        meaning: "a model fitted to the document's own figure reproduces it, which confirms nothing",
        light: "#006a83",
        dark: "#5ec9de",
        sign: "M12 6a1 1 0 1 0 .01 0M6 16a1 1 0 1 0 .01 0M18 16a1 1 0 1 0 .01 0",
    },
    VerdictStyle {
        verdict: Verdict::Undecided,
        name: "undecided",
        meaning: "the measurement doesn't decide it",
        light: "#4d5a75",
        dark: "#acb8d2",
        sign: "M8 9a4 4 0 1 1 5.6 3.7c-1.2.5-1.6 1.2-1.6 2.5M12 19v.2",
    },
    VerdictStyle {
        verdict: Verdict::NotTestable,
        name: "not-testable",
        meaning: "this machine lacks a requirement",
        light: "#5d6066",
        dark: "#aeb1b8",
        sign: "M12 4.5a7.5 7.5 0 1 1 0 15a7.5 7.5 0 0 1 0-15M6.7 17.3L17.3 6.7",
    },
    VerdictStyle {
        verdict: Verdict::NotMeasured,
        name: "not-measured",
        meaning: "not run here",
        light: "#62656b",
        dark: "#a4a8b0",
        sign: "M5.5 12v.2M12 12v.2M18.5 12v.2",
    },
];

/// How this verdict is shown.
pub(crate) fn of(verdict: Verdict) -> &'static VerdictStyle {
    // The table has one row for each verdict, which a test checks. The last one claims nothing.
    LOOKS.iter().find(|look| look.verdict == verdict).unwrap_or(&LOOKS[7])
}

impl VerdictStyle {
    /// The verdict in words.
    pub(crate) fn words(&self) -> &'static str {
        self.verdict.words()
    }

    /// The verdict.
    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The sign alone, hidden from screen readers: words beside it say the same.
    pub(crate) fn sign(&self) -> Markup {
        html! { svg class="sign" viewBox="0 0 24 24" aria-hidden="true" { path d=(self.sign) {} } }
    }
}

/// The verdict with its sign, in a frame.
pub(crate) fn chip(verdict: Verdict) -> Markup {
    let look = of(verdict);
    html! { span class={ "chip v-" (look.name) } title=(look.meaning) { (look.sign()) (look.words()) } }
}

/// The CSS that gives each verdict's class its tone `--v`, in both themes.
pub(crate) fn css() -> String {
    let mut css = String::new();
    for VerdictStyle { name, light, dark, .. } in &LOOKS {
        // Writing to a String can't fail.
        let _ = writeln!(css, ".v-{name}{{--v:light-dark({light},{dark})}}");
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::palette::{self, contrast};
    use std::collections::HashSet;

    #[test]
    fn every_verdict_has_a_row_of_its_own() {
        for look in &LOOKS {
            assert_eq!(of(look.verdict).name, look.name);
            let machine = serde_json::to_string(&look.verdict).unwrap();
            assert_eq!(machine.replace('_', "-"), format!("\"{}\"", look.name));
        }
    }

    #[test]
    fn tones_can_carry_words_and_signs_in_both_themes() {
        let (light, dark) = palette::GROUND;
        for look in &LOOKS {
            assert!(contrast(look.light, light) >= 4.5, "{} light", look.name);
            assert!(contrast(look.dark, dark) >= 4.5, "{} dark", look.name);
        }
    }

    #[test]
    fn no_two_verdicts_have_one_sign_and_no_tone_is_a_strategys() {
        let signs: HashSet<_> = LOOKS.iter().map(|look| look.sign).collect();
        assert_eq!(signs.len(), LOOKS.len());
        for look in &LOOKS {
            assert!(!palette::tones().any(|tone| tone == look.light || tone == look.dark), "{}", look.name);
        }
    }
}
