//! The page's sentences: the answer first, with its figure, its interval, its n and its baseline.

use crate::{
    scenario::{
        curves,
        group::{Cell, Group},
    },
    svg::waits::Shares,
};
use harness::{
    results::record::{Check, EndReason, Record},
    scenario::{DEFAULT_VARIANT, Timer},
};
use maud::{Markup, html};
use stats::ranking::Place;
use support::{
    figures::{count, interval, percent, ratio, time},
    words::{capital, listed},
};

/// The answer to a section's question: a highlighted figure, with words on both sides.
#[derive(Debug, PartialEq)]
pub(crate) struct Headline {
    /// Before the figure.
    pub(crate) before: String,
    /// The figure; empty if there is none.
    pub(crate) figure: String,
    /// After it: what it is compared with.
    pub(crate) after: String,
    /// Its uncertainty: the interval and the number of rounds.
    pub(crate) sure: String,
}

impl Headline {
    fn without_figure(words: &str) -> Self {
        Self { before: words.into(), figure: String::new(), after: String::new(), sure: String::new() }
    }

    /// As one text.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        format!("{}{}{}{}", self.before, self.figure, self.after, self.sure)
    }
}

/// The answer that a group's figures give.
pub(crate) fn answer(group: &Group) -> Headline {
    if group.baseline().is_none() {
        return without_baseline(group);
    }
    let Some((best, speedup)) = group.best() else {
        return Headline::without_figure(&match group.contenders().next() {
            None => format!("Only {} has a time here, so there is nothing to compare it with.", group.against()),
            Some(_) => "A speedup needs at least two rounds.".into(),
        });
    };
    let rounds = best.time.map_or(0, |time| time.rounds);
    let sure = format!("(95 % interval {}, {}).", interval(speedup.low, speedup.high), count(rounds, "round"));
    let figure = format!("{} times", ratio(speedup.estimate));
    let against = group.against();
    let (before, verb) = if speedup.low > 1.0 {
        (format!("{}: ", capital(&best.who())), format!("as fast as {against}"))
    } else if speedup.high >= 1.0 {
        (format!("Nothing was clearly faster than {against}. The nearest, {}: ", best.who()), "as fast".into())
    } else {
        (format!("Nothing was faster than {against}. The nearest, {}: ", best.who()), "as fast".into())
    };
    Headline { before, figure, after: format!(" {verb} "), sure }
}

/// If the baseline has no time: the shortest time, without a comparison.
fn without_baseline(group: &Group) -> Headline {
    let against = group.against();
    let Some((cell, shortest)) = group.shortest() else {
        let words = format!("There is no speedup, because {against}, the baseline, has no time here.");
        return Headline::without_figure(&words);
    };
    let rounds = count(shortest.rounds, "round");
    Headline {
        before: format!("{}: ", capital(&cell.who())),
        figure: time(shortest.median),
        after: format!(" for all tasks. There is no speedup, because {against} has no time here "),
        sure: match shortest.interval {
            Some((low, high)) => format!("(95 % interval {}\u{2013}{}, {rounds}).", time(low), time(high)),
            None => format!("({rounds})."),
        },
    }
}

/// The sentences after the answer: which cells are the fastest, and as fast, what workers waited for, and how busy
/// the processor was.
pub(crate) fn afterwards(group: &Group) -> Vec<String> {
    let Some((best, _)) = group.best() else { return Vec::new() };
    let mut sentences = Vec::new();
    match best.place {
        Some(Place::Fastest) => sentences.push("It is the fastest.".into()),
        Some(Place::AsFast) => sentences.push("None is faster by more than 5 %.".into()),
        _ => sentences.push("No strategy is shown to be the fastest.".into()),
    }
    for (wanted, words) in [(Place::AsFast, "As fast within 5 %"), (Place::NotToldApart, "Not told apart from it")] {
        // Of each other strategy, its best cell.
        let of_line = |line: &[&Cell]| {
            let others = line.iter().filter(|cell| cell.record.spec.strategy != best.record.spec.strategy);
            let placed = others.filter(|cell| cell.place == Some(wanted));
            placed.max_by(|a, b| estimate(a).total_cmp(&estimate(b))).map(|cell| cell.who())
        };
        let named: Vec<String> = group.series().iter().filter_map(|(_, line)| of_line(line)).collect();
        if !named.is_empty() {
            sentences.push(format!("{words}: {}.", listed(&named, "and")));
        }
    }
    let shares = Shares::of(best.record).and_then(|shares| shares.in_words());
    sentences.extend(shares.map(|shares| format!("How the workers of {} spent their time: {shares}.", best.who())));
    if let (Some(one), Some(busy)) =
        (group.baseline().and_then(|cell| cell.record.cpu_share()), best.record.cpu_share())
    {
        sentences.push(format!(
            "Processor time, as a share of one core: {} {}, {} {}.",
            group.against(),
            percent(one),
            best.who(),
            percent(busy)
        ));
    }
    sentences
}

