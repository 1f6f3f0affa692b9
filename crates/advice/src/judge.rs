//! What the measurements advise, and whether that stands.
//!
//! The advice is the smallest number of workers that is shown to be as fast as the fastest within 5 %, and not the fastest:
//! that one was partly lucky. It stands if every smaller number is shown to be slower by more than that. Until then, it is
//! undecided.

use super::{
    cell::CellTimes,
    laws::Laws,
    limit::{CoresOfRun, ScalingLimit, Seen, exceeds},
    sample::{Bound, WorkKind, WorkSample},
};
use serde::{Deserialize, Serialize};
use stats::{
    Estimate,
    noise::Noise,
    paired,
    ranking::{Place, places},
    student,
};
use support::{
    figures::{count, interval, percent, ratio},
    words::{capital, listed},
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Why they are not fitted; `None` if they are, or nothing was measured.
    pub no_laws: Option<&'static str>,
    /// What stops it from scaling; `None` if that is not known.
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
    if let Some(advice) = refusal(cells, &bound) {
        return advice;
    }
    // Failures are compared only if there are any, and take half of what may be wrong.
    let for_times = if cells.iter().any(|cell| cell.failed > 0.0) { alpha / 2.0 } else { alpha };
    let for_failures = alpha / 2.0 / cells.len() as f64;
    let fails: Vec<bool> = cells.iter().map(|cell| cell.fails_more_than(&cells[0], for_failures)).collect();
    let usable: Vec<usize> =
        (0..cells.len()).filter(|&cell| cells[cell].rounds() >= FEWEST_ROUNDS && !fails[cell]).collect();
    if usable.len() == 1 && !fails.contains(&true) {
        return nothing(cells, "no other number of workers could be measured");
    }
    let times: Vec<&[f64]> = usable.iter().map(|&cell| cells[cell].task_s.as_slice()).collect();
    let mut found = vec![None; cells.len()];
    for (&cell, place) in usable.iter().zip(places(&times, MARGIN, for_times)) {
        found[cell] = Some(place);
    }
    let faster = |one: usize, other: usize, alpha: f64| faster(&cells[one], &cells[other], alpha);
    let speedups: Vec<Option<Estimate>> =
        (0..cells.len()).map(|cell| faster(cell, 0, alpha).filter(|_| cell > 0 && found[cell].is_some())).collect();
    let estimate = |cell: usize| speedups[cell].map_or(1.0, |speedup| speedup.estimate);
    let leading = usable.iter().copied().filter(|&cell| found[cell].is_some_and(Place::leads));
    let shown = leading.min_by_key(|&cell| (cells[cell].workers, cell));
    // What would be advised if the estimates were the truth.
    let greatest = usable.iter().map(|&cell| estimate(cell)).fold(0.0, f64::max);
    let near = usable.iter().copied().filter(|&cell| estimate(cell) * (1.0 + MARGIN) >= greatest);
    let likely = near.min_by_key(|&cell| (cells[cell].workers, cell));
    let mut doubts = Vec::new();
    if usable.len() == 1 {
        doubts.push("nothing is left to compare: with more workers, more tasks fail".into());
    }
    // What `places` allows each pair: the sentence must not say more than the decision.
    let of_pair = for_times / (usable.len() * (usable.len() - 1) / 2).max(1) as f64;
    let leader = usable.iter().copied().max_by(|&one, &other| estimate(one).total_cmp(&estimate(other))).unwrap_or(0);
    let advised = match (shown, likely) {
        (Some(shown), likely) => {
            // Slower is not enough: it may still be as fast within the margin.
            let beyond = |cell: usize| faster(leader, cell, of_pair).is_some_and(|faster| faster.low > 1.0 + MARGIN);
            let fewer = |&cell: &usize| cells[cell].workers < cells[shown].workers && !beyond(cell);
            let open: Vec<usize> = usable.iter().copied().filter(fewer).collect();
            let phrases: Vec<String> = open.iter().map(|&cell| cells[cell].phrase.clone()).collect();
            if !open.is_empty() {
                let (shown, open) = (&cells[shown].phrase, listed(&phrases, "and"));
                doubts.push(format!("may be as fast as {shown}, within 5 %: {open}"));
            }
            likely.filter(|likely| open.contains(likely)).unwrap_or(shown)
        }
        (None, Some(likely)) => {
            let open = cells.iter().zip(&found).filter(|(_, place)| **place == Some(Place::NotToldApart));
            let scatters = scattered_most(open.map(|(cell, _)| cell));
            doubts.push(format!("no cell is shown to be as fast as the fastest within 5 %{scatters}"));
            likely
        }
        (None, None) => return nothing(cells, "nothing could be compared"),
    };
    let own = &cells[advised];
    // Between it and one worker, or half as many workers. What another strategy does with so many says nothing about its own.
    let halfway =
        |cell: &CellTimes| cell.strategy == own.strategy && (own.workers / 2..own.workers).contains(&cell.workers);
    if own.workers > 2 && !usable.iter().any(|&cell| halfway(&cells[cell])) {
        doubts.push("fewer workers might be enough: the budget allowed too few worker counts".into());
    }
    let strategy = strategy_of(cells, advised);
    let of_strategy = || (0..cells.len()).filter(|&cell| cells[cell].strategy == strategy && found[cell].is_some());
    let best = of_strategy().filter_map(|cell| speedups[cell]).max_by(|a, b| a.estimate.total_cmp(&b.estimate));
    let best_speedup = best.filter(|_| shown.is_some()).map(at_least_one);
    let narrower = of_strategy().filter(|&cell| cells[cell].workers < own.workers);
    let narrower = narrower.max_by_key(|&cell| cells[cell].workers).unwrap_or(0);
    // A quarter of what the additional workers could give at best.
    let more = f64::from(own.workers) / f64::from(cells[narrower].workers) - 1.0;
    let still_scales = faster(advised, narrower, alpha).and_then(|faster| exceeds(faster, 1.0 + more / 4.0));
    let bound = bound(strategy).filter(|bound| bound.workers <= own.workers);
    let wider = of_strategy().filter(|&cell| cells[cell].workers > own.workers);
    let most_busy = wider.chain([advised]).filter_map(|cell| cells[cell].cores_busy).fold(0.0, f64::max);
    let next = next_after(cells, advised, strategy, |cell| found[cell].is_some() || fails[cell]);
    let busy_alone = cells[0].cores_busy.unwrap_or_else(|| sample.cores_busy());
    let computes = sample.kind() != WorkKind::Waits;
    let limit = ScalingLimit::of(Seen {
        advised: own,
        failing: next.filter(|&next| fails[next]).map(|next| &cells[next]),
        best_speedup,
        bound: bound.as_ref(),
        still_scales,
        most_busy,
        busy_alone,
        task_s: sample.task_s(),
        computes,
        cores,
    });
    doubts.extend(limit.as_ref().and_then(ScalingLimit::doubt));
    let laws = laws(cells, strategy, &found, computes.then_some(cores.usable));
    let mut advice = Advice {
        standing: if doubts.is_empty() { AdviceStanding::Stands } else { AdviceStanding::Undecided },
        advised: Some(advised),
        speedup: speedups[advised],
        no_laws: laws.as_ref().err().copied(),
        laws: laws.ok(),
        places: found,
        speedups,
        limit,
        doubts,
        sentence: String::new(),
    };
    let next = next.filter(|&next| !fails[next]).and_then(|next| Some((next, faster(next, advised, of_pair)?)));
    advice.sentence = sentence(cells, &advice, advised, fails.contains(&true), next);
    advice
}

