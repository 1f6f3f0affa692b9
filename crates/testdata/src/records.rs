//! Invented records of sweeps, each with a shape that the page must show.

use harness::{
    results::{
        costs::{self, Bulk, Costs, Engine, EngineFacts, Single},
        latency::Latency,
        record::{CellRecord, Check, EndReason, Excluded, Purpose, PythonFacts, Record, Round, SCHEMA, Timeline},
    },
    scenario::{CellSpec, DEFAULT_VARIANT, Phase, Timer},
};
use measure::host::HostFacts;
use std::{collections::BTreeMap, num::NonZeroU32};
use work::{
    queue::outage::Outage,
    worker::{
        lane::{Activity, Span},
        task_queue::Schedule,
        work::Elsewhere,
    },
};

/// The parameters of an invented cell.
#[derive(Debug)]
pub struct MadeCell {
    /// The strategy's name.
    pub strategy: &'static str,
    /// How many workers.
    pub workers: u32,
    /// How many tasks.
    pub tasks: u32,
    /// Seconds that a task takes alone on a worker.
    pub task_s: f64,
    /// The share of that time that is waiting.
    pub waiting: f64,
    /// Workers that really run in parallel.
    pub side_by_side: u32,
}

/// A reproducible number from 0 to 1.
pub(crate) fn noise(seed: u32) -> f64 {
    f64::from(seed.wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(40_503) % 1000) / 1000.0
}

impl MadeCell {
    fn cell(&self, rounds: u32) -> CellRecord {
        let spans = self.spans();
        let (start_ns, end_ns) = (1_000_000_000, spans.iter().map(|span| span.end_ns).max().unwrap_or(1_000_000_000));
        let cpu_s = f64::from(self.tasks) * self.task_s * (1.0 - self.waiting);
        let is_processes = self.strategy == "processes";
        let round = |round| Round {
            start_s: 0.001 * f64::from(self.workers),
            run_s: (end_ns - start_ns) as f64 / 1e9 * (1.0 + 0.02 * (noise(round + self.workers * 31) - 0.5)),
            stop_s: 0.000_5,
            cpu_user_s: cpu_s * 0.7,
            cpu_system_s: cpu_s * 0.3,
            context_switches: u64::from(self.tasks * 3 + self.workers),
            core_wait_s: Some(cpu_s * 0.1 * f64::from(self.workers - 1)),
            latency: Some(Latency { p50_s: self.task_s, p95_s: 1.5 * self.task_s, p99_s: 2.0 * self.task_s }),
            workers: self.workers,
            ..Round::default()
        };
        CellRecord {
            check: Check::Passed,
            peak_memory_bytes: Some(
                3_100_000 + u64::from(self.workers) * if is_processes { 2_400_000 } else { 90_000 },
            ),
            memory_per_worker_bytes: Some(if is_processes { 2_400_000 } else { 90_000 }),
            most_threads: Some(if matches!(self.strategy, "sequential" | "async") { 1 } else { self.workers + 1 }),
            most_processes: Some(if is_processes { self.workers + 1 } else { 1 }),
            rounds: (0..rounds).map(round).collect(),
            timeline: Some(Timeline {
                round: 0,
                start_ns,
                end_ns,
                spans,
                failed: Vec::new(),
                elsewhere: Vec::new(),
                outages: Vec::new(),
            }),
            ..CellRecord::unmeasured(cell(self.strategy, self.workers), self.tasks, vec![Phase::Run])
        }
    }

    /// Tasks scheduled one by one, each to the first free worker.
    fn spans(&self) -> Vec<Span> {
        let slow = f64::from(self.workers.max(self.side_by_side)) / f64::from(self.side_by_side);
        let slow = if self.waiting > 0.5 { 1.0 } else { slow };
        let mut free = vec![1_000_000_000_u64; self.workers as usize];
        let mut spans = Vec::new();
        for index in 0..self.tasks {
            let worker = (0..free.len()).min_by_key(|worker| free[*worker]).unwrap_or(0);
            let length = (self.task_s * slow * (1.0 + 0.06 * noise(index * 7 + self.workers)) * 1e9) as u64;
            let (start_ns, end_ns) = (free[worker], free[worker] + length);
            let span =
                |kind, start_ns, end_ns| Span { worker: worker as u32, index: Some(index), kind, start_ns, end_ns };
            spans.push(span(Activity::Run, start_ns, end_ns));
            if self.waiting > 0.0 {
                let waited = (length as f64 * self.waiting) as u64;
                let head = start_ns + length / 50;
                spans.push(span(Activity::WaitServer, head, head + waited * 4 / 5));
                spans.push(span(Activity::WaitLink, head + waited * 4 / 5, head + waited));
            }
            free[worker] = end_ns + length / 400;
        }
        spans
    }
}

