//! The classroom, from outside: what it answers to whom, what of a race is heard, and how it ends. One program, because each
//! costs a minute to build.

#[path = "../common/browser.rs"]
mod browser;
#[path = "../common/mod.rs"]
mod common;
mod ending;
mod harness;
mod pages;
mod predictions;
mod races;
mod refusals;
mod sharing;
