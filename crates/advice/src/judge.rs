//! What the measurements advise, and whether that stands.
//!
//! The advice is the smallest number of workers that is shown to be as fast as the fastest within 5 %, and not the fastest:
//! that one was partly lucky. It stands if every smaller number is shown to be slower. Until then, it is undecided.

use super::{
    cell::CellTimes,
    laws::Laws,
    limit::{CoresOfRun, ScalingLimit, Seen},
    sample::{Bound, WorkKind, WorkSample},
};
use serde::Serialize;
use stats::{
    Estimate,
    noise::Noise,
    paired,
    ranking::{Place, places},
    student,
};
use support::{
    figures::{count, interval, percent, ratio},
    words::listed,
};

/// How much longer still counts as "as fast".
pub const MARGIN: f64 = 0.05;

/// With fewer rounds than this, nothing is advised.
pub const FEWEST_ROUNDS: usize = 3;

/// If the sequential loop scatters more than this about its median, nothing is advised.
const NOISIEST: f64 = 0.3;

/// A strategy that takes this many times the memory of another is said to.
const MORE_MEMORY: f64 = 1.5;

/// What the advice is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AdviceStanding {
    /// More rounds would hardly change the advice.
    Stands,
    /// The measurements don't decide it.
    Undecided,
    /// The tasks fail, or the work could not be run.
    Failed,
}

/// The advice, with what it is based on.
#[derive(Debug, Clone)]
pub struct Advice {
    /// Whether it stands.
    pub standing: AdviceStanding,
    /// The cell that is advised, or, undecided, that looks best; `None` if nothing was measured.
    pub advised: Option<usize>,
    /// How many times as fast as sequential it is; `None` for sequential itself.
    pub speedup: Option<Estimate>,
    /// For each cell, what is shown of its time; `None` for cells that can't be compared.
    pub places: Vec<Option<Place>>,
    /// How many times as fast each cell is as sequential.
    pub speedups: Vec<Option<Estimate>>,
    /// The laws, fitted to the cells of the advised strategy.
    pub laws: Option<Laws>,
    /// What stops it from scaling.
    pub limit: Option<ScalingLimit>,
    /// Why it doesn't stand, or what makes it less sure.
    pub doubts: Vec<String>,
    /// In one sentence or a few.
    pub sentence: String,
}

