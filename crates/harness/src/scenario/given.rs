//! A scenario of tasks that were made in memory: a user's own work.

use super::{CellSpec, DEFAULT_VARIANT, Scenario, Timer, Variant, Workload};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, num::NonZeroU32, time::Duration};
use work::{
    task::{Expected, Task},
    worker::{layout::WorkerLayout, task_queue::Schedule},
};

/// Tasks, each with the outcome that it must have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Given {
    pub(super) count: NonZeroU32,
    /// The tasks.
    pub tasks: Vec<(Task, Expected)>,
    /// Whether each worker does one of them before the clock starts.
    pub warms_up: bool,
}

impl Given {
    /// These tasks; `None` without any.
    pub fn new(tasks: Vec<(Task, Expected)>, warms_up: bool) -> Option<Self> {
        Some(Self { count: NonZeroU32::new(tasks.len() as u32)?, tasks, warms_up })
    }
}

impl Scenario {
    /// A scenario of these workloads, each a variant of this name. Their tasks may fail; a run may take this long.
    pub fn given(title: &str, workloads: Vec<(String, Given)>, deadline: Duration) -> Self {
        let variant = |(name, given): (String, Given)| Variant {
            name,
            title: None,
            workload: Workload::Given(given),
            arrivals: None,
            server: None,
            prologue: Vec::new(),
            expected: BTreeMap::new(),
            may_fail: true,
            address_space_bytes: None,
            cores: None,
            background: None,
            gives_up_s: None,
            calibrated_from: Vec::new(),
        };
        Self {
            name: "advise".into(),
            source: None,
            title: title.into(),
            question: String::new(),
            document: None,
            time_scale: 1.0,
            deadline,
            deadline_is_given: true,
            as_published: BTreeMap::new(),
            variants: workloads.into_iter().map(variant).collect(),
            cells: Vec::new(),
            sweep: Vec::new(),
            claims: Vec::new(),
            decisions: Vec::new(),
        }
    }
}

impl CellSpec {
    /// So many workers of a strategy, on the default variant, one task at a time, timed warm.
    pub fn plain(strategy: &str, workers: NonZeroU32) -> Self {
        Self {
            variant: DEFAULT_VARIANT.into(),
            strategy: strategy.into(),
            shape: WorkerLayout::from(workers),
            schedule: Schedule::OneByOne,
            timer: Timer::Warm,
            python: None,
        }
    }
}
