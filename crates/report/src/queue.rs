//! The lesson on queues: when a queue beats a pool, and what it costs.

pub(crate) mod costs;
pub(crate) mod queue_lesson;
