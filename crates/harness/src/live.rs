//! Watching a run live.
//!
//! The viewer starts `makespan run SCENARIO ... --events -`: the same program, runner and settings as an unwatched run.
//! That process writes its progress to standard output ([`Event`]s, one line of JSON each), and its workers announce in
//! a file what they do ([`feed`](work::worker::feed)). This module reads both twenty times a second and merges them
//! into one stream of events. The measuring process needs no extra thread, and waits for no viewer while a clock runs;
//! between two runs it pauses briefly.
//!
//! | file | |
//! |---|---|
//! | `event` | the events, as JSON |
//! | `event_writer` | the observer in the measuring process that writes them |
//! | `watched` | starts that process, reads its events, stops it |
//! | `lanes` | what workers announce in the feed, as events |
//! | `race` | the state after all events so far |
//!
//! A watched lane appends to a file that another process reads twenty times a second. A call, channel or socket for each task
//! would add a thread that is woken up for each of them, or a worker that waits for a slow reader: watching would change what
//! is measured. `cargo bench --bench watched` measures what remains of that.

pub mod event;
mod event_writer;
mod lanes;
pub mod race;
mod watched;

pub use event::Event;
pub use event_writer::EventWriter;
pub use race::Race;
pub use watched::{CantWatch, Watched, WatchedRun};