/// The advice. `cells[0]` is the sequential loop; the others are in the order in which strategies are preferred, if they are
/// as fast with as many workers. A share `alpha` of all comparisons together may be wrong. `bound` gives the tightest that was
/// set beforehand for a strategy.
pub fn judge(
    cells: &[CellTimes],
    sample: &WorkSample,
    cores: CoresOfRun,
    bound: impl Fn(&str) -> Option<Bound>,
    alpha: f64,
) -> Advice {
    let baseline = &cells[0];
    if let Some(advice) = refusal(cells) {
        return advice;
    }
    let usable: Vec<usize> = (0..cells.len())
        .filter(|&cell| cells[cell].rounds() >= FEWEST_ROUNDS && !cells[cell].fails_more_than(baseline))
        .collect();
    let times: Vec<&[f64]> = usable.iter().map(|&cell| cells[cell].task_s.as_slice()).collect();
    let mut found = vec![None; cells.len()];
    for (&cell, place) in usable.iter().zip(places(&times, MARGIN, alpha)) {
        found[cell] = Some(place);
    }
    let faster = |one: usize, other: usize| {
        let (one, other) = (&cells[one].task_s, &cells[other].task_s);
        let rounds = one.len().min(other.len());
        student::exp(paired::log_ratio(&other[..rounds], &one[..rounds])?.interval(alpha))
    };
    let speedups: Vec<Option<Estimate>> =
        (0..cells.len()).map(|cell| faster(cell, 0).filter(|_| cell > 0 && found[cell].is_some())).collect();
    let estimate = |cell: usize| speedups[cell].map_or(1.0, |speedup| speedup.estimate);
    let leading = usable.iter().copied().filter(|&cell| found[cell].is_some_and(Place::leads));
    let shown = leading.min_by_key(|&cell| (cells[cell].workers, cell));
    // What would be advised if the estimates were the truth.
    let greatest = usable.iter().map(|&cell| estimate(cell)).fold(0.0, f64::max);
    let near = usable.iter().copied().filter(|&cell| estimate(cell) * (1.0 + MARGIN) >= greatest);
    let likely = near.min_by_key(|&cell| (cells[cell].workers, cell));
    let mut doubts = Vec::new();
    let not_told_apart = |cell: usize| found[cell] == Some(Place::NotToldApart);
    let advised = match (shown, likely) {
        (Some(shown), likely) => {
            let fewer = |&cell: &usize| cells[cell].workers < cells[shown].workers && not_told_apart(cell);
            let open: Vec<usize> = usable.iter().copied().filter(fewer).collect();
            if !open.is_empty() {
                let phrases: Vec<String> = open.iter().map(|&cell| cells[cell].phrase.clone()).collect();
                let shown = &cells[shown].phrase;
                doubts.push(format!("not told apart from {shown}: {}", listed(&phrases, "and")));
            }
            likely.filter(|likely| open.contains(likely)).unwrap_or(shown)
        }
        (None, Some(likely)) => {
            let spread = |&cell: &usize| Noise::of(&cells[cell].task_s).map_or(0.0, |noise| noise.spread);
            let open = usable.iter().copied().filter(|&cell| not_told_apart(cell));
            let worst = open.max_by(|one, other| spread(one).total_cmp(&spread(other)));
            let scatters = worst.map(|cell| {
                format!("; {} scattered most, by {} about the median", cells[cell].phrase, percent(spread(&cell)))
            });
            let scatters = scatters.unwrap_or_default();
            doubts.push(format!("no cell is shown to be as fast as the fastest within 5 %{scatters}"));
            likely
        }
        (None, None) => return nothing(cells, "nothing could be compared"),
    };
    // Between it and one worker, or half as many workers. What another strategy does with so many says nothing about its own.
    let halfway = |cell: &CellTimes| {
        let own = &cells[advised];
        cell.strategy == own.strategy && (own.workers / 2..own.workers).contains(&cell.workers)
    };
    if cells[advised].workers > 2 && !usable.iter().any(|&cell| halfway(&cells[cell])) {
        doubts.push("fewer workers might be enough: the budget allowed too few worker counts".into());
    }
    let strategy = strategy_of(cells, advised);
    let wider: Vec<&CellTimes> = cells.iter().filter(|cell| cell.workers > cells[advised].workers).collect();
    let of_strategy = (0..cells.len()).filter(|&cell| cells[cell].strategy == strategy && found[cell].is_some());
    let best_speedup = of_strategy.clone().map(estimate).fold(1.0, f64::max);
    let narrower = of_strategy.filter(|&cell| cells[cell].workers < cells[advised].workers);
    let narrower = narrower.max_by_key(|&cell| cells[cell].workers).unwrap_or(0);
    // A quarter of what the additional workers could give at best.
    let more = f64::from(cells[advised].workers) / f64::from(cells[narrower].workers) - 1.0;
    let still_scales = estimate(advised) / estimate(narrower) > 1.0 + more / 4.0;
    let bound = bound(strategy).filter(|_| still_scales);
    let busy_alone = baseline.cores_busy.unwrap_or_else(|| sample.cores_busy());
    let limit = ScalingLimit::of(Seen {
        advised: &cells[advised],
        wider: &wider,
        best_speedup,
        bound: bound.as_ref(),
        busy_alone,
        task_s: sample.task_s(),
        computes: sample.kind() != WorkKind::Waits,
        cores,
    });
    doubts.extend(limit.doubt());
    let mut advice = Advice {
        standing: if doubts.is_empty() { AdviceStanding::Stands } else { AdviceStanding::Undecided },
        advised: Some(advised),
        speedup: speedups[advised],
        laws: laws(cells, strategy, &found),
        places: found,
        speedups,
        limit: Some(limit),
        doubts,
        sentence: String::new(),
    };
    let next = (0..cells.len()).find(|&cell| {
        advice.places[cell].is_some()
            && cells[cell].strategy == strategy
            && cells[cell].workers > cells[advised].workers
    });
    advice.sentence = sentence(cells, &advice, advised, next.and_then(|next| Some((next, faster(next, advised)?))));
    advice
}

