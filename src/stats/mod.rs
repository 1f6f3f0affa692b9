//! What a list of times says: pure functions, with no clock and no files.
//!
//! | file | the question it answers |
//! |---|---|
//! | [`paired`] | how many times as fast is one thing as another, both measured in the same rounds? |
//! | [`median`] | what is a typical time, and how surely? |
//! | [`bootstrap`] | the same, of two lists that were not measured in pairs |
//! | [`noise`] | did the machine hold still meanwhile? |
//! | [`ceiling`] | how fast could so many equal tasks be on so many workers? |
//! | [`serial_fraction`] | what share of the work did not get faster with more workers? |

pub mod bootstrap;
pub mod ceiling;
pub mod median;
pub mod noise;
pub mod paired;
pub mod serial_fraction;

mod student;
