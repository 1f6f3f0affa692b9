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

/// A whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub title: String,
    pub question: String,
    pub document: Option<String>,
    #[serde(default = "one")]
    pub time_scale: f64,
    pub deadline_s: Option<f64>,
    pub workload: Workload,
    pub arrivals: Option<arrival::Recipe>,
    pub server: Option<Profile>,
    #[serde(default)]
    pub prologue: Vec<fetch::Listing>,
    #[serde(default)]
    pub expected: Vec<Outcomes>,
    #[serde(default)]
    pub may_fail: bool,
    pub address_space_mb: Option<NonZeroU32>,
    pub cores: Option<Half>,
    pub background: Option<Background>,
    pub gives_up_s: Option<f64>,
    #[serde(default)]
    pub as_published: BTreeMap<String, Vec<Phase>>,
    #[serde(default)]
    pub variants: BTreeMap<String, Changes>,
    /// The claims that the numbers are calibrated from.
    #[serde(default)]
    pub calibrated_from: Vec<String>,
    pub cells: Vec<Cells>,
    #[serde(default)]
    pub sweep: Vec<Cells>,
    #[serde(default)]
    pub claims: Vec<Claim>,
    #[serde(default)]
    pub decisions: Vec<Decision>,
}

/// A claim. Cells are named as tables show them.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    pub id: String,
    pub question: String,
    pub says: String,
    #[serde(default)]
    pub figures: Vec<Figure>,
    pub depends_on: Option<String>,
    #[serde(default)]
    pub bugs: Vec<Bug>,
    #[serde(default)]
    pub mechanisms: Vec<Mechanism>,
    pub apart: Option<Apart>,
    pub in_rust: Option<String>,
    pub caveat: Option<String>,
}

/// A figure of a claim.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figure {
    pub name: String,
    /// A scenario other than the claim's own.
    pub scenario: Option<String>,
    pub test: Test<String>,
    /// What the document printed.
    pub printed: Option<f64>,
    /// What follows from figures that the document printed.
    pub derived: Option<Derived>,
    /// A figure that was chosen for this test.
    pub ours: Option<Ours>,
    pub tolerance: Option<f64>,
    /// What it should be, if that isn't one of these.
    pub expects: Option<Expects>,
    pub reading: Option<String>,
    pub needs: Option<Needs>,
    #[serde(default)]
    pub in_rust: bool,
    /// The same in Python.
    pub python: Option<InPython>,
}

/// A figure measured with a real Python, with its own name and cells. Everything else is as for the one that stands in
/// for it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InPython {
    pub name: String,
    pub test: Test<String>,
}

/// `2`, or `{ value = 2, why = "two connections are reset" }`.
#[derive(Clone, Deserialize)]
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
#[serde(deny_unknown_fields)]
pub(super) struct Expects {
    pub above: Option<f64>,
    pub below: Option<f64>,
    pub equal: Option<f64>,
    pub from: Option<BoundFrom>,
    pub formula: Option<String>,
    pub why: Option<String>,
}

/// Where a bound is from.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BoundFrom {
    Printed,
    Said,
    Derived,
    Ours,
}

/// A bug of the document's program.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bug {
    pub name: String,
    pub program: String,
    pub test: Test<String>,
    #[serde(default)]
    pub refutes: bool,
}

/// A mechanism of a claim.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mechanism {
    pub name: String,
    pub test: Test<String>,
    pub apart: Option<Test<String>>,
}

/// A row of the decision table.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    pub work: String,
    pub cells: Vec<String>,
}

/// Outcomes of some tasks that are not "the right answer".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcomes {
    pub indexes: Vec<u32>,
    /// The kind of failure that is expected; without it, anything goes.
    pub error: Option<ErrorKind>,
}

/// What a variant changes. All other keys stay.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    /// Short for the workload's own key.
    pub tasks: Option<NonZeroU32>,
    /// Short for the latency of every route.
    pub latency_s: Option<f64>,
    /// Merged into the scenario's table of this name, key by key.
    pub workload: Option<Table>,
    /// Likewise.
    pub arrivals: Option<Table>,
    /// Likewise. A list, such as `routes`, replaces the whole list.
    pub server: Option<Table>,
    pub prologue: Option<Vec<fetch::Listing>>,
    pub expected: Option<Vec<Outcomes>>,
    pub may_fail: Option<bool>,
    pub address_space_mb: Option<NonZeroU32>,
    pub cores: Option<Half>,
    pub background: Option<Background>,
    pub gives_up_s: Option<f64>,
    pub calibrated_from: Option<Vec<String>>,
}

/// Several cells: every combination of the lists.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cells {
    pub strategies: Vec<String>,
    pub workers: Vec<Workers>,
    #[serde(default = "dealt_one_by_one")]
    pub deals: Vec<Schedule>,
    #[serde(default = "warm")]
    pub timer: Timer,
    #[serde(default = "default_variant")]
    pub variant: String,
    /// Interpreters and start methods of `python/...`: see [`CellSpec::python`](super::CellSpec::python).
    #[serde(default)]
    pub python: Vec<String>,
}

/// How many workers: `5`, or `"3x5"`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a whole number from 1 on, or \"PROCESSESxTHREADS\" such as \"3x5\"")]
pub(super) enum Workers {
    Number(NonZeroU32),
    Text(WorkerLayout),
}

pub(super) fn layout<'de, D: Deserializer<'de>>(from: D) -> Result<WorkerLayout, D::Error> {
    Workers::deserialize(from).map(|workers| (&workers).into())
}

fn one() -> f64 {
    1.0
}

fn dealt_one_by_one() -> Vec<Schedule> {
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
