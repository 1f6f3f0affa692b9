//! How many workers, in which layout: a number of one kind, or processes with threads in each.

use serde::{Deserialize, Serialize};
use std::{fmt, num::NonZeroU32, str::FromStr};

/// The layout of a pool. As text, `5`, or `3x5` for three processes of five threads each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("pattern" = "^[1-9][0-9]*(x[1-9][0-9]*)?$")))]
#[serde(try_from = "String", into = "String")]
pub enum WorkerLayout {
    /// This many workers.
    Plain(NonZeroU32),
    /// Worker processes with threads in each.
    Grid {
        /// How many processes.
        processes: NonZeroU32,
        /// How many threads each of them has.
        threads: NonZeroU32,
    },
}

impl WorkerLayout {
    /// A single worker.
    pub const ONE: Self = Self::Plain(NonZeroU32::MIN);

    /// Workers in total.
    pub fn workers(self) -> NonZeroU32 {
        match self {
            Self::Plain(workers) => workers,
            Self::Grid { processes, threads } => processes.saturating_mul(threads),
        }
    }

    /// Worker processes, if they have threads.
    pub fn processes(self) -> Option<NonZeroU32> {
        match self {
            Self::Plain(_) => None,
            Self::Grid { processes, .. } => Some(processes),
        }
    }
}

impl From<NonZeroU32> for WorkerLayout {
    fn from(workers: NonZeroU32) -> Self {
        Self::Plain(workers)
    }
}

impl fmt::Display for WorkerLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(workers) => write!(f, "{workers}"),
            Self::Grid { processes, threads } => write!(f, "{processes}x{threads}"),
        }
    }
}

impl FromStr for WorkerLayout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().parse::<NonZeroU32>().ok();
        let shape = match text.split_once('x') {
            None => number(text).map(Self::Plain),
            Some((processes, threads)) => number(processes)
                .zip(number(threads))
                .filter(|(processes, threads)| processes.checked_mul(*threads).is_some())
                .map(|(processes, threads)| Self::Grid { processes, threads }),
        };
        shape.ok_or_else(|| {
            format!(
                "`{text}` is no number of workers; expected a whole number from 1 on, or PROCESSESxTHREADS such as 3x5"
            )
        })
    }
}

impl TryFrom<String> for WorkerLayout {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<WorkerLayout> for String {
    fn from(shape: WorkerLayout) -> Self {
        shape.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_grid_has_its_product_of_workers() {
        let grid: WorkerLayout = "3x5".parse().expect("a shape");
        assert_eq!((grid.workers().get(), grid.processes().map(NonZeroU32::get)), (15, Some(3)));
        let plain: WorkerLayout = "15".parse().expect("a shape");
        assert_eq!((plain.workers().get(), plain.processes()), (15, None));
    }

    #[test]
    fn what_is_no_shape_is_refused_with_what_is() {
        for bad in ["", "0", "-1", "x", "3x", "x5", "3x0", "0x5", "3x5x2", "two", "65536x65536", "4294967296"] {
            let error = bad.parse::<WorkerLayout>().expect_err(bad);
            assert!(error.contains("from 1 on") && error.contains("3x5"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_shape_survives_being_written_and_read(processes in 1_u32..9999, threads in 1_u32..9999) {
            for text in [format!("{threads}"), format!("{processes}x{threads}")] {
                prop_assert_eq!(text.parse::<WorkerLayout>().map(String::from), Ok(text));
            }
        }
    }
}
