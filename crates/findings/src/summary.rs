//! What a reader takes home: claims and bugs, counted apart, in a few sentences.

use super::{BugResult, Decided, Finding, Sentence, Unit, Verdict, bug_counts, counts, decision::NOT_TOLD_APART};
use support::{
    figures::count,
    words::{capital, listed},
};

/// The verdicts on these claims in words. Every number is counted from them.
pub fn summary(claims: &[Finding]) -> Sentence {
    let counted = counts(claims);
    let of = |wanted: Verdict| counted.iter().find(|(verdict, _)| *verdict == wanted).map_or(0, |(_, count)| *count);
    let measured = claims.len() - of(Verdict::NotMeasured);
    if measured == 0 {
        return Sentence::words(format!("None of {} is measured yet.", count(claims.len(), "claim")));
    }
    let verb = |number: usize, one: &str, many: &str| if number == 1 { one.to_owned() } else { many.to_owned() };
    let holds = of(Verdict::Holds);
    let mut sentence = Sentence::words(format!("Of {}, ", count(claims.len(), "claim")))
        .measured(Unit::Count, holds as f64)
        .then(verb(holds, " holds", " hold"));
    let decided = [
        (of(Verdict::HoldsInDirection), "in direction only", "in direction only"),
        (of(Verdict::Depends), "depends on a condition", "depend on a condition"),
        (of(Verdict::Refuted), "is refuted", "are refuted"),
    ];
    for (number, one, many) in decided.into_iter().filter(|(number, ..)| *number > 0) {
        sentence =
            sentence.then(", ").measured(Unit::Count, number as f64).then(format!(" {}", verb(number, one, many)));
    }
    sentence = sentence.then(".");
    let open = [
        (
            of(Verdict::Fitted),
            "comes from a model fitted to its own figure",
            "come from models fitted to their own figures",
        ),
        (of(Verdict::Undecided), "is undecided", "are undecided"),
        (of(Verdict::NotTestable), "can't be tested on this machine", "can't be tested on this machine"),
        (of(Verdict::NotMeasured), "is not measured yet", "are not measured yet"),
    ];
    let open: Vec<String> = open
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, many)| format!("{number} {}", verb(number, one, many)))
        .collect();
    if !open.is_empty() {
        sentence = sentence.then(format!(" {}.", listed(&open, "and")));
    }
    let shown =
        bug_counts(claims).iter().find(|(result, _)| *result == BugResult::Shown).map_or(0, |(_, count)| *count);
    match shown {
        0 => sentence,
        1 => sentence.then(" One bug of the documents' programs is shown."),
        _ => sentence.then(" ").measured(Unit::Count, shown as f64).then(" bugs of the documents' programs are shown."),
    }
}

/// The fastest strategies for each measured kind of work, and how much faster than sequential the first of them is. What
/// compares strategies of Python stands beside it, and not in this sentence.
pub fn takeaway(decisions: &[Decided]) -> Sentence {
    let told = decisions.iter().filter(|decided| !decided.is_in_python()).filter_map(|decided| {
        let best = decided.ranking.first()?;
        let work = decided.work.split([',', ':', '(']).next().unwrap_or_default().trim();
        let led = decided.ranking.iter().any(|ranked| ranked.place.leads());
        let sentence = if led {
            Sentence::words(format!("{}: {}, ", capital(work), decided.answer))
        } else {
            let names = decided.answer.trim_start_matches(NOT_TOLD_APART);
            Sentence::words(format!("{}: {names} are not told apart, up to ", capital(work)))
        };
        let workers = count(best.cell.shape.workers().get() as usize, "worker");
        Some((sentence.measured(Unit::Ratio, best.speedup.estimate), workers))
    });
    told.enumerate().fold(Sentence::default(), |all, (place, (sentence, workers))| {
        let over = if place == 0 { " as fast as sequential in Rust" } else { "" };
        all.and(sentence).then(format!("{over} with {workers}. "))
    })
}
