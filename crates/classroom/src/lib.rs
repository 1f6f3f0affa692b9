//! The classroom: a page on this machine on which a class predicts a race of strategies, watches it, and learns why.
//!
//! It measures nothing itself. A race is a child process, `makespan run`, which is [watched](harness::live); the page shows
//! what is told of it. Requests come over HTTP, news go out as server-sent events.
//!
//! The page itself (everything that can start or stop something) is served on the loopback interface. With `--share` a
//! second listener serves, on an address that phones reach, what a pupil needs: to join with the code, to guess, to watch.
//!
//! | route | on | |
//! |---|---|---|
//! | `GET /` | loopback | choose, ask, run, watch |
//! | `GET /lesson/N` | loopback | a lesson, step by step |
//! | `GET /join` | both | the pupil's page: guess and watch. From elsewhere with the join code first (`?code=` fills it in) |
//! | `GET /join.svg` | loopback | the join address as a QR code |
//! | `GET /assets/classroom.css`, `.js` | both | from the binary |
//! | `GET /events` | both | server-sent events: `room` ([`wire::RoomState`], whole) and `run` ([`live::Event`](harness::live::Event)) with id `RACE.K`; first all of the current race, or with `Last-Event-ID` what came since |
//! | `GET /room` | loopback | the room's state |
//! | `GET /export` | loopback | all races since it was opened with their guesses, as a JSON file: nothing else is kept |
//! | `POST /ask` | loopback | [`wire::RaceRequest`] with a cell to ask for: the class may guess |
//! | `POST /run` | loopback | runs what was asked (an empty body), or [`wire::RaceRequest`] at once or in its turn |
//! | `POST /stop` | loopback | ends the race that runs, or takes back the question |
//! | `POST /forget` | loopback | `{"race": N}`: takes a race out of the queue |
//! | `POST /join` | elsewhere | [`wire::Join`]: a seat, as a cookie |
//! | `POST /guess` | both | [`wire::Guess`] |
//!
//! Every `POST` is JSON and comes from a page of the same site, and is answered with the room. What is refused is answered
//! with a [`wire::Refusal`]: 400 where the request is wrong, 403 where it isn't allowed, 409 where it is not the time for
//! it, 429 where it came too often.
//!
//! | file | |
//! |---|---|
//! | `room`, `guesses` | what is allowed when, and what comes of it: pure |
//! | `wanted` | what a browser may ask for |
//! | `runner` | the thread that follows a race |
//! | `log`, `events` | what was told of the race, and the streams that tell it |
//! | `session` | all of that together, on one thread |
//! | `server`, `crowd`, `patience` | the listeners, and how much they take on |
//! | `guard`, `code`, `seats` | who is listened to |
//! | `routes`, `answer`, `page`, `wire` | what is answered |
//! | `export`, `sharing` | the file to keep; where phones reach this machine |

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod answer;
mod code;
mod connection_limit;
mod events;
mod export;
mod guesses;
mod log;
mod origin_check;
pub mod page;
mod participants;
mod race_request;
mod room;
mod routes;
mod runner;
pub mod server;
mod session;
pub mod sharing;
pub mod wire;
mod write_timeout;

pub use runner::RunnerSetup;
