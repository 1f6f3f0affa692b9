//! What strategies share: the task queue, a worker's lane, the stop signal, worker processes, Python, and
//! the simulated interpreter lock.

pub mod arrival;
pub mod error;
pub mod feed;
pub mod frame;
pub mod gil;
pub mod lane;
pub mod layout;
pub mod lifeline;
pub mod process;
pub mod python;
pub mod serve;
pub mod source;
pub mod stop;
pub mod task_queue;
pub mod under_lock;
pub mod work;
pub mod worker_slot;
