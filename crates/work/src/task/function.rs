//! Call a function of the user's, in Python.
//!
//! Only a Python lane can: `fixtures/python/makespan_lane/task/function.py`.

use super::{Output, TaskError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Call `function` of `module` with one argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The directory that the module is imported from.
    #[serde(with = "support::path_bytes")]
    pub dir: PathBuf,
    /// The module, such as `package.module`.
    pub module: String,
    /// Its function, which may be a coroutine function.
    pub function: String,
    /// The argument.
    pub argument: String,
    /// Whether the `repr` of what it returns is part of the outcome. Otherwise, only that it returns.
    pub compared: bool,
}

impl Function {
    /// Refuses: this program has no Python in it.
    pub fn run(&self) -> Result<Output, TaskError> {
        Err(TaskError::Refused(format!(
            "{}:{} is a function of Python: use python/... strategies",
            self.module, self.function
        )))
    }
}
