//! The parts of charts: scales, lines, labels, and one colour and mark for each strategy.

pub(crate) mod chart;
pub(crate) mod labels;
pub(crate) mod lines;
pub mod palette;
pub(crate) mod scale;
pub mod waits;
