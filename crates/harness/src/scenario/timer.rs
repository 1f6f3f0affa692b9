//! What the clock encloses.

use serde::{Deserialize, Serialize};

/// Which phases a time encloses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// Start, run and stop of the pool.
    Cold,
    /// The run alone, on a pool that was warmed up.
    Warm,
    /// What the document's own timer enclosed.
    AsPublished,
}

/// A stage of a pool's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Getting the workers ready.
    Start,
    /// From the first task's start to the last one's end, prologue included.
    Run,
    /// Joining and reaping.
    Stop,
}
