//! The wire form: what a scenario's TOML may say. Whatever it doesn't know is refused; nothing else is checked here.

use super::{DEFAULT_VARIANT, Variant, Workload};
use crate::{
    mock_server::profile::Profile,
    results::record::{Phase, Timer},
    task::{ErrorKind, Expected, fetch},
    worker::deck::Deal,
};
use serde::Deserialize;
use std::{collections::BTreeMap, num::NonZeroU32};

/// A whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub title: String,
    pub question: String,
    pub document: Option<String>,
    #[serde(default = "one")]
    pub time_scale: f64,
    #[serde(default = "a_minute")]
    pub deadline_s: f64,
    pub workload: Workload,
    pub server: Option<Profile>,
    #[serde(default)]
    pub prologue: Vec<fetch::Listing>,
    #[serde(default)]
    pub expected: Vec<Outcomes>,
    #[serde(default)]
    pub as_published: BTreeMap<String, Vec<Phase>>,
    #[serde(default)]
    pub variants: BTreeMap<String, Changes>,
    pub cells: Vec<Cells>,
    pub sweep: Vec<Cells>,
}

/// Outcomes of some tasks that are not "the right answer".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcomes {
    pub indexes: Vec<u32>,
    /// The kind of failure that is expected; without it, anything goes.
    pub error: Option<ErrorKind>,
}

/// What a variant changes. What it doesn't name stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    pub tasks: Option<NonZeroU32>,
    pub latency_s: Option<f64>,
    pub prologue: Option<Vec<fetch::Listing>>,
}

/// Several cells: every combination of the lists.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cells {
    pub strategies: Vec<String>,
    pub workers: Vec<NonZeroU32>,
    #[serde(default = "dealt_one_by_one")]
    pub deals: Vec<Deal>,
    #[serde(default = "warm")]
    pub timer: Timer,
    #[serde(default = "default_variant")]
    pub variant: String,
}

fn one() -> f64 {
    1.0
}

fn a_minute() -> f64 {
    60.0
}

fn dealt_one_by_one() -> Vec<Deal> {
    vec![Deal::OneByOne]
}

fn warm() -> Timer {
    Timer::Warm
}

fn default_variant() -> String {
    DEFAULT_VARIANT.into()
}

impl Outcomes {
    pub(super) fn by_index(&self) -> impl Iterator<Item = (u32, Expected)> {
        let expected = self.error.map_or(Expected::Any, Expected::Error);
        self.indexes.iter().map(move |&index| (index, expected))
    }
}

impl Changes {
    pub(super) fn applied_to(self, base: &Variant, name: String) -> Variant {
        let mut variant = Variant { name, ..base.clone() };
        if let Some(count) = self.tasks {
            *variant.workload.tasks() = count;
        }
        if let (Some(latency_s), Some(server)) = (self.latency_s, &mut variant.server) {
            server.routes.iter_mut().for_each(|route| route.latency_s = latency_s);
        }
        variant.prologue = self.prologue.unwrap_or(variant.prologue);
        variant
    }
}
