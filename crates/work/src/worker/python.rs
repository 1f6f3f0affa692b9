//! Real Python: interpreters, the package that they run (a *lane*), and the protocol spoken with it.
//!
//! The package is `fixtures/python`; its README describes the protocol. A lane is a process of its own. It starts, runs
//! and stops pools of Python's own, and times each step itself.

pub mod interpreter;
pub mod lane_process;
pub mod package;
pub(crate) mod wire;