/// A whole record without cells, on an invented machine.
pub fn blank(scenario: &str, rounds: u32) -> Record {
    Record {
        schema: SCHEMA.into(),
        makespan_version: "0.0.0".into(),
        host: HostFacts {
            cpu_model: Some("Made-up processor".into()),
            cores_usable: 2,
            cores_affinity: 2,
            cpu_quota_cores: None,
            cores_online: 4,
            memory_bytes: Some(8_200_000_000),
            system: "linux".into(),
            kernel: Some("6.18.0".into()),
            rustc: "rustc 1.95.0".into(),
            profile: "release".into(),
            commit: Some("0123abc".into()),
            load_before: Some(0.31),
            load_after: Some(1.24),
        },
        scenario: scenario.into(),
        scenario_file: None,
        title: scenario.replace('_', " "),
        question: String::new(),
        document: Some("000".into()),
        started_at: "2000-01-01T00:00:00Z".into(),
        time_scale: 1.0,
        seed: 1,
        process: 1,
        purpose: Purpose::Run,
        throttling: None,
        others_cores: None,
        looks: vec![rounds],
        drawn: false,
        stopped: Some(EndReason::AllRounds),
        rounds,
        rounds_done: rounds,
        left_out: Vec::new(),
        command: format!("makespan run {scenario} --rounds {rounds}"),
        cells: Vec::new(),
    }
}

/// A record of these cells; the first is the baseline.
pub fn record(scenario: &str, question: &str, rounds: u32, cells: &[MadeCell]) -> Record {
    Record {
        question: question.into(),
        cells: cells.iter().map(|made| made.cell(rounds)).collect(),
        ..blank(scenario, rounds)
    }
}

/// A cell of the default variant, scheduled one by one.
pub fn cell(strategy: &str, workers: u32) -> CellSpec {
    CellSpec {
        variant: DEFAULT_VARIANT.into(),
        strategy: strategy.into(),
        shape: NonZeroU32::new(workers).unwrap().into(),
        schedule: Schedule::OneByOne,
        timer: Timer::Warm,
        python: None,
    }
}

const COUNTS: [u32; 6] = [1, 2, 4, 8, 16, 30];