/// The advised cell's strategy; for sequential, the one whose cells show that no more workers help.
fn strategy_of(cells: &[CellTimes], advised: usize) -> &str {
    let with_workers = if advised > 0 { cells.get(advised) } else { cells.get(1) };
    with_workers.map_or("", |cell| &cell.strategy)
}

/// The laws, fitted to the speedups of a strategy's cells over the sequential loop.
fn laws(cells: &[CellTimes], strategy: &str, found: &[Option<Place>]) -> Option<Laws> {
    let curve = cells.iter().zip(found).filter(|(cell, found)| found.is_some() && cell.strategy == strategy);
    let speedups = |cell: &CellTimes| cells[0].task_s.iter().zip(&cell.task_s).map(|(one, many)| one / many).collect();
    Laws::of(&curve.map(|(cell, _)| (cell.workers, speedups(cell))).collect::<Vec<_>>())
}

/// Why nothing is advised, if so.
fn refusal(cells: &[CellTimes]) -> Option<Advice> {
    let baseline = &cells[0];
    if let Some(why) = &baseline.out {
        return Some(Advice { standing: AdviceStanding::Failed, ..nothing(cells, why) });
    }
    if baseline.failed >= 1.0 && !baseline.task_s.is_empty() {
        let error = baseline.first_error.as_deref().unwrap_or("no reason given");
        return Some(Advice {
            standing: AdviceStanding::Failed,
            ..nothing(cells, &format!("every task failed: {error}"))
        });
    }
    let rounds = baseline.rounds();
    if rounds < FEWEST_ROUNDS {
        let why = format!(
            "only {} could be measured: allow more time or more requests, or use shorter tasks",
            count(rounds, "round")
        );
        return Some(nothing(cells, &why));
    }
    let spread = Noise::of(&baseline.task_s)?.spread;
    (spread > NOISIEST).then(|| {
        let spread = percent(spread);
        nothing(cells, &format!("too noisy: the sequential loop scattered by {spread} about its median; `makespan doctor` shows the causes"))
    })
}

fn nothing(cells: &[CellTimes], why: &str) -> Advice {
    Advice {
        standing: AdviceStanding::Undecided,
        advised: None,
        speedup: None,
        places: vec![None; cells.len()],
        speedups: vec![None; cells.len()],
        laws: None,
        limit: None,
        doubts: vec![why.into()],
        sentence: format!("No advice: {why}."),
    }
}

