//! Measurements by the library itself, without the program around it.

use super::{env, titled};
use makespan::{
    runner::{Plan, Settings},
    scenario::{self, Scenario},
};
use std::path::Path;

/// A scenario of this text. Its title and question are those of every test's.
pub fn parsed(text: &str) -> Scenario {
    scenario::parse("tiny", "tiny.toml", &titled(text)).expect("it is right")
}

/// What `makespan run` would ask for, with this directory for what is kept.
pub fn settings(data: &Path, plan: Plan) -> Settings {
    Settings::new(env(), data, plan)
}
