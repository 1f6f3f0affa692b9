//! A job queue: work that any number of workers on any number of machines take.
//!
//! A pool's deck lives in the memory of the one who deals. Here it lives in a place of its own, a SQLite file or a Redis
//! server, and whoever reaches it can take from it. So a run and its workers need not know each other, need not start at
//! the same time, and survive each other. What that takes beyond a pool, each has its file:
//!
//! | file | |
//! |---|---|
//! | [`job`] | what travels: jobs, and what workers say of them |
//! | [`broker`] | what a queue must be able to do, and its promises |
//! | [`sqlite`], [`redis`] | the two engines that do it |
//! | [`address`] | where a queue is; passwords are never shown |
//! | [`batch`] | the jobs of one run: handed in, and gathered again |
//! | [`outage`] | stretches in which a queue gave no answer |
//! | [`errand`] | a task without anything that only this machine has |
//! | [`worker`] | takes jobs, says that it is still there, delivers |

pub mod address;
pub mod batch;
pub mod broker;
pub mod job;
pub mod job_spec;
pub mod outage;
pub mod redis;
pub mod sqlite;
pub mod worker;
