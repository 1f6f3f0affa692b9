//! The record of measured runs, where records are kept, and the forms they are exported in.

pub mod costs;
pub mod criterion;
pub mod csv;
pub mod evidence;
pub mod exhibits;
pub mod journal;
pub mod latency;
pub mod output;
pub mod own_advice;
pub mod places;
mod rank;
pub mod record;
pub mod store;
pub mod trace;
