//! Invented scenarios, records and findings, for the tests of the crates that read them. Nothing here was measured, and no
//! program contains it.

#![allow(clippy::unwrap_used, reason = "invented data is as it should be, or a test fails")]

pub mod findings;
pub mod measurement;
pub mod records;
