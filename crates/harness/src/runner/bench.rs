//! Sets up the cells of one scenario, and runs rounds until there is a reason to end.

use super::{
    Observer, Settings,
    cell::{CellError, PreparedCell, Sample},
    earlier::{self, Unfit},
    probe,
    rounds::Timelines,
    set_up_cells,
    stage::SetupError,
};
use crate::{
    results::record::{CellRecord, Check, EndReason, Excluded, Record, SCHEMA, Timeline},
    scenario::{CellSpec, Scenario, Variant, baseline_of},
};
use measure::{
    host::{self, HostFacts},
    others::OthersWatch,
    usable_cores::Throttling,
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    path::{self, Path},
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};
use work::{
    fixtures::LeftOut,
    queue::outage::Outage,
    strategy::{Strategy, python::SEQUENTIAL},
};

/// The most runs of a cell in one round until a time counts.
const MOST_RUNS: u32 = 3;

/// The cells of one scenario, set up, and their results so far. All lists are indexed by cell.
pub(super) struct Bench<'a> {
    settings: &'a Settings,
    cells: Vec<PreparedCell>,
    /// How often a cell is run before the first round.
    probes: Vec<u32>,
    timelines: Vec<Timelines>,
    /// Whether an interim analysis has found that the cell needs no more rounds.
    done: Vec<bool>,
    record: Record,
    steps_done: u32,
    /// The duration of the rounds so far.
    spent: Duration,
}

/// Files that the cells' stages left out, each once.
fn left_out(cells: &[PreparedCell]) -> Vec<LeftOut> {
    let all: BTreeSet<&LeftOut> = cells.iter().flat_map(|cell| &cell.stage.left_out).collect();
    all.into_iter().cloned().collect()
}

/// Their records before anything is measured. Where all cells of a variant and timer are in Python, the first
/// `python/sequential` is the baseline: one for all interpreters, so that their times can be compared.
fn unmeasured(cells: &[PreparedCell]) -> Vec<CellRecord> {
    let mut records: Vec<CellRecord> = cells.iter().map(PreparedCell::unmeasured).collect();
    for index in 0..records.len() {
        let spec = &records[index].spec;
        let same = |other: &CellRecord| other.spec.variant == spec.variant && other.spec.timer == spec.timer;
        let is_candidate = spec.strategy == SEQUENTIAL.name()
            && baseline_of(spec, records.iter().map(|record| &record.spec)) == SEQUENTIAL.name();
        if is_candidate && !records.iter().any(|other| other.is_baseline && same(other)) {
            records[index].is_baseline = true;
        }
    }
    records
}

fn absolute(file: &Path) -> String {
    path::absolute(file).unwrap_or_else(|_| file.into()).to_string_lossy().into_owned()
}

impl<'a> Bench<'a> {
    pub(super) fn set_up(
        scenario: &Scenario,
        specs: &[CellSpec],
        settings: &'a Settings,
        observer: &mut dyn Observer,
    ) -> Result<Self, SetupError> {
        let cells = set_up_cells(scenario, specs, settings, observer)?;
        let record = Record {
            schema: SCHEMA.into(),
            makespan_version: env!("CARGO_PKG_VERSION").into(),
            host: HostFacts::gather(settings.commit.as_deref()),
            scenario: scenario.name.clone(),
            scenario_file: scenario.source.as_deref().map(absolute),
            title: scenario.title.clone(),
            question: scenario.question.clone(),
            document: scenario.document.clone(),
            started_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            time_scale: scenario.time_scale,
            seed: settings.seed,
            drawn: specs.iter().filter_map(|spec| scenario.variant(&spec.variant)).any(Variant::is_drawn),
            process: std::process::id(),
            purpose: settings.plan.purpose,
            looks: settings.plan.looks.clone(),
            stopped: None,
            rounds: settings.plan.last(),
            rounds_done: 0,
            throttling: Throttling::so_far().map(|_| Throttling::default()),
            others_cores: None,
            command: settings.command.clone(),
            left_out: left_out(&cells),
            cells: unmeasured(&cells),
        };
        let probes = specs.iter().map(|spec| settings.plan.probes(spec)).collect();
        let timelines = cells.iter().map(|_| Timelines::default()).collect();
        let done = vec![false; specs.len()];
        Ok(Self { settings, cells, probes, timelines, done, record, steps_done: 0, spent: Duration::ZERO })
    }