fn estimate(cell: &Cell) -> f64 {
    cell.speedup().map_or(0.0, |speedup| speedup.estimate)
}

/// What a record lacks, with remedies where there are any.
pub(crate) fn missing(record: &Record) -> Vec<String> {
    let mut sentences = Vec::new();
    let ended = match record.stopped {
        _ if record.rounds_done >= record.rounds => None,
        // No cell needed more rounds: nothing is missing.
        Some(EndReason::AllRounds | EndReason::Settled) => None,
        Some(EndReason::Budget) => Some("Its time budget was spent"),
        None => Some("The run was interrupted"),
    };
    if let Some(ended) = ended {
        sentences.push(format!(
            "{ended}: {} of {} were completed. The figures are from those rounds.",
            record.rounds_done,
            count(record.rounds as usize, "round")
        ));
    }
    if let Some((measured, all, reasons)) = record.pictures() {
        sentences.push(format!("{measured} of {all} pictures were measured."));
        sentences.extend(reasons.iter().map(|(why, files)| format!("Left out: {}: {why}.", files.join(", "))));
    }
    let of = |check: Check| record.cells.iter().filter(|cell| cell.check == check).count();
    let untimed = record
        .cells
        .iter()
        .filter(|cell| matches!(cell.check, Check::NotMeasured | Check::Passed) && cell.timed_s().is_empty())
        .count();
    for (number, what) in [
        (of(Check::Failed), "gave a wrong answer or none: a failed cell has no time. The table says why"),
        (of(Check::Skipped), "skipped, because the combination is not valid. The table says why"),
        (untimed, "not reached before the run ended"),
    ] {
        if number > 0 {
            let was = match (what.starts_with("gave"), number) {
                (true, _) => "",
                (false, 1) => "was ",
                (false, _) => "were ",
            };
            sentences.push(format!("{} {was}{what}.", capital(&count(number, "cell"))));
        }
    }
    for cell in &record.cells {
        sentences.extend(cell.lost_workers().map(|(round, lost)| {
            let (workers, round) = (count(cell.workers() as usize, "worker"), round + 1);
            format!(
                "`{}` with {workers} lost worker process {} in round {round} ({}), so it has no speedup.",
                cell.spec.strategy, lost.process, lost.how
            )
        }));
    }
    if record.cells.is_empty() {
        sentences.push("The record has no cells.".into());
    }
    sentences
}

/// ` (latencies divided by 20)` after a unit of time; empty if time is not scaled.
pub(crate) fn scale_note(record: &Record) -> String {
    if is_scaled(record) {
        format!(" (latencies divided by {})", ratio_plain(record.time_scale))
    } else {
        String::new()
    }
}

/// The same as a sentence.
pub(crate) fn scale_sentence(record: &Record) -> Option<String> {
    let divided = || format!("Latencies and transfer times are divided by {} here.", ratio_plain(record.time_scale));
    is_scaled(record).then(divided)
}

fn is_scaled(record: &Record) -> bool {
    (record.time_scale - 1.0).abs() > 1e-9
}

fn ratio_plain(value: f64) -> String {
    support::figures::plain(value)
}

/// What the timer includes.
pub(crate) fn timer(timer: Timer) -> &'static str {
    match timer {
        Timer::Cold => "Timed: starting the workers, the run, and stopping them.",
        Timer::Warm => "Timed: the run alone, on workers that were already running.",
        Timer::AsPublished => "Timed: what the document's own timer enclosed.",
    }
}

/// The heading of a group, if a section has several or shows a variant.
pub(crate) fn group_title(group: &Group) -> String {
    let variant = if group.variant == DEFAULT_VARIANT { "Default variant" } else { group.variant };
    let timer = match group.timer {
        Timer::Cold => "cold: workers started and stopped inside the timer",
        Timer::Warm => "warm: the run alone",
        Timer::AsPublished => "timed as published",
    };
    format!("{variant}, {timer}")
}

/// The timeline's caption. `by_server` if the waits come from the server's log.
pub(crate) fn timeline_caption(group: &Group, by_server: bool) -> Markup {
    html! {
        b { "Every lane is one worker, every bar a task" } ", or several that are too short to be told apart: the same " (count(group.tasks() as usize, "task"))
        " each time. The round nearest to the median is drawn. " (timer(group.timer))
        @if by_server {
            " Waits are from the server's log; the rest of a bar is the client's own work: connecting, reading, waking up."
        }
        @if group.cells.iter().any(|cell| cell.record.core_wait_s().is_some()) {
            " Waiting for a core is known only as a total: see “Resources used”."
        }
    }
}

