//! A run watched while it goes on.
//!
//! Who watches starts `makespan run SCENARIO ... --events -`: the same program, the same runner and the same settings as a
//! run that nobody watches. It tells on its standard output what it is at ([`Event`]s, one line of JSON each), and its
//! workers announce in a file what they are at ([`feed`](work::worker::feed)). Both are read here, twenty times a second,
//! and put together into one stream of events. The measuring process has no thread more for it, and waits for nobody while
//! a clock runs; between two runs it pauses for a moment.
//!
//! | file | |
//! |---|---|
//! | `event` | what there is to tell, as JSON |
//! | `teller` | tells it: the runner's observer in the process that measures |
//! | `watched` | starts that process, reads what it tells, stops it |
//! | `lanes` | what workers announce in the feed, as events |
//! | `race` | what came of all that was told so far |

pub mod event;
mod event_writer;
mod lanes;
pub mod race;
mod watched;

pub use event::Event;
pub use event_writer::EventWriter;
pub use race::Race;
pub use watched::{CantWatch, Watched, WatchedRun};
