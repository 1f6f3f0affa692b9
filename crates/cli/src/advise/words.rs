//! The advice for people, and as JSON.

use super::{
    super::{
        print::{fitted, note, say},
        table::fit,
    },
    own_work::OwnWork,
    program::{MeasuredWork, Tried},
};
use advice::{AdviceStanding, Bound, CellTimes, Curve, Laws, ScalingLimit, WorkKind, WorkSample, judge::MARGIN};
use harness::results::own_advice::{KeptAdvice, OwnAdvice};
use serde::Serialize;
use stats::{Estimate, median::median, ranking::Place};
use support::{
    figures::{count, fixed, interval, memory, percent, ratio, significant, time},
    terminal::width,
};

/// Width of the longest bar, in characters.
const BAR: f64 = 16.0;

pub(super) fn print(work: &OwnWork, found: &MeasuredWork) {
    let advice = &found.advice;
    say!("{}\n", fitted(&work.title));
    say!("{}\n", fitted(&advice.sentence));
    if found.rounds == 0 {
        // Nothing was compared, and the sentence says why.
        return;
    }
    if !advice.places.iter().all(Option::is_none) {
        say!("{}\n", table(found));
    }
    for cell in &found.cells {
        if let Some(why) = &cell.out {
            say!("{}", fitted(&format!("{} has no time: {why}", cell.phrase)));
        } else if cell.failed > 0.0 && advice.standing != AdviceStanding::Failed {
            let error = cell.first_error.as_deref().unwrap_or("no reason given");
            say!("{}", fitted(&format!("{}: {} of the tasks failed: {error}", cell.phrase, percent(cell.failed))));
        }
    }
    say!("{}", fitted(&format!("Kind of work: {}", kind(&found.sample))));
    say!("{}", fitted(&format!("In theory: {}", theory(found))));
    let why = advice.no_laws.unwrap_or("that takes four numbers of workers of one strategy");
    say!("{}", fitted(&laws(found).unwrap_or_else(|| format!("Laws: not fitted: {why}"))));
    if let Some(limit) = &advice.limit {
        say!("{}", fitted(&format!("Worth changing: {}", limit.remedy())));
    }
    say!("{}", fitted(&format!("How sure: {}", certainty(found))));
    for words in &found.notes {
        note!("{words}");
    }
}

fn table(found: &MeasuredWork) -> String {
    let heads = ["strategy", "workers", "tasks/s", "speedup", "95 % interval", "Amdahl", "USL", "cores", "memory", ""];
    let longest = found.advice.speedups.iter().flatten().map(|speedup| speedup.estimate).fold(1.0, f64::max);
    let rows: Vec<[String; 10]> = (0..found.cells.len()).map(|cell| row(found, cell, longest)).collect();
    fit(heads, &rows, &[9, 8, 7, 5], width())
}

fn row(found: &MeasuredWork, cell: usize, longest: f64) -> [String; 10] {
    let (times, advice) = (&found.cells[cell], &found.advice);
    let speedup = advice.speedups[cell];
    let shown = if cell == 0 { Some(1.0) } else { speedup.map(|speedup| speedup.estimate) };
    let is_within = |laws: &&Laws| cell == 0 || is_advised(found, times) && times.workers <= laws.most_workers();
    let laws = advice.laws.as_ref().filter(is_within);
    let or_none = |text: Option<String>| text.unwrap_or_default();
    let marked = if advice.advised == Some(cell) { " <" } else { "" };
    [
        times.strategy.clone(),
        format!("{}{marked}", times.workers),
        or_none(median(&times.task_s).map(|task_s| significant(1.0 / task_s, 3))),
        or_none(shown.map(|shown| if cell == 0 { "1".into() } else { format!("{}x", ratio(shown)) })),
        or_none(speedup.map(|speedup| interval(speedup.low, speedup.high))),
        or_none(laws.map(|laws| ratio(laws.amdahl.speedup(times.workers)))),
        or_none(laws.map(|laws| ratio(laws.usl.speedup(times.workers)))),
        or_none(times.cores_busy.map(|busy| fixed(busy, 2))),
        or_none(times.memory_bytes.map(memory)),
        or_none(shown.map(|shown| "█".repeat((shown / longest * BAR).round().max(1.0) as usize))),
    ]
}

