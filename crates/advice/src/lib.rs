//! How many workers, and of which kind: from a sample and from measured worker counts to an advice. Pure functions, without
//! clock or files.
//!
//! | file | the question it answers |
//! |---|---|
//! | [`sample`] | what kind of work is it, and how many workers does theory give it? |
//! | [`search`] | which worker counts are worth measuring? |
//! | [`judge()`] | what do the measurements advise, and does that stand? |
//! | [`load`] | how many workers hold a rate, and where is the knee? |
//! | [`limit`] | what stops it from scaling? |
//! | [`laws`] | which curve do the speedups follow? |
//! | [`documents`] | what of it is written, and read for the page? |

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cell;
pub mod documents;
pub mod judge;
pub mod laws;
pub mod limit;
pub mod load;
pub mod sample;
pub mod search;

pub use cell::CellTimes;
pub use judge::{Advice, AdviceStanding, judge};
pub use laws::{Curve, Laws};
pub use limit::{CoresOfRun, ScalingLimit};
pub use sample::{Bound, WorkKind, WorkSample};