/// The caption of the speedup chart.
pub(crate) fn speedup_caption(group: &Group) -> Markup {
    html! { b { "Speedup over " (group.against()) "." } " " (turns(group)) " Intervals of 95 % are drawn where they are wider than the points." }
}

/// The caption of the chart of times.
pub(crate) fn time_caption(group: &Group) -> Markup {
    html! { b { "Time for all " (count(group.tasks() as usize, "task")) "." } " Medians; intervals of 95 % are drawn where they are wider than the points and there are enough rounds." }
}

fn turns(group: &Group) -> String {
    let tasks = group.tasks();
    format!(
        "{} on N workers take ⌈{tasks}/N⌉ waves, so the ceiling is a staircase.",
        capital(&count(tasks as usize, "task"))
    )
}

/// The speedup chart's description for screen readers.
pub(crate) fn speedups_described(group: &Group) -> String {
    let series = group.series();
    let best_of = |(label, cells): &(&str, Vec<&Cell>)| {
        let cell = cells.iter().max_by(|a, b| estimate(a).total_cmp(&estimate(b)))?;
        let workers = cell.workers();
        Some(format!("{}: at best {}, {workers}.", capital(label), curves::in_words(cell.speedup()?)))
    };
    with_table(series.iter().filter_map(best_of).collect())
}

/// The description of the chart of times for screen readers.
pub(crate) fn times_described(group: &Group) -> String {
    let baseline = group.baseline().and_then(|cell| cell.time);
    let baseline =
        baseline.map(|measured| format!("{}: {}.", capital(&group.against()), curves::time_in_words(measured)));
    let series = group.series();
    let span_of = |(label, cells): &(&str, Vec<&Cell>)| {
        let times = || cells.iter().filter_map(|cell| cell.time).map(|time| time.median);
        let (least, most) = (times().fold(f64::MAX, f64::min), times().fold(0.0, f64::max));
        format!("{}: {} to {}.", capital(label), time(most), time(least))
    };
    with_table(baseline.into_iter().chain(series.iter().map(span_of)).collect())
}

fn with_table(mut sentences: Vec<String>) -> String {
    sentences.push("The table below has every figure.".into());
    sentences.join(" ")
}

/// The tooltip of a point of the speedup chart.
pub(crate) fn speedup_tip(cell: &Cell) -> String {
    let speedup = cell.speedup().map_or(String::new(), curves::in_words);
    format!("{}: {speedup}", cell.who())
}

/// The tooltip of a point of the chart of times.
pub(crate) fn time_tip(cell: &Cell) -> String {
    let measured = cell.time.map_or(String::new(), curves::time_in_words);
    format!("{}: {measured}", cell.who())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::group::groups;
    use work::fixtures::LeftOut;

    fn sentences(record: &Record) -> String {
        let mut lines = Vec::new();
        for group in groups(record) {
            lines.push(group_title(&group));
            lines.push(answer(&group).text());
            lines.extend(afterwards(&group));
        }
        lines.extend(missing(record));
        lines.extend(scale_sentence(record));
        lines.join("\n")
    }

    #[test]
    fn the_sentences_of_an_ordinary_record() {
        insta::assert_snapshot!(sentences(&testdata::records::web_requests(10)));
    }

    #[test]
    fn the_sentences_of_a_record_with_failures() {
        insta::assert_snapshot!(sentences(&testdata::records::with_failures()));
    }

    #[test]
    fn pictures_that_were_left_out_are_named() {
        let mut record = testdata::records::prime_sum(10);
        let tasks = record.cells[0].tasks;
        let of = [("a.heic", "a HEIC picture"), ("b.jpg", "an empty file"), ("c.jpg", "an empty file")];
        record.left_out = of.map(|(file, why)| LeftOut { file: file.into(), why: why.into() }).into();
        let said = [
            format!("{tasks} of {} pictures were measured.", tasks + 3),
            "Left out: a.heic: a HEIC picture.".into(),
            "Left out: b.jpg, c.jpg: an empty file.".into(),
        ];
        assert_eq!(missing(&record), said);
    }

    #[test]
    fn what_is_not_decided_is_not_called_faster() {
        let mut record = testdata::records::prime_sum(10);
        testdata::records::with_speedups(&mut record, |_| 1.001);
        let text = answer(&groups(&record)[0]).text();
        assert!(text.starts_with("Nothing was clearly faster"), "{text}");
        testdata::records::with_speedups(&mut record, |_| 0.9);
        let text = answer(&groups(&record)[0]).text();
        assert!(text.starts_with("Nothing was faster"), "{text}");
    }
}