/// Whether the cell belongs to the curve of the advised strategy.
fn is_advised(found: &MeasuredWork, cell: &CellTimes) -> bool {
    let advised = found.advice.advised.filter(|advised| *advised > 0).unwrap_or(1);
    found.cells.get(advised).is_some_and(|advised| advised.strategy == cell.strategy)
}

fn kind(sample: &WorkSample) -> String {
    let each = f64::from(sample.tasks.max(1));
    let busy = sample.cores_busy();
    let what = match sample.kind() {
        WorkKind::Waits => "it waits",
        WorkKind::Mixed => "it waits and computes",
        WorkKind::Computes => "it computes",
        WorkKind::Parallel => "it computes on several cores by itself",
    };
    // Around a short task, there is more computing than in it.
    let computing_s = (sample.user_s + sample.system_s) / each;
    let is_parallel = sample.kind() == WorkKind::Parallel;
    let most_s = if is_parallel { f64::INFINITY } else { sample.task_s() };
    let waiting = percent((1.0 - busy).max(0.0));
    let resident =
        sample.memory_bytes.map_or_else(String::new, |bytes| format!("; at most {} of memory", memory(bytes)));
    format!(
        "{what}. A task takes {}: {waiting} of it waiting, {} computing ({} of it in the kernel), {} of output (mean of {}){resident}",
        time(sample.task_s()),
        time(computing_s.min(most_s)),
        time((sample.system_s / each).min(most_s)),
        memory(sample.bytes / u64::from(sample.tasks.max(1))),
        count(sample.tasks as usize, "task"),
    )
}

fn theory(found: &MeasuredWork) -> String {
    let (sample, cores) = (&found.sample, found.cores);
    let workers = sample.workers_for_cores(cores);
    let shown = if workers > 10_000.0 { "more than 10,000".into() } else { significant(workers, 2) };
    let bounds: Vec<String> =
        found.bounds.iter().map(|Bound { name, workers }| format!("{name} ({workers})")).collect();
    let busy = sample.cores_busy();
    // Where a task uses more than one core, the other formula has no waiting to count with.
    let formula = if busy > 1.0 {
        format!(" / {} that a task keeps busy (at least 1)", fixed(busy, 2))
    } else {
        " x (1 + wait / compute)".into()
    };
    format!("{}{formula} = {shown} workers keep the cores busy; bounds: {}", count_of(cores), bounds.join(", "))
}

fn count_of(cores: f64) -> String {
    if cores.fract() == 0.0 { count(cores as usize, "core") } else { format!("{} cores", fixed(cores, 1)) }
}

fn laws(found: &MeasuredWork) -> Option<String> {
    let Laws { amdahl, usl } = found.advice.laws.as_ref()?;
    let share = |of: stats::Estimate| {
        format!("{} ({}–{})", significant(of.estimate, 2), significant(of.low, 2), significant(of.high, 2))
    };
    let whole = |workers: f64| fixed(workers, 0);
    let Curve { peak_workers, peak_low, peak_high, .. } = *usl;
    let peak = match (peak_workers, peak_low, peak_high) {
        (Some(peak), Some(low), Some(high)) => {
            format!("the greatest speedup with {} workers ({}–{})", whole(peak), whole(low), whole(high))
        }
        (_, Some(low), None) => format!("the greatest speedup, if there is one, with {} workers or more", whole(low)),
        _ => "no number of workers is too many".into(),
    };
    // The intervals hold only if the law does, and that is seen from how far it is off.
    let off = |curve: &Curve| format!("off by up to {}", percent(curve.worst_departure));
    Some(format!(
        "Laws: Amdahl's serial share {}, {}; Universal Scalability Law: contention {}, coherence {}, {}, {peak}",
        share(amdahl.sigma),
        off(amdahl),
        share(usl.sigma),
        share(usl.kappa),
        off(usl)
    ))
}

fn certainty(found: &MeasuredWork) -> String {
    let advice = &found.advice;
    let rounds = count(found.rounds as usize, "interleaved round");
    let answers = found.not_compared.clone().unwrap_or_else(|| {
        let whose = if found.cells.iter().any(|cell| cell.out.is_some()) { "of the others, " } else { "" };
        format!("{whose}every output was the same as sequentially")
    });
    let standing = match advice.standing {
        AdviceStanding::Stands => format!(
            "the advice stands after {rounds}: the chance that any comparison behind it is wrong is at most 5 %"
        ),
        AdviceStanding::Undecided | AdviceStanding::Failed => format!("{} ({rounds})", advice.doubts.join("; ")),
    };
    format!("{standing}; \"as fast\" is within {}; {answers}", percent(MARGIN))
}