fn sentence(cells: &[CellTimes], advice: &Advice, advised: usize, next: Option<(usize, Estimate)>) -> String {
    let own = &cells[advised];
    let mut parts = Vec::new();
    let range =
        |of: Estimate| format!("{} times as fast as sequential ({})", ratio(of.estimate), interval(of.low, of.high));
    let head = match advice.speedup {
        Some(speedup) => format!("{}: {}", own.phrase, range(speedup)),
        None => format!("{}: more workers gain next to nothing", own.phrase),
    };
    parts.push(if advice.standing == AdviceStanding::Stands {
        head
    } else {
        format!("undecided; best so far: {head}")
    });
    if let Some((next, faster)) = next {
        let who = &cells[next].phrase;
        parts.push(if faster.high < 1.0 {
            format!(
                "{} {} times as long ({})",
                take(who),
                ratio(1.0 / faster.estimate),
                interval(1.0 / faster.high, 1.0 / faster.low)
            )
        } else if faster.high <= 1.0 + MARGIN {
            format!("{} no more than {}", gain(who), percent(faster.high - 1.0))
        } else {
            format!(
                "{} {}, or up to {}",
                gain(who),
                percent((faster.estimate - 1.0).max(0.0)),
                percent(faster.high - 1.0)
            )
        });
    }
    let as_fast = (1..cells.len()).filter(|&cell| {
        cell != advised && cells[cell].strategy != own.strategy && advice.places[cell].is_some_and(Place::leads)
    });
    let mut named: Vec<&str> = Vec::new();
    for cell in as_fast {
        // The fewest workers of each strategy.
        if named.contains(&&*cells[cell].strategy) {
            continue;
        }
        named.push(&cells[cell].strategy);
        let memory = own.memory_bytes.zip(cells[cell].memory_bytes).map(|(own, other)| other as f64 / own as f64);
        let memory = match memory {
            Some(more) if more >= MORE_MEMORY => format!(", with {} times the memory", ratio(more)),
            Some(less) if less <= 1.0 / MORE_MEMORY => format!(", with {} of the memory", percent(less)),
            _ => String::new(),
        };
        parts.push(format!("{} as fast{memory}", are(&cells[cell].phrase)));
    }
    let limit = advice.limit.as_ref().map(|limit| format!("The limit: {}.", limit.in_words()));
    let whole = parts.join("; ") + ".";
    let mut letters = whole.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    [first + letters.as_str(), limit.unwrap_or_default()].join(" ").trim_end().to_owned()
}

/// `8 threads are`, `async with 8 in flight is`.
fn are(phrase: &str) -> String {
    format!("{phrase} {}", if is_plural(phrase) { "are" } else { "is" })
}

/// `8 threads gain`, `async with 8 in flight gains`.
fn gain(phrase: &str) -> String {
    format!("{phrase} {}", if is_plural(phrase) { "gain" } else { "gains" })
}

/// `8 threads take`, `async with 8 in flight takes`.
fn take(phrase: &str) -> String {
    format!("{phrase} {}", if is_plural(phrase) { "take" } else { "takes" })
}

