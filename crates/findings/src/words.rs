//! Cells and figures in words, as a sentence has them.

use super::Unit;
use harness::scenario::{CellSpec, DEFAULT_VARIANT, Scenario, Timer, Workload, claim::Countable};
use stats::Estimate;
use support::figures::{TimeUnit, count, grouped, memory, percent, plain, ratio, significant, time};
use work::worker::{layout::WorkerLayout, task_queue::Schedule};

/// The cells of one test. What they have in common is told once, in front; what differs, with each of them.
pub(super) struct Cast<'a> {
    cells: Vec<&'a CellSpec>,
    scenario: Option<&'a Scenario>,
}

impl<'a> Cast<'a> {
    pub(super) fn of(cells: Vec<&'a CellSpec>, scenario: Option<&'a Scenario>) -> Self {
        Self { cells, scenario }
    }

    /// What is told in front: `with the latency alone, `; empty where there is nothing to tell.
    pub(super) fn front(&self) -> String {
        let Some(first) = self.cells.first() else { return String::new() };
        let mut parts = Vec::new();
        if self.alike(|cell| cell.variant == first.variant) {
            parts.extend(self.variant(&first.variant));
        }
        if self.alike(|cell| cell.timer == first.timer) {
            parts.extend(timer(first.timer).map(str::to_owned));
        }
        if parts.is_empty() { String::new() } else { format!("{}, ", parts.join(" and ")) }
    }

    /// As a subject: `5 threads`, `one after another`.
    pub(super) fn who(&self, cell: &CellSpec) -> String {
        let workers = cell.shape.workers().get() as usize;
        let who = match (cell.strategy.as_str(), cell.shape) {
            ("sequential", _) => "one after another".into(),
            ("thread_per_task", _) => "a thread for each task".into(),
            ("threads", _) => count(workers, "thread"),
            ("gil_threads", _) => format!("{} under the interpreter lock", count(workers, "thread")),
            ("work_stealing", _) => count(workers, "work-stealing thread"),
            ("processes", _) => processes(workers),
            ("hybrid", WorkerLayout::Grid { processes: outer, threads }) => {
                let each = if outer.get() == 1 { "" } else { " each" };
                format!("{} of {}{each}", processes(outer.get() as usize), count(threads.get() as usize, "thread"))
            }
            ("async", _) => format!("async with {workers} in flight"),
            ("async_offload", _) => format!("async with {} to offload to", count(workers, "thread")),
            ("queue", _) => format!("a queue with {}", count(workers, "worker")),
            _ => cell.to_string(),
        };
        let asides = self.asides(cell);
        if asides.is_empty() { who } else { format!("{who} ({})", asides.join(", ")) }
    }

    /// As the way in which it was done: `with 5 threads`, `one after another`.
    pub(super) fn by(&self, cell: &CellSpec) -> String {
        let who = self.who(cell);
        if cell.strategy == "sequential" { who } else { format!("with {who}") }
    }

    fn asides(&self, cell: &CellSpec) -> Vec<String> {
        let dealt_alike = self.alike(|other| other.deal == cell.deal || other.strategy != cell.strategy);
        let mut asides: Vec<String> = deal(cell.deal, dealt_alike).into_iter().collect();
        if !self.alike(|other| other.timer == cell.timer) {
            asides.push(timer(cell.timer).unwrap_or("timed warm").into());
        }
        if !self.alike(|other| other.variant == cell.variant) {
            asides.push(self.variant(&cell.variant).unwrap_or_else(|| "as the scenario stands".into()));
        }
        asides
    }

    fn alike(&self, same: impl Fn(&CellSpec) -> bool) -> bool {
        self.cells.iter().all(|cell| same(cell))
    }

    fn variant(&self, name: &str) -> Option<String> {
        if name != DEFAULT_VARIANT {
            return Some(format!("with “{}”", name.replace('_', " ")));
        }
        let latency_alone = self.scenario.is_some_and(waits_for_latency_alone);
        latency_alone.then(|| "with the latency alone".into())
    }
}

/// Whether fetches of the scenario as it stands meet nothing but the same latency each time.
fn waits_for_latency_alone(scenario: &Scenario) -> bool {
    let Some(variant) = scenario.variant(DEFAULT_VARIANT) else { return false };
    let Some(server) = variant.server.as_ref().filter(|_| matches!(variant.workload, Workload::Fetch(_))) else {
        return false;
    };
    let limits = server.limits;
    variant.prologue.is_empty()
        && server.faults.is_empty()
        && server.link.bytes_per_s.or(server.link.connection_bytes_per_s).is_none()
        && limits.connections.or(limits.requests).is_none()
        && limits.rate.is_none()
        && server.serial_s == 0.0
        && server.routes.iter().all(|route| route.spread.is_none())
}