fn sweep(count: u32, task_s: f64, waiting: f64, strategies: &[(&'static str, f64)]) -> Vec<MadeCell> {
    let made = |strategy, workers, factor: f64| {
        let loop_blocked = strategy == "async" && waiting < 0.5;
        let side_by_side = if loop_blocked { 1 } else { 2.min(workers) };
        MadeCell { strategy, workers, tasks: count, task_s: task_s * factor, waiting, side_by_side }
    };
    let mut all = vec![made("sequential", 1, 1.0)];
    for (strategy, factor) in strategies {
        all.extend(COUNTS.iter().map(|workers| made(strategy, *workers, 1.0 + (factor - 1.0) * f64::from(*workers))));
    }
    all
}

/// Thirty requests that mostly wait: everything scales.
pub fn web_requests(rounds: u32) -> Record {
    let strategies = [
        ("threads", 1.0),
        ("work_stealing", 1.000_5),
        ("processes", 1.012),
        ("async", 1.000_2),
        ("async_offload", 1.002),
    ];
    let mut made =
        record("web_requests", "Are five threads five times as fast?", rounds, &sweep(30, 0.015, 0.95, &strategies));
    made.time_scale = 20.0;
    made
}

/// A hundred calculations on two cores: everything flattens.
pub fn prime_sum(rounds: u32) -> Record {
    let strategies =
        [("threads", 1.0), ("work_stealing", 1.000_2), ("processes", 1.001), ("async", 1.0), ("async_offload", 1.001)];
    record("prime_sum", "Do threads help a calculation?", rounds, &sweep(60, 0.006, 0.0, &strategies))
}

/// Every strategy, one of them with two schedules; and a sweep of few workers.
pub fn crowded() -> Vec<Record> {
    let all = [
        "thread_per_task",
        "threads",
        "work_stealing",
        "processes",
        "hybrid",
        "async",
        "async_offload",
        "gil_threads",
        "queue",
    ];
    let strategies: Vec<(&str, f64)> = all.into_iter().map(|strategy| (strategy, 1.0005)).collect();
    let mut many = record("crowded", "Are ten too many?", 10, &sweep(30, 0.2, 0.95, &strategies));
    let dealt = many.cells.iter().filter(|cell| cell.spec.strategy == "processes" && cell.workers() < 16).cloned();
    let mut dealt: Vec<CellRecord> = dealt.collect();
    dealt.iter_mut().for_each(|cell| cell.spec.schedule = Schedule::PoolChunks);
    many.cells.extend(dealt);
    many.cells.retain(|cell| cell.spec.strategy != "thread_per_task" || cell.workers() == 30);
    let mut few = prime_sum(10);
    few.cells.retain(|cell| cell.workers() <= 4);
    (few.host.cores_usable, few.host.cores_affinity) = (16, 16);
    vec![many, few]
}

/// The same requests with a Redis queue: two of its workers are on other hosts, and one of the cells lost a worker.
pub fn queued() -> Record {
    let strategies = [("threads", 1.0), ("processes", 1.012), ("queue", 1.02)];
    let mut record =
        record("web_requests", "Are five threads five times as fast?", 10, &sweep(30, 0.015, 0.95, &strategies));
    for cell in record.cells.iter_mut().filter(|cell| cell.spec.strategy == "queue") {
        cell.queue = Some("redis://127.0.0.1:6379/0".into());
        let workers = cell.workers();
        cell.rounds[0].redeliveries = if workers == 8 { 2 } else { 0 };
        let Some(timeline) = &mut cell.timeline else { continue };
        let stages = timeline.spans.iter().filter(|span| span.kind == Activity::Run).flat_map(|run| {
            let handed_in = timeline.start_ns + 20_000 * u64::from(run.index.unwrap_or(0));
            [
                (Activity::Enqueue, timeline.start_ns, handed_in),
                (Activity::Queued, handed_in, run.start_ns.max(handed_in)),
                (Activity::Return, run.end_ns, run.end_ns + 150_000),
            ]
            .map(|(kind, start_ns, end_ns)| Span { kind, start_ns, end_ns, ..*run })
        });
        let stages: Vec<Span> = stages.collect();
        timeline.spans.extend(stages);
        timeline.elsewhere = (workers / 2..workers)
            .map(|worker| Elsewhere {
                worker,
                host: if worker % 4 == 3 { "host-c" } else { "host-b" }.into(),
                clock_offset_ns: 1_312_000,
                clock_uncertainty_ns: 97_000,
            })
            .collect();
    }
    record
}

/// The same, with a run that an outage disturbed, and another run on the same queue name.
pub fn disturbed() -> Record {
    let mut record = queued();
    let cell = record.cells.iter_mut().find(|cell| cell.spec.strategy == "queue").unwrap();
    cell.rounds[0].other_runs = 1;
    let mut timeline = cell.timeline.clone().unwrap();
    let (start_ns, end_ns) = (timeline.start_ns + 40_000_000, timeline.start_ns + 90_000_000);
    let outage = |worker| Outage { worker, start_ns, end_ns, cause: "connection refused".into() };
    timeline.outages = vec![outage(None), outage(Some(0))];
    let reason = "the queue gave no answer for 0.05 s (connection refused)".into();
    cell.excluded = vec![Excluded { reason, redeliveries: 0, timeline }];
    record
}

/// What a queue costs on an invented machine.
pub fn costs() -> Costs {
    // Seconds for one job alone, and for each of many with a single worker.
    let of = |engine| match engine {
        Engine::Processes => (0.000_02, 0.000_008),
        Engine::Sqlite => (0.000_18, 0.000_09),
        Engine::Redis => (0.000_24, 0.000_1),
        Engine::Rq => (0.012, 0.011),
        Engine::RqSimple => (0.004, 0.003),
    };
    let rounds =
        |seconds: f64, seed: u32| (0..6).map(|round| seconds * (1.0 + 0.06 * noise(round * 7 + seed))).collect();
    let mut bulk = Vec::new();
    for (number, engine) in (0_u32..).zip(Engine::ALL) {
        let (_, each) = of(engine);
        let ours = !matches!(engine, Engine::Rq | Engine::RqSimple);
        let jobs = if ours { 5000 } else { 50 };
        for workers in [1_u32, 2, 4, 8] {
            let seconds = f64::from(jobs) * each / f64::from(workers.min(2));
            bulk.push(Bulk { engine, workers, jobs, seconds: rounds(seconds, number * 10 + workers) });
        }
        for jobs in [100_u32, 1000, 10_000, 100_000].into_iter().filter(|_| ours) {
            let seconds = 0.002 + f64::from(jobs) * each / 2.0;
            bulk.push(Bulk { engine, workers: 2, jobs, seconds: rounds(seconds, number + jobs) });
        }
    }
    let single = |engine| Single { engine, workers: 1, seconds: rounds(of(engine).0, engine as u32) };
    Costs {
        schema: costs::SCHEMA.into(),
        makespan_version: "0.0.0".into(),
        host: web_requests(2).host,
        started_at: "2000-01-01T00:00:00Z".into(),
        command: "cargo bench --bench queue".into(),
        seed: 1,
        rounds: 6,
        engines: Engine::ALL.map(|engine| EngineFacts { engine, note: Some("made up".into()), left_out: None }).into(),
        single: Engine::ALL.map(single).into(),
        bulk,
    }
}

/// An interrupted run with a failed, a skipped and an untimed cell.
pub fn with_failures() -> Record {
    let mut record = web_requests(3);
    record.rounds = 10;
    record.stopped = None;
    record.scenario = "gallery_downloads".into();
    record.question = "What happens when tasks fail?".into();
    for cell in &mut record.cells {
        let (check, error) = match (cell.spec.strategy.as_str(), cell.workers()) {
            ("processes", 30) => (Check::Failed, Some("task 7: its worker died: killed by signal 9")),
            ("async_offload", _) => (Check::Skipped, Some("nothing to move off the event loop: every task waits")),
            ("threads", 16) => (Check::Passed, None),
            _ => continue,
        };
        cell.check = check;
        cell.reason = error.map(str::to_owned);
        cell.timeline = None;
        cell.rounds.clear();
    }
    record.cells[1].rounds[0].task_errors = 2;
    record.cells[2].peak_memory_bytes = None;
    record
}

/// Sets the times of every cell but the baseline so that each has this speedup, within one per cent.
pub fn with_speedups(record: &mut Record, speedup: impl Fn(u32) -> f64) {
    let baseline_s = record.cells[0].each(|round| round.run_s);
    for cell in record.cells.iter_mut().skip(1) {
        let speedup = speedup(cell.workers());
        for (number, (round, baseline_s)) in cell.rounds.iter_mut().zip(&baseline_s).enumerate() {
            round.run_s = baseline_s / speedup * if number % 2 == 0 { 1.01 } else { 0.99 };
        }
    }
}

/// The same cell in Python, where it takes so many times as long.
pub fn in_python(ours: &CellRecord, times: f64) -> CellRecord {
    let mut cell = ours.clone();
    cell.spec.strategy = format!("python/{}", cell.spec.strategy);
    cell.is_baseline = false;
    cell.rounds.iter_mut().for_each(|round| round.run_s *= times);
    let packages = BTreeMap::from([("Pillow".into(), None), ("requests".into(), Some("2.32.0".into()))]);
    cell.python = Some(PythonFacts {
        implementation: "CPython".into(),
        version: "3.11.7".into(),
        lock: true,
        path: "/usr/bin/python3".into(),
        start_method: None,
        packages,
    });
    cell
}
