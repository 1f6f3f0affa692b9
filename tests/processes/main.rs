//! Tests that count the children of their own process. They are in a program of their own, in which each takes
//! its turn (`left_behind::alone`): any other test would change the counts.

mod deadline;
mod faults;
mod limits;
mod python;
