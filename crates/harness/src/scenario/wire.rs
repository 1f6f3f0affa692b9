//! The wire form: what a scenario's TOML may say. Unknown keys are rejected; nothing else is checked here.

use super::{
    Background, DEFAULT_VARIANT, Workload,
    claim::{Apart, Derived, Needs, Test},
};
use crate::scenario::{Phase, Timer};
use measure::half::Half;
use mock_server::profile::Profile;
use serde::{Deserialize, Deserializer};
use std::{collections::BTreeMap, num::NonZeroU32};
use toml::{Table, Value};
use work::{
    task::{ErrorKind, Expected, fetch},
    worker::{arrival, layout::WorkerLayout, task_queue::Schedule},
};

/// A whole file: tasks, their server, the cells to measure, and claims.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    /// One line for people.
    pub title: String,
    /// The question that the measurement answers, as a heading.
    pub question: String,
    /// The document that it is from: the digits before its claims' numbers. Without it, none.
    pub document: Option<String>,
    /// How many times faster than in the document all waiting is: latencies are divided by it, rates multiplied. From 0.001 to
    /// 1000000.
    #[serde(default = "one")]
    pub time_scale: f64,
    /// The longest that one run may take. Without it, a minute; with pictures of your own, more if they take long.
    pub deadline_s: Option<f64>,
    /// The tasks: exactly one of these tables.
    pub workload: Workload,
    /// When tasks become due, whether earlier ones are done or not. Without it, all are due at the start.
    pub arrivals: Option<arrival::Recipe>,
    /// The local HTTP server. Only `fetch` has one.
    pub server: Option<Profile>,
    /// Pages that are fetched before the tasks, inside the timer.
    #[serde(default)]
    pub prologue: Vec<fetch::Listing>,
    /// Tasks whose outcome is not "the right answer".
    #[serde(default)]
    pub expected: Vec<Outcomes>,
    /// Whether any task may fail: a failure is then counted, and is no wrong answer.
    #[serde(default)]
    pub may_fail: bool,
    /// The address space, in megabytes, of the process that runs the tasks; at least 100. Without it, no limit.
    pub address_space_mb: Option<NonZeroU32>,
    /// The half of the cores that the workers are confined to. Without it, all cores.
    pub cores: Option<Half>,
    /// A pool that computes beside the workers. Without it, none.
    pub background: Option<Background>,
    /// After so many seconds, the client gives up the run: what isn't done by then has failed. Without it, never.
    pub gives_up_s: Option<f64>,
    /// What the timer `as_published` includes, for each strategy.
    #[serde(default)]
    pub as_published: BTreeMap<String, Vec<Phase>>,
    /// The same scenario with other numbers, by name.
    #[serde(default)]
    pub variants: BTreeMap<String, Changes>,
    /// Claims whose printed figures these numbers were chosen for: a figure can't reproduce one of these.
    #[serde(default)]
    pub calibrated_from: Vec<String>,
    /// The cells to measure.
    pub cells: Vec<Cells>,
    /// What `cargo bench` and `makespan run --sweep` measure. Without it, all cells.
    #[serde(default)]
    pub sweep: Vec<Cells>,
    /// What a document says, and the test that it is put to.
    #[serde(default)]
    pub claims: Vec<Claim>,
    /// Rows of the page's table of the fastest strategy for each kind of work.
    #[serde(default)]
    pub decisions: Vec<Decision>,
}

/// A claim. Cells are named as tables show them.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    /// The document, a hyphen, and the claim's number in it.
    pub id: String,
    /// The claim's question, as a heading.
    pub question: String,
    /// What the document says, in other words, with the figures as it printed them.
    pub says: String,
    /// The figures that decide it. At least one, unless a bug refutes the claim.
    #[serde(default)]
    pub figures: Vec<Figure>,
    /// What the verdict depends on, to be read in "It depends on ...". Each figure then has a `reading`.
    pub depends_on: Option<String>,
    /// Bugs of the document's program, shown beside the claim.
    #[serde(default)]
    pub bugs: Vec<Bug>,
    /// Explanations of the printed figure, each run as an experiment of its own.
    #[serde(default)]
    pub mechanisms: Vec<Mechanism>,
    /// The experiment that separates the mechanisms. Without it, none is known.
    pub apart: Option<Apart>,
    /// Where Rust differs from the document's language.
    pub in_rust: Option<String>,
    /// A caveat about the comparison.
    pub caveat: Option<String>,
}

