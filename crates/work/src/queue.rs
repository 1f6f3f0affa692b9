//! A job queue: any number of workers on any number of machines take work from it.
//!
//! A pool's task queue lives in the memory of one process. This queue lives in a SQLite file or on a Redis server, and
//! any worker that reaches it can take from it. So a run and its workers need not know each other, need not start at
//! the same time, and survive each other. Each thing that this needs beyond a pool has its file:
//!
//! | file | |
//! |---|---|
//! | [`job`] | what travels: jobs, and the workers' messages |
//! | [`broker`] | what a queue must be able to do, and its promises |
//! | [`sqlite`], [`redis`] | the two engines |
//! | [`address`] | where a queue is; passwords are never shown |
//! | [`batch`] | the jobs of one run: enqueued, and collected again |
//! | [`outage`] | stretches in which a queue gave no answer |
//! | [`job_spec`] | a task without anything that only this machine has |
//! | [`worker`] | takes jobs, sends heartbeats, delivers results |

pub mod address;
pub mod batch;
pub mod broker;
pub mod job;
pub mod job_spec;
pub mod outage;
pub mod redis;
pub mod sqlite;
pub mod worker;
