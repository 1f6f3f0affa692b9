//! `makespan predict`: what more cores would give, by laws that are fitted to a record.

use super::{
    Data, Usage,
    print::{fitted, say},
    table,
};
use anyhow::anyhow;
use clap::value_parser;
use harness::{
    results::{
        output::Output,
        record::{CellRecord, Record},
        store::StoredRecords,
    },
    scenario::{self, CellSpec, Scenario, Workload},
};
use serde::Serialize;
use stats::{
    Estimate, ceiling,
    median::median,
    usl::{self, Law, NotFitted, UslFit},
};
use std::process::ExitCode;
use support::{
    figures::{count, interval, plain, ratio, significant},
    terminal::width,
};
use work::worker::layout::WorkerLayout;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct PredictArgs {
    /// A measured scenario: its name or a TOML file
    scenario: String,
    /// Cores to predict the speedup for, each with one worker
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "4,8,16,32",
          value_parser = value_parser!(u32).range(1..=4096))]
    cores: Vec<u32>,
    /// Also write the predictions as JSON; `-` for standard output, instead of the table
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan run prime_sum --strategy threads,processes --workers 1,2,3,4
  makespan predict prime_sum --cores 16
  makespan predict latency_only --cores 8,100 --json - | jq '.strategies[].laws[].predictions'

Amdahl's law and the Universal Scalability Law are fitted to the speedups in the scenario's newest
record. A prediction is not a measurement: it assumes that the law continues to hold, and that
tasks, memory and network keep up. Its interval grows with the distance from what was measured.
There is none if a law has as many parameters as there are worker counts above one. To be judged,
Amdahl's law needs two such counts, the Universal Scalability Law three.";

/// The name and version of the JSON document.
pub(crate) const SCHEMA: &str = "makespan.predict/1";

/// Predictions from one record. Other programs read it; `fixtures/schema/predict-1.json` describes it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Predictions<'a> {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The scenario's name.
    scenario: &'a str,
    /// When the record was measured, RFC 3339, UTC.
    started_at: &'a str,
    /// The command that measured it.
    command: &'a str,
    /// The processor that it was measured on; null if the system doesn't tell.
    cpu_model: Option<&'a str>,
    /// How many of its cores could be used.
    cores_usable: u32,
    /// Whether tasks compute: then only worker counts up to the usable cores are fitted, and each predicted worker has
    /// a core. Otherwise tasks wait, and cores stands for workers.
    workers_need_cores: bool,
    /// One entry for each strategy, with its variant, schedule and timer.
    strategies: Vec<OfStrategy<'a>>,
}

/// The cells of one strategy that differ in their workers alone.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct OfStrategy<'a> {
    /// The largest of them that is used.
    spec: &'a CellSpec,
    /// How many tasks there are: whole waves of them bound a prediction.
    tasks: u32,
    /// The measured worker counts that the laws are fitted to, ascending.
    fitted_to_workers: Vec<u32>,
    /// Amdahl's law and the Universal Scalability Law.
    laws: Vec<OfLaw>,
}

/// A law fitted to them, or why it isn't.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct OfLaw {
    /// Which law it is: for amdahl, kappa is 0.
    law: &'static str,
    /// Why it can't be fitted; null if it is.
    not_fitted: Option<String>,
    /// Its parameters; null if it can't be fitted.
    fit: Option<FittedParameters>,
    /// One for each number of cores; empty if it can't be fitted.
    predictions: Vec<PredictedSpeedup>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct FittedParameters {
    sigma: Estimate,
    kappa: Estimate,
    /// The predicted number of workers with the greatest speedup; null, also for an end of the interval, if the speedup
    /// never falls.
    #[cfg_attr(feature = "schema", schemars(with = "OpenEstimate"))]
    peak_workers: Estimate,
    /// The largest distance of a measured speedup from the law, as a share of that speedup; null if the law has as many
    /// parameters as there are worker counts above one, so that nothing shows how well it fits.
    worst_departure: Option<f64>,
}

/// A prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Predicted {
    /// The estimate.
    estimate: f64,
    /// The lower end of its 95 % interval; null if nothing shows how well the law fits.
    low: Option<f64>,
    /// The upper end, likewise.
    high: Option<f64>,
}