/// A figure of a claim.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Figure {
    /// Its name in a table.
    pub name: String,
    /// The scenario whose cells it compares. Without it, the claim's own.
    pub scenario: Option<String>,
    /// What is measured: exactly one of these tables.
    pub test: Test<String>,
    /// What the document printed, in the unit of the test.
    pub printed: Option<f64>,
    /// What follows from figures that the document printed.
    pub derived: Option<Derived>,
    /// A figure that was chosen for this test.
    pub ours: Option<Ours>,
    /// How far from the reference still agrees, relative. Without it, 0.15; for a `trend`, the share by which the time
    /// may differ over the whole range of tasks, 0.05.
    pub tolerance: Option<f64>,
    /// What it should be, if not `printed`, `derived` or `ours`.
    pub expects: Option<Expects>,
    /// The condition under which it is a reading of the claim, if the claim has `depends_on`.
    pub reading: Option<String>,
    /// What the machine must have for it. Without it, nothing.
    pub needs: Option<Needs>,
    /// Whether it is about Rust alone: it is then shown beside the claim, and is no part of its verdict.
    #[serde(default)]
    pub in_rust: bool,
    /// The same, measured with a real Python. Where there is one, it decides the claim.
    pub python: Option<InPython>,
}

/// A figure measured with a real Python, with its own name and cells. Everything else is as for the one that stands in
/// for it.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct InPython {
    /// Its name in a table.
    pub name: String,
    /// What is measured.
    pub test: Test<String>,
}

/// `2`, or `{ value = 2, why = "two connections are reset" }`.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "expected a number, or a table such as { value = 2, why = \"two connections are reset\" }"
)]
pub(super) enum Ours {
    Number(f64),
    Table { value: f64, why: String },
}

/// One bound and where it is from: `{ above = 1.0, from = "said" }`.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Expects {
    /// It should be more than this.
    pub above: Option<f64>,
    /// It should be less than this.
    pub below: Option<f64>,
    /// It should be this, within 5 % either way; counts exactly.
    pub equal: Option<f64>,
    /// Where the number is from.
    pub from: Option<BoundFrom>,
    /// How it is computed, if it is derived.
    pub formula: Option<String>,
    /// Why it was chosen, if it is ours.
    pub why: Option<String>,
}

/// Where a number is from.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum BoundFrom {
    /// The document printed it.
    Printed,
    /// The document says it in words: "faster" is more than 1.
    Said,
    /// Computed from figures that the document printed.
    Derived,
    /// Chosen for this test.
    Ours,
}

/// A bug of the document's program.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Bug {
    /// Its name in a list.
    pub name: String,
    /// What the document's program does, as a sentence.
    pub program: String,
    /// What shows it: `exhibit`, `fails`, or a `count` above 0.
    pub test: Test<String>,
    /// Whether the claim is untrue if the bug is shown.
    #[serde(default)]
    pub refutes: bool,
}

/// A mechanism of a claim.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Mechanism {
    /// Its name, to be read in "... would explain it".
    pub name: String,
    /// What is measured, in the unit of the claim's first figure.
    pub test: Test<String>,
    /// The same in the experiment that separates the mechanisms.
    pub apart: Option<Test<String>>,
}

/// A row of the decision table.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    /// The kind of work, as a row's head.
    pub work: String,
    /// The cells to choose from, as tables name them.
    pub cells: Vec<String>,
}

/// Outcomes of some tasks that are not "the right answer".
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Outcomes {
    /// The tasks, counted from 0.
    pub indexes: Vec<u32>,
    /// The kind of failure that is expected. Without it, whatever they do is right.
    pub error: Option<ErrorKind>,
}

/// What a variant changes. All other keys stay.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    /// What it is, as the end of a sentence that begins with "with", where the scenario's title isn't true of it: `the primes
    /// below 300,000`.
    pub title: Option<String>,
    /// Short for the workload's number of tasks.
    pub tasks: Option<NonZeroU32>,
    /// Short for the latency of every route.
    pub latency_s: Option<f64>,
    /// Merged into the table `workload`, key by key.
    #[cfg_attr(feature = "schema", schemars(with = "Option<BTreeMap<String, serde_json::Value>>"))]
    pub workload: Option<Table>,
    /// Merged into the table `arrivals`, key by key.
    #[cfg_attr(feature = "schema", schemars(with = "Option<BTreeMap<String, serde_json::Value>>"))]
    pub arrivals: Option<Table>,
    /// Merged into the table `server`, key by key. A list, such as `routes`, replaces the whole list.
    #[cfg_attr(feature = "schema", schemars(with = "Option<BTreeMap<String, serde_json::Value>>"))]
    pub server: Option<Table>,
    /// Replaces the whole list.
    pub prologue: Option<Vec<fetch::Listing>>,
    /// Replaces the whole list.
    pub expected: Option<Vec<Outcomes>>,
    /// Replaces the scenario's own.
    pub may_fail: Option<bool>,
    /// Replaces the scenario's own.
    pub address_space_mb: Option<NonZeroU32>,
    /// Replaces the scenario's own.
    pub cores: Option<Half>,
    /// Replaces the scenario's own.
    pub background: Option<Background>,
    /// Replaces the scenario's own.
    pub gives_up_s: Option<f64>,
    /// Replaces the whole list.
    pub calibrated_from: Option<Vec<String>>,
}

