//! The advice for people, and as JSON.

use super::{
    super::{
        measuring,
        print::{fitted, note, say},
        table::fit,
    },
    own_work::OwnWork,
    program::MeasuredWork,
};
use advice::{
    AdviceStanding, Bound, CellTimes, Curve, Laws, ScalingLimit, WorkKind, WorkSample,
    documents::{AdviceDocument, AdviceExport, AdvisedWorkers, ComparedCell},
    judge::MARGIN,
};
use stats::median::median;
use support::{
    figures::{cores, count, fixed, interval, memory, percent, ratio, significant, time},
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
    let sample = &found.sample;
    let workers = sample.workers_for_cores(found.cores);
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
    let cores = cores(found.cores);
    let them = if cores == "1 core" { "the core" } else { "the cores" };
    format!("{cores}{formula} = {shown} workers keep {them} busy; bounds: {}", bounds.join(", "))
}

fn laws(found: &MeasuredWork) -> Option<String> {
    let Laws { amdahl, usl } = found.advice.laws.as_ref()?;
    let share = |of: stats::Estimate| {
        format!("{} ({}–{})", significant(of.estimate, 2), significant(of.low, 2), significant(of.high, 2))
    };
    let whole = |workers: f64| fixed(workers, 0);
    // As `count`, of a number that may be huge.
    let counted =
        |workers: f64| format!("{} {}", whole(workers), if whole(workers) == "1" { "worker" } else { "workers" });
    let Curve { peak_workers, peak_low, peak_high, .. } = *usl;
    let peak = match (peak_workers, peak_low, peak_high) {
        (Some(peak), Some(low), Some(high)) => {
            format!("the greatest speedup with {} ({}–{})", counted(peak), whole(low), whole(high))
        }
        (_, Some(low), None) => format!("the greatest speedup, if there is one, with {} or more", counted(low)),
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

pub(super) fn export(work: &OwnWork, found: &MeasuredWork) -> AdviceExport {
    let advice = found.advice.clone();
    let advised = advice.advised.and_then(|cell| found.cells.get(cell));
    let theory = found.sample.workers_for_cores(found.cores);
    let compared = found.cells.iter().cloned().zip(advice.speedups).zip(advice.places);
    AdviceExport {
        schema: AdviceExport::SCHEMA.into(),
        makespan_version: env!("CARGO_PKG_VERSION").into(),
        command: measuring::command_line(),
        work: work.title.clone(),
        standing: advice.standing,
        advised: advised.map(|CellTimes { strategy, workers, .. }| AdvisedWorkers {
            strategy: strategy.clone(),
            workers: *workers,
            speedup: advice.speedup,
        }),
        sentence: advice.sentence,
        doubts: advice.doubts,
        remedy: advice.limit.as_ref().map(ScalingLimit::remedy),
        limit: advice.limit,
        cores: found.cores,
        sample: found.sample,
        kind: found.sample.kind(),
        workers_for_cores: theory.is_finite().then_some(theory),
        bounds: found.bounds.clone(),
        laws: advice.laws,
        rounds: found.rounds,
        tasks_done: found.tasks_done,
        outputs_not_compared: found.not_compared.clone(),
        notes: found.notes.clone(),
        cells: compared.map(|((times, speedup), place)| ComparedCell { times, speedup, place }).collect(),
        search: found.search.clone(),
    }
}