    /// Takes over the complete rounds of an earlier record.
    pub(super) fn take_up(&mut self, earlier: Record) -> Result<(), Unfit> {
        earlier::fits(&earlier, &self.record)?;
        let kept = earlier.rounds_done;
        self.record = Record { process: self.record.process, ..earlier };
        for ((cell, timelines), done) in self.record.cells.iter_mut().zip(&mut self.timelines).zip(&mut self.done) {
            *timelines = Timelines::of(cell, kept);
            *done = cell.rounds.len() < kept as usize;
            let s = cell.rounds.iter().map(|round| round.start_s + round.run_s + round.stop_s).sum();
            self.spent += Duration::try_from_secs_f64(s).unwrap_or_default();
        }
        self.steps_done = self.steps() - (self.record.rounds - kept) * self.cells.len() as u32;
        Ok(())
    }

    /// Measures until there is a reason to end or an interrupt.
    pub(super) fn measure(mut self, observer: &mut dyn Observer) -> Record {
        observer.updated(&self.record);
        if self.record.rounds_done == 0 {
            self.verify(observer);
        }
        let (before, begun) = (self.record.throttling, Throttling::so_far());
        let mut others = OthersWatch::begin();
        while self.record.stopped.is_none() {
            self.record.stopped = self.reason_to_end(observer);
            let went_on = self.record.stopped.is_none() && self.round(observer).is_continue();
            let since = Throttling::so_far().zip(begun).map(|(now, begun)| now - begun);
            self.record.throttling = before.zip(since).map(|(before, since)| before + since);
            self.record.others_cores = others.as_mut().and_then(OthersWatch::cores);
            if !went_on {
                break;
            }
        }
        self.record.host.load_after = host::load_average();
        observer.updated(&self.record);
        self.record
    }

    /// Called between two rounds. At an interim analysis, cells that need no more rounds are done; a cell stays done, so that
    /// its rounds are those up to an analysis.
    fn reason_to_end(&mut self, observer: &mut dyn Observer) -> Option<EndReason> {
        let (plan, done) = (&self.settings.plan, self.record.rounds_done);
        if done >= plan.last() {
            return Some(EndReason::AllRounds);
        }
        if done == 0 {
            return None;
        }
        if plan.looks.contains(&done) {
            let open = observer.open_cells(&self.record);
            (0..).zip(&mut self.done).for_each(|(index, done)| *done |= !open.contains(&index));
            if self.done.iter().all(|done| *done) {
                return Some(EndReason::Settled);
            }
        }
        plan.budget.filter(|budget| self.spent >= *budget).map(|_| EndReason::Budget)
    }

    /// Runs every cell, untimed, in a fresh process, to check its answers and measure its resources; with several
    /// memory samples, in rotation.
    fn verify(&mut self, observer: &mut dyn Observer) {
        let most = self.probes.iter().copied().max().unwrap_or(0);
        let turns = (0..most).flat_map(|turn| (0..self.cells.len()).map(move |index| (turn, index)));
        let turns: Vec<(u32, usize)> = turns.filter(|&(turn, index)| turn < self.probes[index]).collect();
        // The first round notices an interrupt.
        let _ = turns.into_iter().try_for_each(|(_, index)| self.step(index, observer, Self::probe));
    }

    fn probe(&mut self, index: usize, _: &mut dyn Observer) -> Result<(), CellError> {
        let Some(taken) = probe::run(&self.cells[index])? else { return Ok(()) };
        let cell = &mut self.record.cells[index];
        // Of several runs, the largest.
        if cell.peak_memory_bytes < Some(taken.memory_bytes) {
            cell.peak_memory_bytes = Some(taken.memory_bytes);
            cell.memory_per_worker_bytes = taken.memory_per_worker_bytes;
        }
        cell.most_threads = cell.most_threads.max(taken.threads);
        cell.most_processes = cell.most_processes.max(Some(taken.processes));
        if self.probes[index] > 1 {
            cell.memory_samples_bytes.extend(taken.memory_per_worker_bytes);
        }
        Ok(())
    }

    /// Measures every cell once more, until an interrupt.
    fn round(&mut self, observer: &mut dyn Observer) -> ControlFlow<()> {
        let (round, begun) = (self.record.rounds_done, Instant::now());
        let mut order: Vec<usize> = (0..self.cells.len()).collect();
        order.shuffle(&mut Pcg64::seed_from_u64(self.settings.seed.wrapping_add(u64::from(round))));
        let sample = |bench: &mut Self, index: usize, observer: &mut dyn Observer| {
            let sample = bench.undisturbed(index, round, observer)?;
            observer.measured(index, round, &sample);
            bench.add(index, sample)
        };
        order.into_iter().try_for_each(|index| self.step(index, observer, sample))?;
        self.record.rounds_done += 1;
        self.spent += begun.elapsed();
        ControlFlow::Continue(())
    }

