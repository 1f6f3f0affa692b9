//! Invented scenarios and their records, to judge claims without measuring.

use crate::records::{blank, noise};
use harness::{
    results::{
        evidence::Evidence,
        record::{CellRecord, Check, Purpose, Record, Round},
    },
    scenario::{self, CellSpec, Scenario},
};
use measure::host::HostFacts;
use std::collections::BTreeMap;

/// Thirty requests, with networks that could explain figures. At time scale 10.
const REQUESTS: &str = r#"
title = "Thirty requests"
question = "How much faster?"
document = "000"
time_scale = 10.0
calibrated_from = ["000-1"]
as_published = { sequential = ["run"], processes = ["start", "run", "stop"] }
workload = { fetch = { tasks = 30, paths = ["/"] } }
server = { routes = [{ path = "/", latency_s = 0.3 }] }
[variants.serial_start]
calibrated_from = ["000-1", "000-3"]
prologue = [{ path = "/start" }]
server.routes = [{ path = "/start", latency_s = 0.468 }, { path = "/", latency_s = 0.2841 }]
[variants.uneven]
calibrated_from = ["000-1", "000-3"]
server.routes = [{ path = "/", latency_s = 0.3, spread = { shape = "lognormal", cv = 0.95 } }]
[variants.link]
server.link.bytes_per_s = 1000.0
server.routes = [{ path = "/", latency_s = 0.3, body = { bytes = 100 } }]
[variants.sixty]
tasks = 60
[variants.hundred_twenty]
tasks = 120
[variants.failing]
may_fail = true
[[cells]]
strategies = ["threads", "processes", "async"]
workers = [1, 2, 5, 8, 16, 30]
[[cells]]
strategies = ["hybrid"]
workers = ["3x5"]
[[cells]]
strategies = ["processes"]
workers = [8]
schedules = ["one_by_one", "pool_chunks"]
timer = "as_published"
[[cells]]
strategies = ["threads"]
workers = [5, 30]
variant = "serial_start"
[[cells]]
strategies = ["threads"]
workers = [5, 30]
variant = "uneven"
[[cells]]
strategies = ["threads"]
workers = [5, 30]
variant = "link"
[[cells]]
strategies = ["threads", "thread_per_task"]
workers = [5]
variant = "sixty"
[[cells]]
strategies = ["threads", "thread_per_task"]
workers = [5]
variant = "hundred_twenty"
[[cells]]
strategies = ["thread_per_task"]
workers = [30]
[[cells]]
strategies = ["threads"]
workers = [5]
variant = "failing"
[[sweep]]
strategies = ["threads"]
workers = [5]
"#;

/// A calculation.
const SUMS: &str = r#"
title = "A sum"
question = "Do more workers help?"
document = "002"
workload = { prime_sum = { below = 1000, tasks = 64 } }
[[cells]]
strategies = ["threads", "gil_threads", "processes"]
workers = [1, 2, 4, 8]
[[sweep]]
strategies = ["threads"]
workers = [2]
"#;

/// The scenario `requests` with these claims and decisions in TOML.
pub fn requests(claims: &str) -> Scenario {
    scenario::parse("requests", "requests.toml", &format!("{REQUESTS}{claims}")).unwrap()
}

/// The scenario `sums`, likewise.
pub fn sums(claims: &str) -> Scenario {
    scenario::parse("sums", "sums.toml", &format!("{SUMS}{claims}")).unwrap()
}

/// The parameters of an invented measurement.
#[derive(Debug, Clone)]
pub struct MadeMeasurement {
    /// What is measured.
    pub scenario: Scenario,
    /// How many rounds.
    pub rounds: u32,
    /// The full range, as a share of a time.
    pub scatter: f64,
    /// How many cores can be used.
    pub cores: u32,
    /// The interim analyses.
    pub looks: Vec<u32>,
}

impl MadeMeasurement {
    /// Ten rounds on two cores.
    pub fn of(scenario: &Scenario) -> Self {
        Self { scenario: scenario.clone(), rounds: 10, scatter: 0.02, cores: 2, looks: vec![10] }
    }

    /// A record of these cells, with the seconds that each took at the document's own pace.
    pub fn record(&self, cells: &[(&str, f64)]) -> Record {
        Record {
            host: HostFacts {
                cores_usable: self.cores,
                cores_affinity: self.cores,
                cores_online: self.cores,
                ..HostFacts::default()
            },
            title: self.scenario.title.clone(),
            question: self.scenario.question.clone(),
            document: self.scenario.document.clone(),
            time_scale: self.scenario.time_scale,
            purpose: Purpose::Findings,
            looks: self.looks.clone(),
            command: "makespan reproduce".into(),
            cells: cells.iter().zip(0..).map(|((name, seconds), place)| self.cell(name, *seconds, place)).collect(),
            ..blank(&self.scenario.name, self.rounds)
        }
    }

    fn cell(&self, name: &str, seconds: f64, place: u32) -> CellRecord {
        let spec = self.scenario.cells.iter().find(|cell| cell.to_string() == name);
        let spec = spec.unwrap_or_else(|| panic!("no cell `{name}`"));
        let rounds = || 0..self.rounds;
        let round = |round| {
            let run_s =
                seconds / self.scenario.time_scale * (1.0 + self.scatter * (noise(round * 97 + place * 31) - 0.5));
            let cpu_user_s = run_s * 0.034 * self.scenario.time_scale;
            let statuses = BTreeMap::from([(200, 26), (404, 4)]);
            let workers = spec.shape.workers().get();
            Round {
                start_s: 0.001,
                run_s,
                waits_s: run_s,
                stop_s: 0.001,
                cpu_user_s,
                statuses,
                workers,
                ..Round::default()
            }
        };
        let tasks = self.scenario.variant(&spec.variant).map_or(0, scenario::Variant::tasks);
        CellRecord {
            check: Check::Passed,
            memory_samples_bytes: rounds().map(|round| 2_400_000 + u64::from(round * 1000)).collect(),
            most_threads: Some(spec.shape.workers().get() + 1),
            most_processes: Some(1),
            rounds: rounds().map(round).collect(),
            ..CellRecord::unmeasured(spec.clone(), tasks, self.scenario.timed(spec))
        }
    }
}

/// Only these records, the newest first.
pub fn evidence(records: impl IntoIterator<Item = Record>) -> Evidence {
    Evidence { records: records.into_iter().collect(), exhibits: BTreeMap::new() }
}

/// What an exhibit showed.
pub fn shown(bug: bool) -> museum::ExhibitShown {
    let finding = |holds, verdict: &str| museum::SideShown { holds, verdict: verdict.into(), figures: BTreeMap::new() };
    museum::ExhibitShown {
        bug: finding(bug, if bug { "7 of 30 lines came out torn" } else { "0 of 30 lines came out torn" }),
        right: finding(true, "0 of 30 lines came out torn"),
        python: None,
    }
}

/// The cell of a scenario by its name.
pub fn spec(scenario: &Scenario, name: &str) -> CellSpec {
    scenario.cells.iter().find(|cell| cell.to_string() == name).unwrap().clone()
}
