//! What strategies share: the deck of tasks, the lane a worker runs in, the stop signal, worker processes, and the
//! simulated interpreter lock.

pub mod deck;
pub mod error;
pub mod feed;
pub mod frame;
pub mod gil;
pub mod lane;
pub mod lifeline;
pub mod process;
pub mod seat;
pub mod serve;
pub mod shape;
pub mod source;
pub mod stop;
pub mod under_lock;
pub mod work;
