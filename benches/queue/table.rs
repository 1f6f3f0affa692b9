//! Prints the results on the terminal.

use comfy_table::{CellAlignment, Table, presets};
use makespan::{
    results::costs::{Bulk, Costs, Engine},
    stats::{median::Median, paired},
};

/// Prints one job at a time, then many at once, each compared with RQ.
pub fn print(costs: &Costs) {
    let mut table = plain(["one at a time", "ms", "95 % interval", "n", "RQ takes", "95 % interval"]);
    for one in &costs.single {
        let Some(alone) = Median::of(&one.seconds) else { continue };
        let rq = if one.engine == Engine::Rq { &[] } else { costs.single_s(Engine::Rq) };
        let [times, between] = beside(rq, &one.seconds);
        let ms = |seconds: f64| format!("{:.3}", seconds * 1e3);
        let interval = range(&alone, |alone| (alone.low, alone.high), ms);
        table.add_row([one.engine.name().into(), ms(alone.median), interval, alone.count.to_string(), times, between]);
    }
    println!("{table}\n");
    let mut table = plain([
        "many at once",
        "workers",
        "jobs",
        "jobs/s",
        "95 % interval",
        "us per job",
        "n",
        "times RQ's",
        "95 % interval",
    ]);
    for one in &costs.bulk {
        let each_s = one.per_job_s();
        let Some(each) = Median::of(&each_s) else { continue };
        let rq =
            costs.by_workers(Engine::Rq).into_iter().find(|rq| rq.workers == one.workers && one.engine != Engine::Rq);
        let [times, between] = beside(&rq.map(Bulk::per_job_s).unwrap_or_default(), &each_s);
        table.add_row([
            one.engine.name().into(),
            one.workers.to_string(),
            one.jobs.to_string(),
            format!("{:.0}", 1.0 / each.median),
            range(&each, |each| (1.0 / each.high, 1.0 / each.low), |rate| format!("{rate:.0}")),
            format!("{:.1}", each.median * 1e6),
            each.count.to_string(),
            times,
            between,
        ]);
    }
    println!("{table}");
}

fn range(found: &Median, ends: fn(&Median) -> (f64, f64), figure: impl Fn(f64) -> String) -> String {
    let (low, high) = ends(found);
    // Too few rounds for a 95 % interval.
    if found.covers_95_percent() { format!("{} - {}", figure(low), figure(high)) } else { "-".into() }
}

/// RQ's time relative to ours, round by round.
fn beside(rq_s: &[f64], measured_s: &[f64]) -> [String; 2] {
    match paired::speedup(rq_s, measured_s) {
        Some(found) => [format!("{:.1} x", found.estimate), format!("{:.1} - {:.1}", found.low, found.high)],
        None => ["-".into(), "-".into()],
    }
}

fn plain<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
