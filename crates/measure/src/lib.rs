//! Measures the machine and a run: clocks, CPU time, memory, open files, host facts, and disturbances of a measurement.

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod axis;
pub mod clock;
pub mod core_warmup;
pub mod cores;
pub mod cpu;
pub mod disturbances;
pub mod half;
pub mod host;
pub mod memory;
pub mod open_files;
pub mod others;
pub mod quota_group;
pub mod usable_cores;

mod process_tree;