/// How many times as fast one cell is as the other.
fn faster(one: &CellTimes, other: &CellTimes, alpha: f64) -> Option<Estimate> {
    let rounds = one.task_s.len().min(other.task_s.len());
    student::exp(paired::log_ratio(&other.task_s[..rounds], &one.task_s[..rounds])?.interval(alpha))
}

/// The strategy's next larger number of workers, of those of which something is known.
fn next_after(cells: &[CellTimes], advised: usize, strategy: &str, known: impl Fn(usize) -> bool) -> Option<usize> {
    let wider = |cell: &CellTimes| cell.strategy == strategy && cell.workers > cells[advised].workers;
    (0..cells.len()).filter(|&cell| wider(&cells[cell]) && known(cell)).min_by_key(|&cell| cells[cell].workers)
}

/// Slower than one worker counts as one.
fn at_least_one(Estimate { estimate, low, high }: Estimate) -> Estimate {
    Estimate { estimate: estimate.max(1.0), low: low.max(1.0), high: high.max(1.0) }
}

/// Which of these cells scattered most, as the end of a sentence.
fn scattered_most<'a>(cells: impl Iterator<Item = &'a CellTimes>) -> String {
    let spread = |cell: &CellTimes| Noise::of(&cell.task_s).map_or(0.0, |noise| noise.spread);
    let worst = cells.max_by(|one, other| spread(one).total_cmp(&spread(other)));
    worst.map_or_else(String::new, |cell| {
        format!("; {} scattered most, by {} about the median", cell.phrase, percent(spread(cell)))
    })
}