/// An advice on your own work: what `makespan advise --json FILE` writes. Keys are full words with their unit; an optional
/// value is null, never absent. A later version may add keys.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct AdviceExport<'a> {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = OwnAdvice::SCHEMA)))]
    schema: &'static str,
    /// The version of makespan that wrote it.
    makespan_version: &'static str,
    /// The command that measures this again.
    command: String,
    /// What was measured, for people.
    work: &'a str,
    /// Whether the advice stands.
    standing: AdviceStanding,
    /// The advised workers, or, undecided, those that look best; null if nothing was measured.
    advised: Option<AdvisedWorkers<'a>>,
    /// The advice, for people.
    sentence: &'a str,
    /// Why it doesn't stand, or what makes it less sure.
    doubts: &'a [String],
    /// What stops it from scaling; null if it is not known.
    limit: Option<&'a ScalingLimit>,
    /// What would be worth changing, for people; null where the limit is not known.
    remedy: Option<String>,
    /// Cores that this process may use.
    cores: f64,
    /// A few tasks, done sequentially; sums over the tasks.
    sample: &'a WorkSample,
    /// What tasks spend their time on.
    kind: WorkKind,
    /// Cores x (1 + wait / compute); null if nothing is computed.
    workers_for_cores: Option<f64>,
    /// What limits the number of workers beforehand.
    bounds: &'a [Bound],
    /// The laws, fitted to the advised strategy; null with fewer than four worker counts, for work that computes none beyond
    /// the cores.
    laws: Option<&'a Laws>,
    /// Rounds that every cell completed.
    rounds: u32,
    /// Tasks done in all, without those of warm-ups and memory runs.
    tasks_done: u32,
    /// Why outputs were not compared; null if they were.
    outputs_not_compared: Option<&'a str>,
    /// What else is worth knowing, for people.
    notes: &'a [String],
    /// What was measured in rounds, the sequential loop first.
    cells: Vec<ComparedCell<'a>>,
    /// The single runs by which the worker counts were found. They are no evidence.
    search: &'a [Tried],
}

/// The advised workers.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct AdvisedWorkers<'a> {
    /// The strategy's name.
    strategy: &'a str,
    /// How many workers.
    workers: u32,
    /// How many times as fast as sequential they are; null for sequential itself.
    speedup: Option<Estimate>,
}

/// A cell, compared with the others.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ComparedCell<'a> {
    #[serde(flatten)]
    times: &'a CellTimes,
    /// How many times as fast as sequential it is; null if it can't be compared.
    speedup: Option<Estimate>,
    /// What is shown of it; null if it can't be compared.
    place: Option<Place>,
}

impl<'a> AdviceExport<'a> {
    pub(super) fn of(work: &'a OwnWork, found: &'a MeasuredWork) -> Self {
        let advice = &found.advice;
        let advised = advice.advised.and_then(|cell| found.cells.get(cell));
        let theory = found.sample.workers_for_cores(found.cores);
        let shown = advice.speedups.iter().zip(&advice.places);
        Self {
            schema: OwnAdvice::SCHEMA,
            makespan_version: env!("CARGO_PKG_VERSION"),
            command: super::measuring::command_line(),
            work: &work.title,
            standing: advice.standing,
            advised: advised.map(|CellTimes { strategy, workers, .. }| AdvisedWorkers {
                strategy,
                workers: *workers,
                speedup: advice.speedup,
            }),
            sentence: &advice.sentence,
            doubts: &advice.doubts,
            limit: advice.limit.as_ref(),
            remedy: advice.limit.as_ref().map(ScalingLimit::remedy),
            cores: found.cores,
            sample: &found.sample,
            kind: found.sample.kind(),
            workers_for_cores: theory.is_finite().then_some(theory),
            bounds: &found.bounds,
            laws: advice.laws.as_ref(),
            rounds: found.rounds,
            tasks_done: found.tasks_done,
            outputs_not_compared: found.not_compared.as_deref(),
            notes: &found.notes,
            cells: (found.cells.iter().zip(shown))
                .map(|(times, (&speedup, &place))| ComparedCell { times, speedup, place })
                .collect(),
            search: &found.search,
        }
    }
}