    /// A run of a cell whose time counts. A run during which the queue was unavailable is recorded as excluded, and
    /// repeated at once: it is evidence about the queue, not about the strategy.
    fn undisturbed(&mut self, index: usize, round: u32, observer: &mut dyn Observer) -> Result<Sample, CellError> {
        let mut last = None;
        for _ in 0..MOST_RUNS {
            if last.is_some() {
                observer.updated(&self.record);
            }
            let sample = self.cells[index].once(round)?;
            let Some(reason) = Outage::disturbance(&sample.timeline.outages) else { return Ok(sample) };
            self.exclude(index, sample.round.redeliveries, sample.timeline);
            last = Some(reason);
        }
        Err(CellError::Disturbed { runs: MOST_RUNS, reason: last.unwrap_or_default() })
    }

    fn exclude(&mut self, index: usize, redeliveries: u32, mut timeline: Timeline) {
        let all = &mut self.record.cells[index].excluded;
        // One is enough to show what such a run looks like.
        if !all.is_empty() {
            timeline.spans.clear();
        }
        all.push(Excluded {
            reason: Outage::disturbance(&timeline.outages).unwrap_or_default(),
            redeliveries,
            timeline,
        });
    }

    /// One step of one cell, unless the cell is out. A failure due to Ctrl-C is not the cell's.
    fn step(
        &mut self,
        index: usize,
        observer: &mut dyn Observer,
        work: impl FnOnce(&mut Self, usize, &mut dyn Observer) -> Result<(), CellError>,
    ) -> ControlFlow<()> {
        if self.interrupted() {
            return ControlFlow::Break(());
        }
        // A cell that is out or done keeps its steps, so that the total stays the same; they take no time.
        let step = self.steps_done;
        self.steps_done += 1;
        if self.done[index] || matches!(self.record.cells[index].check, Check::Failed | Check::Skipped) {
            return ControlFlow::Continue(());
        }
        observer.working(index, &self.cells[index].spec, step, self.steps());
        match work(self, index, observer) {
            Err(error) if self.interrupted() => {
                if error.is_of_a_worker() {
                    observer.lost(&error);
                }
                return ControlFlow::Break(());
            }
            Err(error) => self.fail(index, &error),
            Ok(()) => {}
        }
        observer.updated(&self.record);
        ControlFlow::Continue(())
    }

    /// All steps up to the last round.
    fn steps(&self) -> u32 {
        self.probes.iter().sum::<u32>() + self.record.rounds * self.cells.len() as u32
    }

    fn interrupted(&self) -> bool {
        self.settings.interrupted.load(Relaxed)
    }

    /// A wrong answer has no time: discards the cell's measurements.
    fn fail(&mut self, index: usize, error: &CellError) {
        self.timelines[index] = Timelines::default();
        if let CellError::Outage { start_ns, end_ns, account, .. } = error {
            let (round, (start_ns, end_ns)) = (self.record.rounds_done, (*start_ns, *end_ns));
            let (elsewhere, outages) = (account.elsewhere.clone(), account.outages.clone());
            let timeline =
                Timeline { round, start_ns, end_ns, spans: Vec::new(), failed: Vec::new(), elsewhere, outages };
            self.exclude(index, account.redelivered.values().sum(), timeline);
        }
        let (unmeasured, excluded) =
            (self.cells[index].unmeasured(), std::mem::take(&mut self.record.cells[index].excluded));
        self.record.cells[index] =
            CellRecord { check: Check::Failed, reason: Some(error.to_string()), excluded, ..unmeasured };
    }

    fn add(&mut self, index: usize, sample: Sample) -> Result<(), CellError> {
        let cell = &mut self.record.cells[index];
        let now = sample.round.workers;
        if let Some(before) = cell.rounds.first().map(|round| round.workers).filter(|before| *before != now) {
            return Err(CellError::Workers { now, before });
        }
        // Every later round is checked to make the same files.
        if cell.rounds.is_empty() {
            cell.likeness_db = self.cells[index].likeness_db()?;
        }
        cell.check = Check::Passed;
        self.timelines[index].add(cell, sample.round, sample.timeline);
        Ok(())
    }
}