/// The advised cell's strategy; for sequential, the one whose cells show that no more workers help.
fn strategy_of(cells: &[CellTimes], advised: usize) -> &str {
    let with_workers = if advised > 0 { cells.get(advised) } else { cells.get(1) };
    with_workers.map_or("", |cell| &cell.strategy)
}

/// The laws, fitted to the speedups of a strategy's cells over the sequential loop.
fn laws(
    cells: &[CellTimes],
    strategy: &str,
    found: &[Option<Place>],
    cores: Option<f64>,
) -> Result<Laws, &'static str> {
    let curve = cells.iter().zip(found).filter(|(cell, found)| found.is_some() && cell.strategy == strategy);
    let speedups = |cell: &CellTimes| cells[0].task_s.iter().zip(&cell.task_s).map(|(one, many)| one / many).collect();
    Laws::of(&curve.map(|(cell, _)| (cell.workers, speedups(cell))).collect::<Vec<_>>(), cores)
}

/// Why nothing is advised, if so.
fn refusal(cells: &[CellTimes], bound: impl Fn(&str) -> Option<Bound>) -> Option<Advice> {
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
    if cells.len() == 1 {
        let why = match bound(&baseline.strategy).filter(|bound| bound.workers == 1) {
            Some(bound) => format!("{} allows one worker, so there is nothing to compare", bound.name),
            None => "no other number of workers was measured".into(),
        };
        return Some(nothing(cells, &why));
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
        no_laws: None,
        limit: None,
        doubts: vec![why.into()],
        sentence: format!("No advice: {why}."),
    }
}

