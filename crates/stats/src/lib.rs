//! Statistics of lists of times: pure functions, without clock or files.
//!
//! | file | the question it answers |
//! |---|---|
//! | [`paired`] | how many times as fast is one thing as another, both measured in the same rounds? |
//! | [`median`] | what is a typical time, and how certain is it? |
//! | [`bootstrap`] | the same, for two lists not measured in pairs |
//! | [`binomial`] | is a share below a limit, and where is a percentile? |
//! | [`student`] | the mean of a few values, with its interval |
//! | [`equivalence`] | is it the same, within a margin fixed beforehand? |
//! | [`trend`] | how does a time grow with the number of tasks? |
//! | [`fisher`] | do more tasks fail than of the others? |
//! | [`greatest`] | is it slower than the best of the others? |
//! | [`ranking`] | which is the fastest, and which are as fast? |
//! | [`holm`] | which of many tests remain significant together? |
//! | [`looks`] | what each interim analysis may miss |
//! | [`noise`] | was the machine stable meanwhile? |
//! | [`ceiling`] | what is the best speedup of n equal tasks on N workers? |
//! | [`serial_fraction`] | what share of the work did not get faster with more workers? |
//! | [`usl`] | what would more workers give, by Amdahl's law and the Universal Scalability Law? |

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod binomial;
pub mod bootstrap;
pub mod ceiling;
pub mod equivalence;
mod estimate;
pub mod fisher;
pub mod greatest;
pub mod holm;
pub mod looks;
pub mod median;
pub mod noise;
pub mod paired;
pub mod ranking;
pub mod serial_fraction;
pub mod student;
pub mod trend;
pub mod usl;

pub use estimate::Estimate;