/// An estimate as JSON has it if it is not finite.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema, Serialize)]
struct OpenEstimate {
    /// The estimate.
    estimate: Option<f64>,
    /// The interval's lower end.
    low: Option<f64>,
    /// The interval's upper end.
    high: Option<f64>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct PredictedSpeedup {
    /// How many cores, each with a worker.
    cores: u32,
    /// Whether more workers than were measured are predicted.
    extrapolated: bool,
    speedup: Predicted,
    /// The predicted time in seconds.
    time_s: Predicted,
}

pub fn run(args: PredictArgs) -> anyhow::Result<ExitCode> {
    let scenario = scenario::load(&args.scenario)?;
    let store = args.data.store();
    let StoredRecords { mut newest, unreadable } = store.newest()?;
    let measure = format!("makespan run {} --strategy threads,processes --workers 1,2,4,8", args.scenario);
    let record = newest.remove(&scenario.name).ok_or_else(|| {
        let others = unreadable.first().map(|error| format!(" ({error})")).unwrap_or_default();
        let dir = store.dir().display();
        anyhow!("{}: nothing is recorded in {dir}{others}: measure it first: {measure}", scenario.name)
    })?;
    let mut cores = args.cores;
    cores.sort_unstable();
    cores.dedup();
    let predictions = Predictions::of(&scenario, &record, &cores);
    if predictions.strategies.is_empty() {
        return Err(Usage(format!(
            "{}: the newest record has no speedup with several workers that matches the current scenario: measure \
             it again: {measure}",
            scenario.name
        ))
        .into());
    }
    if args.json != Some(Output::Stdout) {
        predictions.print(&measure);
    }
    if let Some(output) = &args.json {
        output.write_json(&predictions)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl<'a> Predictions<'a> {
    fn of(scenario: &Scenario, record: &'a Record, cores: &[u32]) -> Self {
        let mut groups: Vec<Vec<&CellRecord>> = Vec::new();
        for cell in record.cells.iter().filter(|cell| is_usable(cell, scenario, record)) {
            match groups.iter_mut().find(|group| alike(group[0], cell)) {
                Some(group) => group.push(cell),
                None => groups.push(vec![cell]),
            }
        }
        Self {
            schema: SCHEMA,
            scenario: &record.scenario,
            started_at: &record.started_at,
            command: &record.command,
            cpu_model: record.host.cpu_model.as_deref(),
            cores_usable: record.host.cores_usable,
            workers_need_cores: scenario.variants.iter().any(|variant| computes(&variant.workload)),
            strategies: groups.into_iter().filter_map(|group| OfStrategy::of(&group, record, cores)).collect(),
        }
    }
}

/// Whether tasks keep a core busy: more workers than cores then follow no law of these.
fn computes(workload: &Workload) -> bool {
    !matches!(workload, Workload::Fetch(_) | Workload::Files(_))
}

/// Whether the cell says something about more workers: plain workers of its own, each with a core if it needs one, and a
/// speedup over one worker of something that the scenario still says.
fn is_usable(cell: &CellRecord, scenario: &Scenario, record: &Record) -> bool {
    let Some(variant) = scenario.variant(&cell.spec.variant) else { return false };
    let has_cores = !computes(&variant.workload) || cell.workers() <= record.host.cores_usable;
    let is_plain = matches!(cell.spec.shape, WorkerLayout::Plain(_)) && cell.own_workers;
    is_plain
        && has_cores
        && scenario.checksum(&cell.spec).as_ref() == Some(&cell.checksum)
        && record.speedup(cell).is_some()
}

fn alike(one: &CellRecord, other: &CellRecord) -> bool {
    one.tasks == other.tasks && one.spec == CellSpec { shape: one.spec.shape, ..other.spec.clone() }
}

impl<'a> OfStrategy<'a> {
    /// `None` if there is nothing but one worker.
    fn of(group: &[&'a CellRecord], record: &Record, cores: &[u32]) -> Option<Self> {
        let largest = *group.iter().max_by_key(|cell| cell.workers()).filter(|cell| cell.workers() > 1)?;
        let pairs = |cell: &CellRecord| cell.pairs_among(&record.cells);
        let speedups = |(baseline_s, measured_s): (Vec<f64>, Vec<f64>)| {
            baseline_s.iter().zip(&measured_s).map(|(baseline_s, measured_s)| baseline_s / measured_s).collect()
        };
        let points: Vec<(u32, Vec<f64>)> =
            group.iter().filter_map(|cell| Some((cell.workers(), speedups(pairs(cell)?)))).collect();
        let baseline_s = median(&pairs(largest)?.0)?;
        let mut fitted_to_workers: Vec<u32> = points.iter().map(|(workers, _)| *workers).collect();
        fitted_to_workers.sort_unstable();
        fitted_to_workers.dedup();
        let law = |(law, name)| OfLaw::of(name, usl::fit(law, &points), baseline_s, largest.tasks, cores);
        let laws = [(Law::Amdahl, "amdahl"), (Law::Usl, "usl")].map(law).into();
        Some(Self { spec: &largest.spec, tasks: largest.tasks, fitted_to_workers, laws })
    }
}

impl OfLaw {
    fn of(law: &'static str, fit: Result<UslFit, NotFitted>, baseline_s: f64, tasks: u32, cores: &[u32]) -> Self {
        let fit = match fit {
            Ok(fit) => fit,
            Err(refusal) => {
                return Self { law, not_fitted: Some(refusal.to_string()), fit: None, predictions: Vec::new() };
            }
        };
        let is_judged = fit.is_judged();
        let predicted = |Estimate { estimate, low, high }| Predicted {
            estimate,
            low: is_judged.then_some(low),
            high: is_judged.then_some(high),
        };
        let prediction = |&cores: &u32| {
            // Sixteen workers do thirty tasks in two waves, as fifteen do.
            let most = ceiling::quantised_ceiling(tasks, cores)?;
            let speedup = at_most(fit.predict(most.ceil() as u32), most);
            let time_s = Estimate {
                estimate: baseline_s / speedup.estimate,
                low: baseline_s / speedup.high,
                high: baseline_s / speedup.low,
            };
            Some(PredictedSpeedup {
                cores,
                extrapolated: cores > fit.most_workers,
                speedup: predicted(speedup),
                time_s: predicted(time_s),
            })
        };
        let predictions = cores.iter().filter_map(prediction).collect();
        let worst_departure = is_judged.then_some(fit.worst_departure);
        let UslFit { sigma, kappa, peak_workers, .. } = fit;
        Self {
            law,
            not_fitted: None,
            fit: Some(FittedParameters { sigma, kappa, peak_workers, worst_departure }),
            predictions,
        }
    }
}

/// No more than whole waves of tasks allow.
fn at_most(speedup: Estimate, most: f64) -> Estimate {
    let Estimate { estimate, low, high } = speedup;
    Estimate { estimate: estimate.min(most), low: low.min(most), high: high.min(most) }
}

/// A peak at so many workers is none.
const NO_PEAK: f64 = 1e6;

fn in_words(law: &str) -> &'static str {
    if law == "amdahl" { "Amdahl's law" } else { "Universal Scalability Law" }
}

impl Predictions<'_> {
    fn print(&self, measure: &str) {
        let cpu = self.cpu_model.unwrap_or("unknown processor");
        let cores = count(self.cores_usable as usize, "core");
        say!("{}", fitted(&format!("{}: predictions, not measurements", self.scenario)));
        say!(
            "{}",
            fitted(&format!("Fitted to measurements on {cpu}, {cores}, from {}: {}", self.started_at, self.command))
        );
        let rows: Vec<[String; 6]> = self.strategies.iter().flat_map(OfStrategy::rows).collect();
        let heads = ["strategy", "law", "cores", "predicted speedup", "95 % interval", "predicted time"];
        if !rows.is_empty() {
            say!("\n{}", table::fit(heads, &rows, &[5], width()));
        }
        say!("");
        for strategy in &self.strategies {
            for law in &strategy.laws {
                say!("{}", fitted(&strategy.fitted(law)));
            }
        }
        let too_few = |law: &OfLaw| law.not_fitted.is_some();
        if self.strategies.iter().flat_map(|strategy| &strategy.laws).any(too_few) {
            let more = if self.workers_need_cores && self.cores_usable < 3 {
                format!("Tasks compute, so each worker needs a core: with {cores}, only Amdahl's law can be fitted.")
            } else {
                format!("Measure more worker counts: {measure}")
            };
            say!("{}", fitted(&more));
        }
        let need = if self.workers_need_cores {
            "Each worker has a core of its own."
        } else {
            "Tasks wait, so several workers can share a core: N cores stand for N workers."
        };
        let caveat = "A prediction assumes that the law continues to hold, and that tasks, memory and network keep up.";
        say!("{}", fitted(&format!("{need} {caveat}")));
    }
}

impl OfStrategy<'_> {
    /// As tables name it, without the number of workers.
    fn name(&self) -> String {
        let name = self.spec.to_string();
        name.replacen(&format!(" x {}", self.spec.shape), "", 1)
    }

    fn rows(&self) -> Vec<[String; 6]> {
        let row = |law: &OfLaw, it: &PredictedSpeedup| {
            [
                self.name(),
                in_words(law.law).to_owned(),
                it.cores.to_string(),
                format!("{}x", ratio(it.speedup.estimate)),
                it.speedup.low.zip(it.speedup.high).map_or("none".into(), |(low, high)| interval(low, high)),
                table::seconds(it.time_s.estimate),
            ]
        };
        self.laws.iter().flat_map(|law| law.predictions.iter().map(move |it| row(law, it))).collect()
    }

    /// A sentence about the fit.
    fn fitted(&self, law: &OfLaw) -> String {
        let (name, law_name) = (self.name(), in_words(law.law));
        let workers: Vec<String> = self.fitted_to_workers.iter().map(u32::to_string).collect();
        let workers = workers.join(", ");
        let Some(fit) = &law.fit else {
            let why = law.not_fitted.as_deref().unwrap_or_default();
            return format!("{name}: no {law_name} for {workers} workers: {why}.");
        };
        let small = |it: Estimate| {
            let figure = |value| significant(value, 2);
            format!("{} ({}–{})", figure(it.estimate), figure(it.low), figure(it.high))
        };
        let mut words =
            format!("{name}, {law_name}, fitted to {workers} workers: contention (sigma) {}", small(fit.sigma));
        if law.law == "usl" {
            let Estimate { estimate, low, high } = fit.peak_workers;
            let peak = |value: f64| if value < NO_PEAK { plain(value.round()) } else { "none".into() };
            let peak = match [estimate, low].map(|workers| workers < NO_PEAK) {
                [true, _] => {
                    let noun = if peak(estimate) == "1" { "worker" } else { "workers" };
                    format!("predicted peak at {} {noun} ({}–{})", peak(estimate), peak(low), peak(high))
                }
                [false, true] => format!("no peak is predicted, and none shown below {} workers", peak(low)),
                [false, false] => "no peak is predicted".to_owned(),
            };
            words = format!("{words}, coherence (kappa) {}; {peak}", small(fit.kappa));
        }
        match fit.worst_departure {
            // No measurement is so precise that a smaller distance says more.
            Some(share) => {
                format!(
                    "{words}. It is within {} % of every measured speedup.",
                    significant(100.0 * share.max(1e-4), 2)
                )
            }
            None => format!(
                "{words}. It has as many parameters as there are worker counts above one, so nothing shows how well it \
                 fits, and its predictions have no interval."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_that_have_no_task_change_nothing() {
        let points = [2_u32, 4, 8].map(|workers| (workers, vec![usl::speedup(0.02, 0.001, workers); 4]));
        let law = OfLaw::of("usl", usl::fit(Law::Usl, &points), 30.0, 30, &[15, 16, 30, 100]);
        let found: Vec<Predicted> = law.predictions.iter().map(|prediction| prediction.speedup).collect();
        assert_eq!((found[1], found[3]), (found[0], found[2]), "thirty tasks are two waves, or one");
        assert!((found[0].estimate - usl::speedup(0.02, 0.001, 15)).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_law_through_its_only_point_has_no_interval() {
        let point = [(15_u32, vec![8.0, 8.1, 7.9])];
        let law = OfLaw::of("amdahl", usl::fit(Law::Amdahl, &point), 30.0, 640, &[8, 64]);
        assert_eq!(law.fit.as_ref().map(|fit| fit.worst_departure), Some(None));
        assert!(law.predictions.iter().all(|it| it.speedup.low.is_none() && it.time_s.high.is_none()));
        let spec = testdata::records::cell("threads", 15);
        let strategy = OfStrategy { spec: &spec, tasks: 640, fitted_to_workers: vec![1, 15], laws: vec![law] };
        let words = strategy.fitted(&strategy.laws[0]);
        assert!(words.contains("nothing shows how well it fits") && !words.contains("within"), "{words}");
        assert!(strategy.rows().iter().all(|row| row[4] == "none"), "{:?}", strategy.rows());
    }

    #[test]
    fn whole_waves_bound_a_prediction() {
        let speedup = Estimate { estimate: 15.8, low: 14.9, high: 16.4 };
        assert_eq!(at_most(speedup, 15.0), Estimate { estimate: 15.0, low: 14.9, high: 15.0 });
    }
}
