//! What a list of times says: pure functions, with no clock and no files.
//!
//! | file | the question it answers |
//! |---|---|
//! | [`paired`] | how many times as fast is one thing as another, both measured in the same rounds? |
//! | [`median`] | what is a typical time, and how surely? |
//! | [`bootstrap`] | the same, of two lists that were not measured in pairs |
//! | [`student`] | the mean of a few values, and how surely |
//! | [`equivalence`] | is it the same, within a margin fixed beforehand? |
//! | [`trend`] | how does a time grow with the number of tasks? |
//! | [`drop_off`] | is it slower than the best of the others? |
//! | [`holm`] | what is left of many answers that were asked for at once? |
//! | [`looks`] | what an interval takes when it may be looked at more than once |
//! | [`noise`] | did the machine hold still meanwhile? |
//! | [`ceiling`] | how fast could so many equal tasks be on so many workers? |
//! | [`serial_fraction`] | what share of the work did not get faster with more workers? |

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod bootstrap;
pub mod ceiling;
pub mod drop_off;
pub mod equivalence;
mod estimate;
pub mod holm;
pub mod looks;
pub mod median;
pub mod noise;
pub mod paired;
pub mod serial_fraction;
pub mod student;
pub mod trend;

pub use estimate::Estimate;