/// Whether a verb that follows is "were".
pub(super) fn is_plural(cell: &CellSpec) -> bool {
    let several = match cell.shape {
        WorkerLayout::Grid { processes, .. } => processes.get() > 1,
        WorkerLayout::Plain(workers) => workers.get() > 1,
    };
    several && matches!(cell.strategy.as_str(), "threads" | "gil_threads" | "work_stealing" | "processes" | "hybrid")
}

/// A strategy as an answer has it: `threads`.
pub(super) fn strategy(name: &str) -> String {
    match name {
        "sequential" => "one after another".into(),
        "thread_per_task" => "a thread for each task".into(),
        "gil_threads" => "threads under the interpreter lock".into(),
        "work_stealing" => "work-stealing threads".into(),
        "hybrid" => "processes with threads in them".into(),
        "async_offload" => "async that offloads".into(),
        "queue" => "a queue".into(),
        other => other.replace('_', " "),
    }
}

fn processes(number: usize) -> String {
    if number == 1 { "1 process".into() } else { format!("{number} processes") }
}

/// One by one goes without saying, unless it is what differs.
fn deal(deal: Schedule, alike: bool) -> Option<String> {
    match deal {
        Schedule::OneByOne => (!alike).then(|| "dealt one by one".into()),
        Schedule::Chunks(size) => Some(format!("in chunks of {size}")),
        Schedule::PoolChunks => Some("in the pool's own chunks".into()),
        Schedule::Blocks => Some("in blocks".into()),
        Schedule::Interleaved => Some("dealt like cards".into()),
        Schedule::ByKey => Some("one site each".into()),
    }
}

fn timer(timer: Timer) -> Option<&'static str> {
    match timer {
        Timer::Warm => None,
        Timer::Cold => Some("timed with start and stop"),
        Timer::AsPublished => Some("timed as published"),
    }
}

/// What was counted: `7 tasks ended in an error`.
pub(super) fn counted(what: Countable, number: f64) -> String {
    let number = number as u32;
    let grouped = grouped(number);
    let noun = |one: &str, many: &str| format!("{grouped} {}", if number == 1 { one } else { many });
    match what {
        Countable::Tasks => noun("task was there", "tasks were there"),
        Countable::TaskErrors => noun("task ended in an error", "tasks ended in an error"),
        Countable::Threads => noun("thread was alive at once", "threads were alive at once"),
        Countable::Processes => noun("process was alive at once", "processes were alive at once"),
        Countable::Redeliveries => noun("job was handed out again", "jobs were handed out again"),
        Countable::Status200 => noun("answer had the status 200", "answers had the status 200"),
        Countable::Status401 => noun("answer had the status 401", "answers had the status 401"),
        Countable::Status404 => noun("answer had the status 404", "answers had the status 404"),
        Countable::Status500 => noun("answer had the status 500", "answers had the status 500"),
    }
}

/// A figure with its unit: `4.91`, `2.17 s`.
pub(super) fn figure(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Ratio | Unit::Turns | Unit::Outcome => ratio(value),
        Unit::Exponent => signed(value),
        Unit::Seconds => time(value),
        Unit::CoreShare => percent(value),
        Unit::Bytes => memory(value.max(0.0) as u64),
        Unit::Count => grouped(value.max(0.0) as u32),
    }
}

/// A figure that somebody chose, with no more digits than he gave it: `4`, `1.05`.
pub(super) fn chosen(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Ratio | Unit::Turns | Unit::Exponent => plain(value),
        _ => figure(unit, value),
    }
}

/// How sure it is: `95 % interval 4.85–4.97`.
pub(super) fn interval(unit: Unit, value: Estimate) -> String {
    let Estimate { estimate, low, high } = value;
    let ends = match unit {
        Unit::Seconds => {
            let seconds = TimeUnit::of(estimate);
            let [low, high] = told_apart([low, high].map(|end| end * seconds.per_second), |end| significant(end, 3));
            format!("{low}–{high}\u{a0}{}", seconds.short)
        }
        // A dash between figures that may have a minus themselves is hard to read.
        Unit::Exponent => format!("{} to {}", signed(low), signed(high)),
        Unit::CoreShare | Unit::Bytes => format!("{} to {}", figure(unit, low), figure(unit, high)),
        _ => {
            let [low, high] = told_apart([low, high], |end| figure(unit, end));
            format!("{low}–{high}")
        }
    };
    format!("95\u{a0}% interval {ends}")
}

/// Two ends with as many digits as it takes to see that they differ, within reason.
fn told_apart(ends: [f64; 2], usual: impl Fn(f64) -> String) -> [String; 2] {
    let as_usual = ends.map(usual);
    let finer = (3..=5).map(|digits| ends.map(|end| significant(end, digits)));
    let differ = |told: &[String; 2]| told[0] != told[1];
    [as_usual.clone()].into_iter().chain(finer).find(differ).unwrap_or(as_usual)
}

/// An exponent: `0.02`, `−0.01`.
fn signed(value: f64) -> String {
    let digits = format!("{:.2}", value.abs());
    if value < 0.0 && digits != "0.00" { format!("−{digits}") } else { digits }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn listed(items: &[String], and: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
