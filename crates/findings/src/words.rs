//! Cells and figures in words, as used in sentences.

use super::Unit;
use harness::scenario::{
    CellSpec, DEFAULT_VARIANT, Scenario, Timer, Workload,
    claim::{Countable, Provenance},
};
use support::figures::{count, grouped, plain};
use work::{presentation::Phrase, strategy::presentation, worker::task_queue::Schedule};

/// The cells of one test. A sentence begins with what they have in common, and adds to each cell what differs.
pub(super) struct Cast<'a> {
    cells: Vec<&'a CellSpec>,
    scenario: Option<&'a Scenario>,
    /// Whether it is said if tasks meet a latency and nothing else.
    tells_latency: bool,
}

impl<'a> Cast<'a> {
    pub(super) fn of(cells: Vec<&'a CellSpec>, scenario: Option<&'a Scenario>) -> Self {
        Self { cells, scenario, tells_latency: true }
    }

    /// For what has nothing to do with latencies: memory, counts.
    pub(super) fn without_latency(self) -> Self {
        Self { tells_latency: false, ..self }
    }

    /// The front of the sentence: `with the latency alone, `; may be empty.
    pub(super) fn front(&self) -> String {
        let Some(first) = self.cells.first() else { return String::new() };
        let python = first.python.as_deref().filter(|_| self.alike(|cell| cell.python == first.python));
        let python = python.map(|name| format!("{}, ", interpreter(name))).unwrap_or_default();
        let mut parts = Vec::new();
        if self.alike(|cell| cell.variant == first.variant) {
            parts.extend(self.variant(&first.variant));
        }
        if self.alike(|cell| cell.timer == first.timer) {
            parts.extend(timer(first.timer).map(str::to_owned));
        }
        python + &if parts.is_empty() { String::new() } else { format!("{}, ", parts.join(" and ")) }
    }

    /// As a subject: `5 threads`, `sequential`.
    pub(super) fn who(&self, cell: &CellSpec) -> String {
        let who = presentation(&cell.strategy).phrase(&cell.strategy, cell.shape);
        let asides = self.asides(cell);
        if asides.is_empty() { who } else { format!("{who} ({})", asides.join(", ")) }
    }

    /// As a manner: `with 5 threads`, `sequentially`.
    pub(super) fn by(&self, cell: &CellSpec) -> String {
        let who = self.who(cell);
        if cell.strategy == "sequential" {
            who.replacen("sequential", "sequentially", 1)
        } else {
            format!("with {who}")
        }
    }

    fn asides(&self, cell: &CellSpec) -> Vec<String> {
        let dealt_alike = self.alike(|other| other.schedule == cell.schedule || other.strategy != cell.strategy);
        let mut asides: Vec<String> = schedule(cell.schedule, dealt_alike).into_iter().collect();
        if !self.alike(|other| other.timer == cell.timer) {
            asides.push(timer(cell.timer).unwrap_or("timed warm").into());
        }
        if !self.alike(|other| other.variant == cell.variant) {
            let tasks = |cell: &CellSpec| Some(self.scenario?.variant(&cell.variant)?.tasks());
            let differ = !self.alike(|other| tasks(other) == tasks(cell));
            let plain = || Some(format!("with {}", count(tasks(cell).filter(|_| differ)? as usize, "task")));
            asides.extend(self.variant(&cell.variant).or_else(plain));
        }
        asides
    }

    fn alike(&self, same: impl Fn(&CellSpec) -> bool) -> bool {
        self.cells.iter().all(|cell| same(cell))
    }

    fn variant(&self, name: &str) -> Option<String> {
        if name != DEFAULT_VARIANT {
            let title = self.scenario.and_then(|scenario| scenario.variant(name)?.title.as_deref());
            return Some(
                title.map_or_else(|| format!("with “{}”", name.replace('_', " ")), |title| format!("with {title}")),
            );
        }
        let latency_alone = self.tells_latency && self.scenario.is_some_and(waits_for_latency_alone);
        latency_alone.then(|| "with the latency alone".into())
    }
}