fn sentence(
    cells: &[CellTimes],
    advice: &Advice,
    advised: usize,
    some_fail: bool,
    next: Option<(usize, Estimate)>,
) -> String {
    let own = &cells[advised];
    let mut parts = Vec::new();
    let range =
        |of: Estimate| format!("{} times as fast as sequential ({})", ratio(of.estimate), interval(of.low, of.high));
    let stands = advice.standing == AdviceStanding::Stands;
    let head = match advice.speedup {
        Some(speedup) => format!("{}: {}", own.phrase, range(speedup)),
        None if some_fail => format!("{}: with more workers, more tasks fail", own.phrase),
        None if stands => format!("{}: more workers gain next to nothing", own.phrase),
        None => own.phrase.clone(),
    };
    parts.push(if stands { head } else { format!("undecided; best so far: {head}") });
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
    let limit = limit.unwrap_or_else(|| "The limit is not known yet.".into());
    format!("{}. {limit}", capital(&parts.join("; ")))
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
    // Not `1 process`.
    phrase.ends_with('s') && phrase.starts_with(|first: char| first.is_ascii_digit()) && !phrase.starts_with("1 ")
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
            tasks: 80,
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
        let large = judge(&parallel, &SAMPLE, CoresOfRun { usable: 64.0, taken: None }, |_| None, 0.05);
        assert_eq!((large.advised, large.limit), (Some(0), Some(ScalingLimit::OneAtATime)), "62 cores are idle");
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
        // Beside these, 0.4 cores were idle: others were there, but took nothing that it needed.
        let room = CoresOfRun { usable: 2.0, taken: Some(0.6) };
        let advice = judge(&cells, &computes, room, |_| None, 0.05);
        assert_eq!((advice.standing, advice.limit), (AdviceStanding::Stands, Some(ScalingLimit::OneAtATime)));
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
    fn failures_that_may_be_luck_remove_no_count() {
        let mut cells = served(100.0, &[1, 2, 4, 8], 0.01);
        for cell in &mut cells[1..] {
            (cell.failed, cell.first_error) = (0.025, Some("HTTP status 503".into()));
        }
        let advice = advised(&cells, None);
        assert_eq!((advice.standing, advice.advised), (AdviceStanding::Stands, Some(3)), "2 of 80, and 0 of 80");
        assert!(!advice.sentence.contains("fail"), "{}", advice.sentence);
    }

    #[test]
    fn where_more_workers_fail_they_are_not_said_to_gain_nothing() {
        let mut cells = served(100.0, &[1, 4, 8], 0.01);
        for cell in &mut cells[1..] {
            (cell.failed, cell.first_error) = (0.5, Some("HTTP status 503".into()));
        }
        let advice = advised(&cells, None);
        assert_eq!((advice.standing, advice.advised), (AdviceStanding::Undecided, Some(0)));
        assert_eq!(
            advice.sentence,
            "Undecided; best so far: sequential: with more workers, more tasks fail. The limit: tasks fail with 4 at once \
             (HTTP status 503)."
        );
        // With two, nothing fails, and nothing is gained.
        cells.insert(1, cell("threads", 2, 0.1, 0.01));
        let advice = advised(&cells, None);
        assert_eq!((advice.standing, advice.advised), (AdviceStanding::Stands, Some(0)));
        assert!(advice.sentence.starts_with("Sequential: with more workers, more tasks fail; "), "{}", advice.sentence);
        assert_eq!(advice.limit, Some(ScalingLimit::OneAtATime), "two already gain nothing");
    }

    #[test]
    fn one_worker_alone_is_compared_with_nothing() {
        let bound = Bound { name: "--at-most".into(), workers: 1 };
        let advice = advised(&served(1.0, &[1], 0.01), Some(&bound));
        assert_eq!((advice.standing, advice.advised, &advice.limit), (AdviceStanding::Undecided, None, &None));
        assert_eq!(advice.sentence, "No advice: --at-most allows one worker, so there is nothing to compare.");
        let mut cells = served(1.0, &[1, 2], 0.01);
        cells[1].out = Some("it gave other outputs".into());
        let advice = advised(&cells, None);
        assert_eq!((advice.standing, advice.advised), (AdviceStanding::Undecided, None), "{}", advice.sentence);
    }

    #[test]
    fn a_smaller_number_is_open_unless_it_is_slower_by_more_than_the_margin() {
        let with_two = |longer: f64| {
            let mut cells = served(4.0, &[1, 2, 4, 8], 0.01);
            cells[1] = cell("threads", 2, 0.025 * longer, 0.01);
            advised(&cells, None)
        };
        let advice = with_two(1.05);
        assert_eq!(advice.places[1], Some(Place::Slower));
        assert_eq!(advice.standing, AdviceStanding::Undecided, "{}", advice.sentence);
        assert!(advice.doubts[0].starts_with("may be as fast as 4 threads"), "{:?}", advice.doubts);
        assert_eq!((with_two(1.2).standing, with_two(1.2).advised), (AdviceStanding::Stands, Some(2)));
    }

    #[test]
    fn the_limit_is_known_only_where_the_speedup_is() {
        let advice = advised(&served(4.0, &[1, 2, 3, 4, 8], 0.5), None);
        assert_eq!((advice.standing, &advice.limit), (AdviceStanding::Undecided, &None));
        assert!(advice.sentence.ends_with("The limit is not known yet."), "{}", advice.sentence);
        // 1.3 times as fast: whether one or several are served at once is not shown.
        let advice = advised(&served(1.3, &[1, 2, 3, 4], 0.01), None);
        assert_eq!((advice.standing, advice.limit), (AdviceStanding::Stands, None), "{}", advice.sentence);
    }

    #[test]
    fn the_sentence_says_no_more_than_the_decision() {
        let mut cells = served(2.0, &[1, 2, 3, 4], 0.001);
        // For itself, the interval of 3 threads would end at 3.8 %; as one of six pairs, at 5.8 %.
        cells[2].task_s = [0.0475, 0.0525].repeat(5);
        let advice = advised(&cells, None);
        assert_eq!((advice.standing, advice.advised), (AdviceStanding::Undecided, Some(1)));
        assert!(advice.sentence.contains("; 3 threads gain 0.1"), "{}", advice.sentence);
        assert!(advice.sentence.contains(", or up to 5.9"), "{}", advice.sentence);
    }

    #[test]
    fn laws_of_work_that_computes_end_at_the_cores() {
        let computes = WorkSample { user_s: 0.78, ..SAMPLE };
        let cells = served(2.0, &[1, 2, 3, 4], 0.01);
        let advice = judge(&cells, &computes, IDLE, |_| None, 0.05);
        assert!(
            advice.laws.is_none() && advice.no_laws.is_some_and(|why| why.contains("cores")),
            "{:?}",
            advice.no_laws
        );
        assert!(advised(&cells, None).laws.is_some(), "what waits may have more workers than cores");
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
    fn a_verb_agrees_with_what_does_it() {
        let phrases = ["8 threads", "2 processes", "1 process", "async with 8 in flight"];
        assert_eq!(phrases.map(are), ["8 threads are", "2 processes are", "1 process is", "async with 8 in flight is"]);
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