fn is_plural(phrase: &str) -> bool {
    phrase.ends_with('s') && phrase.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two cores, and nobody else.
    const IDLE: CoresOfRun = CoresOfRun { usable: 2.0, taken: None };

    const SAMPLE: WorkSample =
        WorkSample { tasks: 8, wall_s: 0.8, user_s: 0.02, system_s: 0.02, bytes: 800, memory_bytes: None };

    /// So many seconds for each task of ten rounds, which scatter by this share.
    fn cell(strategy: &str, workers: u32, task_s: f64, scatter: f64) -> CellTimes {
        let noise = |round: u32| {
            f64::from((round + 1).wrapping_mul(workers + 7).wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5
        };
        CellTimes {
            strategy: strategy.into(),
            phrase: if workers == 1 { strategy.into() } else { format!("{workers} {strategy}") },
            workers,
            task_s: (0..10).map(|round| task_s * (1.0 + scatter * noise(round))).collect(),
            failed: 0.0,
            first_error: None,
            cores_busy: Some(0.05 * f64::from(workers)),
            latency_s: Some(task_s),
            memory_bytes: Some(4_000_000),
            out: None,
        }
    }

    fn advised(cells: &[CellTimes], bound: Option<&Bound>) -> Advice {
        judge(cells, &SAMPLE, IDLE, |_| bound.cloned(), 0.05)
    }

    /// Work of 0.1 s that is served `at_once` at once.
    fn served(at_once: f64, counts: &[u32], scatter: f64) -> Vec<CellTimes> {
        let of = |&workers: &u32| {
            let name = if workers == 1 { "sequential" } else { "threads" };
            cell(name, workers, 0.1 / f64::from(workers).min(at_once), scatter)
        };
        counts.iter().map(of).collect()
    }

    #[test]
    fn a_server_that_serves_four_at_once_is_given_four() {
        let cells = served(4.0, &[1, 2, 3, 4, 8], 0.01);
        let advice = advised(&cells, None);
        assert_eq!((advice.standing, advice.advised), (AdviceStanding::Stands, Some(3)));
        assert!(
            advice.sentence.starts_with("4 threads: 4.0") && advice.sentence.contains("8 threads gain no more than"),
            "{}",
            advice.sentence
        );
        assert!(
            advice.sentence.ends_with("the resource that the tasks wait for serves about 4 of them at once."),
            "{}",
            advice.sentence
        );
        assert!(advice.laws.is_some());
    }

    #[test]
    fn a_link_is_given_one() {
        let advice = advised(&served(1.0, &[1, 2, 3, 4], 0.01), None);
        assert_eq!(
            (advice.standing, advice.advised, &advice.limit),
            (AdviceStanding::Stands, Some(0), &Some(ScalingLimit::OneAtATime))
        );
    }

    #[test]
    fn what_meets_no_limit_is_given_the_bound_and_told_so() {
        let bound = Bound { name: "--at-most".into(), workers: 16 };
        let advice = advised(&served(100.0, &[1, 8, 12, 16], 0.01), Some(&bound));
        assert_eq!((advice.advised, &advice.limit), (Some(3), &Some(ScalingLimit::Bound(bound.clone()))));
    }

    #[test]
    fn noise_leaves_it_undecided_and_more_of_it_is_refused() {
        let advice = advised(&served(4.0, &[1, 2, 3, 4, 8], 0.5), None);
        assert_eq!(advice.standing, AdviceStanding::Undecided, "{advice:?}");
        assert!(advice.sentence.starts_with("Undecided; best so far: "), "{}", advice.sentence);
        let mut noisy = served(4.0, &[1, 2, 3, 4, 8], 0.01);
        noisy[0].task_s = [0.02, 0.1, 0.3].repeat(3);
        let advice = advised(&noisy, None);
        assert_eq!((advice.standing, advice.advised), (AdviceStanding::Undecided, None));
        assert!(advice.sentence.contains("too noisy"), "{}", advice.sentence);
    }

    #[test]
    fn cores_that_are_busy_are_the_limit_and_a_program_with_threads_of_its_own_is_given_one() {
        let busy = |cells: Vec<CellTimes>, busy: &dyn Fn(u32) -> f64| -> Vec<CellTimes> {
            cells.into_iter().map(|cell| CellTimes { cores_busy: Some(busy(cell.workers)), ..cell }).collect()
        };
        let computes = busy(served(2.0, &[1, 2, 3, 4], 0.01), &|workers| f64::from(workers).min(2.0));
        let advice = advised(&computes, None);
        assert_eq!((advice.advised, &advice.limit), (Some(1), &Some(ScalingLimit::Cores { busy: 2.0, cores: 2.0 })));
        let parallel = busy(served(1.0, &[1, 2, 3, 4], 0.01), &|_| 1.9);
        let advice = advised(&parallel, None);
        assert_eq!((advice.advised, &advice.limit), (Some(0), &Some(ScalingLimit::OwnThreads { busy: 1.9 })));
    }

    #[test]
    fn on_a_machine_that_others_keep_busy_nothing_stands_that_computes() {
        let alone = |cell: CellTimes| CellTimes { cores_busy: Some(1.0), ..cell };
        let cells: Vec<CellTimes> = served(1.1, &[1, 2, 3, 4], 0.01).into_iter().map(alone).collect();
        let computes = WorkSample { user_s: 0.78, ..SAMPLE };
        let crowded = CoresOfRun { usable: 2.0, taken: Some(0.9) };
        let advice = judge(&cells, &computes, crowded, |_| None, 0.05);
        assert_eq!(advice.limit, Some(ScalingLimit::OtherPrograms { taken: 0.9, cores: 2.0 }));
        assert_eq!(advice.standing, AdviceStanding::Undecided);
        assert!(advice.doubts[0].contains("kept 0.9 of 2 cores busy"), "{:?}", advice.doubts);
        assert_eq!(judge(&cells, &computes, IDLE, |_| None, 0.05).limit, Some(ScalingLimit::OneAtATime));
        // What waits doesn't need the cores.
        let waits = judge(&served(100.0, &[1, 2, 4, 8], 0.01), &SAMPLE, crowded, |_| None, 0.05);
        assert_eq!(waits.standing, AdviceStanding::Stands, "{waits:?}");
    }

    #[test]
    fn a_count_with_which_tasks_fail_is_never_advised() {
        let mut cells = served(100.0, &[1, 2, 4, 8], 0.01);
        (cells[3].failed, cells[3].first_error) = (0.4, Some("HTTP status 503".into()));
        let advice = advised(&cells, None);
        assert_eq!(advice.advised, Some(2));
        assert!(advice.sentence.contains("fail with 8 at once (HTTP status 503)"), "{}", advice.sentence);
        cells.iter_mut().for_each(|cell| cell.failed = 1.0);
        assert_eq!(advised(&cells, None).standing, AdviceStanding::Failed);
    }

    #[test]
    fn a_strategy_that_is_as_fast_is_named_with_its_memory() {
        let mut cells = served(4.0, &[1, 2, 3, 4, 8], 0.01);
        cells.push(CellTimes { memory_bytes: Some(36_000_000), ..cell("processes", 4, 0.025, 0.01) });
        let advice = advised(&cells, None);
        assert_eq!(advice.advised, Some(3));
        assert!(advice.sentence.contains("4 processes are as fast, with 9.00 times the memory"), "{}", advice.sentence);
    }

    #[test]
    fn a_number_beside_which_no_smaller_one_was_measured_does_not_stand() {
        let advice = advised(&served(2.0, &[1, 7], 0.01), None);
        assert_eq!((advice.standing, advice.advised), (AdviceStanding::Undecided, Some(1)));
        assert!(advice.doubts[0].starts_with("fewer workers might be enough"), "{:?}", advice.doubts);
        assert_eq!(advised(&served(2.0, &[1, 2], 0.01), None).standing, AdviceStanding::Stands);
        let mut cells = served(7.0, &[1, 7], 0.01);
        cells.push(cell("processes", 5, 0.025, 0.01));
        let advice = advised(&cells, None);
        assert_eq!(
            (advice.standing, advice.advised),
            (AdviceStanding::Undecided, Some(1)),
            "threads say nothing there"
        );
    }

    #[test]
    fn too_few_rounds_are_refused() {
        let mut cells = served(4.0, &[1, 2, 4], 0.01);
        cells.iter_mut().for_each(|cell| cell.task_s.truncate(2));
        let advice = advised(&cells, None);
        assert_eq!((advice.standing, advice.advised), (AdviceStanding::Undecided, None));
        assert!(advice.sentence.contains("only 2 rounds"), "{}", advice.sentence);
    }

    #[test]
    fn of_numbers_that_are_not_told_apart_the_fewest_are_the_best_so_far() {
        let advice = advised(&served(4.0, &[1, 2, 4, 8, 16], 0.3), None);
        assert_eq!(advice.standing, AdviceStanding::Undecided, "{}", advice.sentence);
        let best = advice.advised.expect("something looks best");
        assert!(best <= 2, "4 threads at most: {}", advice.sentence);
    }

    #[test]
    fn a_task_that_is_too_short_is_told() {
        let short = WorkSample { wall_s: 0.000_2, user_s: 0.000_4, system_s: 0.0, ..SAMPLE };
        let cells = [cell("sequential", 1, 0.000_02, 0.01), cell("threads", 2, 0.000_04, 0.01)];
        let advice = judge(&cells, &short, IDLE, |_| None, 0.05);
        assert_eq!((advice.advised, short.kind()), (Some(0), crate::WorkKind::Computes));
        assert!(matches!(advice.limit, Some(ScalingLimit::TooShort { .. })), "{}", advice.sentence);
    }
}
