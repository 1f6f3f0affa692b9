//! The classroom, from outside: what it answers to whom, what of a race is heard, and how it ends.

mod ending;
mod harness;
mod pages;
mod predictions;
mod races;
mod refusals;
mod sharing;
