//! What the machine says of itself and of a run: clocks, CPU time, memory, open files, host facts, and what disturbs a
//! measurement.

pub mod awake;
pub mod axis;
pub mod clock;
pub mod cores;
pub mod cpu;
pub mod disturbances;
pub mod host;
pub mod memory;
pub mod open_files;

mod process_tree;