/// `in free-threaded Python`, `in Python 3.14`.
fn interpreter(name: &str) -> String {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("in Python {name}")
    } else {
        format!("in {name} Python")
    }
}

/// Whether fetches of the default variant meet only a latency, the same each time.
fn waits_for_latency_alone(scenario: &Scenario) -> bool {
    let Some(variant) = scenario.variant(DEFAULT_VARIANT) else { return false };
    let (Some(server), Workload::Fetch(fetch)) = (&variant.server, &variant.workload) else { return false };
    let limits = server.limits;
    variant.prologue.is_empty()
        && server.faults.is_empty()
        && server.link.bytes_per_s.or(server.link.connection_bytes_per_s).is_none()
        && limits.connections.or(limits.requests).is_none()
        && limits.rate.is_none()
        && fetch.disk_bytes_per_s.is_none()
        && server.connect_delay_s == 0.0
        && server.serial_s == 0.0
        && server.routes.iter().all(|route| route.spread.is_none())
}

/// Whether a verb that follows is "were".
pub(super) fn is_plural(cell: &CellSpec) -> bool {
    presentation(&cell.strategy).is_plural(cell.shape)
}

/// A strategy's name in an answer: `threads`.
pub(super) fn strategy(name: &str) -> String {
    let look = presentation(name);
    match look.phrase {
        Phrase::Fixed(phrase) => phrase.into(),
        Phrase::Counted(_, many) => many.into(),
        Phrase::With("", ..) => name.replace('_', " "),
        // `async`, and `asyncio` of `python/asyncio`.
        Phrase::With(what, ..) if name.ends_with(what) => what.into(),
        Phrase::With(what, _, many) => format!("{what} with {many}"),
    }
}

/// The schedule in words. The default, one by one, is only mentioned where the cells differ in it.
fn schedule(schedule: Schedule, alike: bool) -> Option<String> {
    match schedule {
        Schedule::OneByOne => (!alike).then(|| "one by one".into()),
        Schedule::Chunks(size) => Some(format!("in chunks of {size}")),
        Schedule::PoolChunks => Some("in the pool's own chunks".into()),
        Schedule::Blocks => Some("in blocks".into()),
        Schedule::Interleaved => Some("interleaved".into()),
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

/// A count as a clause: `7 tasks ended in an error`.
pub(super) fn counted(what: Countable, number: f64) -> String {
    let number = number as u32;
    let grouped = grouped(number);
    let noun = |one: &str, many: &str| format!("{grouped} {}", if number == 1 { one } else { many });
    match what {
        Countable::Tasks => noun("task ran", "tasks ran"),
        Countable::TaskErrors => noun("task ended in an error", "tasks ended in an error"),
        Countable::Threads => noun("thread was alive at once", "threads were alive at once"),
        Countable::Processes => noun("process was alive at once", "processes were alive at once"),
        Countable::Redeliveries => noun("job was redelivered", "jobs were redelivered"),
        Countable::Status200 => noun("answer had status 200", "answers had status 200"),
        Countable::Status401 => noun("answer had status 401", "answers had status 401"),
        Countable::Status404 => noun("answer had status 404", "answers had status 404"),
        Countable::Status500 => noun("answer had status 500", "answers had status 500"),
    }
}

/// A chosen bound, with the digits it was written with: `4`, `1.05`.
pub(super) fn chosen(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Ratio | Unit::Waves | Unit::Exponent => plain(value),
        _ => unit.figure(value),
    }
}

/// Who says what a figure should be, before the figure.
pub(super) fn source(from: &Provenance) -> &'static str {
    match from {
        Provenance::Printed => "the document printed ",
        Provenance::Said => "the document says ",
        Provenance::Derived { .. } => "derived from the document's figures: ",
        Provenance::Ours { .. } => "our figure: ",
    }
}

/// The formula, or the reason for a figure of ours, in parentheses.
pub(super) fn because(from: &Provenance) -> String {
    match from {
        Provenance::Derived { formula: why } | Provenance::Ours { why: Some(why) } => format!(" ({why})"),
        Provenance::Printed | Provenance::Said | Provenance::Ours { why: None } => String::new(),
    }
}