/// Several cells: every combination of the lists.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Cells {
    /// Names from `makespan list`. `sequential` is always measured as well; where all are in Python, `python/sequential`.
    pub strategies: Vec<String>,
    /// How many workers: each strategy is measured with every number.
    pub workers: Vec<Workers>,
    /// How tasks reach the workers: `one_by_one`, `chunks(K)`, `pool_chunks`, `blocks`, `interleaved` or `by_key`.
    #[serde(default = "one_by_one", alias = "deals")]
    pub schedules: Vec<Schedule>,
    /// What the time includes.
    #[serde(default = "warm")]
    pub timer: Timer,
    /// Which variant they run.
    #[serde(default = "default_variant")]
    pub variant: String,
    /// Interpreters (a label such as `3.14t`, or `free-threaded`) and start methods of `python/...`. Without any, the
    /// interpreter that is found.
    #[serde(default)]
    pub python: Vec<String>,
}

/// How many workers: `5`, or `"3x5"`.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected a whole number from 1 on, or \"PROCESSESxTHREADS\" such as \"3x5\"")]
pub(super) enum Workers {
    Number(NonZeroU32),
    Text(WorkerLayout),
}

pub(super) fn layout<'de, D: Deserializer<'de>>(from: D) -> Result<WorkerLayout, D::Error> {
    Workers::deserialize(from).map(|workers| (&workers).into())
}

/// The JSON Schema of a scenario's file, from the types that it is parsed into. TOML has no null: an optional key is absent.
#[cfg(feature = "schema")]
pub(super) fn schema() -> serde_json::Value {
    use serde_json::Value;

    fn without_null(value: &mut Value) {
        if let Value::Object(map) = value {
            // Editors don't need to know how numbers are stored.
            map.retain(|key, value| !(value.is_null() || key == "format" && value.is_string()));
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|one| one != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    map.insert("type".into(), one);
                }
            }
            if let Some(Value::Array(kinds)) = map.get_mut("anyOf") {
                kinds.retain(|kind| kind["type"] != "null");
                if let [Value::Object(only)] = kinds.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    map.extend(only);
                }
            }
        }
        match value {
            Value::Object(map) => map.values_mut().for_each(without_null),
            Value::Array(items) => items.iter_mut().for_each(without_null),
            _ => {}
        }
    }
    let schema = schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Scenario>();
    let mut schema = schema.to_value();
    without_null(&mut schema);
    schema
}

fn one() -> f64 {
    1.0
}

fn one_by_one() -> Vec<Schedule> {
    vec![Schedule::OneByOne]
}

fn warm() -> Timer {
    Timer::Warm
}

fn default_variant() -> String {
    DEFAULT_VARIANT.into()
}

impl Outcomes {
    /// The expected outcomes, by index.
    pub(super) fn by_index(all: &[Self]) -> BTreeMap<u32, Expected> {
        let one = |outcomes: &Self| {
            let expected = outcomes.error.map_or(Expected::Any, Expected::Error);
            outcomes.indexes.iter().map(move |&index| (index, expected)).collect::<Vec<_>>()
        };
        all.iter().flat_map(one).collect()
    }
}

impl From<&Workers> for WorkerLayout {
    fn from(workers: &Workers) -> Self {
        match *workers {
            Workers::Number(workers) => Self::Plain(workers),
            Workers::Text(shape) => shape,
        }
    }
}

/// The table with these changes: tables in it are merged, everything else is replaced.
pub(super) fn merged(mut table: Table, changes: Table) -> Table {
    for (key, change) in changes {
        let change = match (table.remove(&key), change) {
            (Some(Value::Table(old)), Value::Table(change)) => Value::Table(merged(old, change)),
            (_, change) => change,
        };
        table.insert(key, change);
    }
    table
}
