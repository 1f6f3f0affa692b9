//! The classroom: a page on this machine on which a class predicts a race of strategies, watches it, and learns why.
//!
//! It measures nothing itself. A race is a child process, `makespan run`, which is [watched](harness::live); the page
//! shows its events. Requests come over HTTP, events go out as server-sent events.
//!
//! The page itself (everything that can start or stop something) is served on the loopback interface. With `--share` a
//! second listener serves, on an address that phones reach, what students need: joining by code, guessing, watching.
//!
//! | route | on | |
//! |---|---|---|
//! | `GET /` | loopback | choose, ask, run, watch |
//! | `GET /lesson/N` | loopback | a lesson, step by step |
//! | `GET /join` | both | the student's page: guess and watch. From other machines the join code is needed first (`?code=` fills it in) |
//! | `GET /join.svg` | loopback | the join URL as a QR code |
//! | `GET /assets/classroom.css`, `.js` | both | from the binary |
//! | `GET /events` | both | server-sent events: `room` ([`wire::RoomState`], whole) and `run` ([`live::Event`](harness::live::Event)) with id `RACE.K`; first all of the current race, or with `Last-Event-ID` the events since |
//! | `GET /room` | loopback | the room's state |
//! | `GET /export` | loopback | all races since the classroom was opened, with their guesses, as a JSON file: nothing else is stored |
//! | `POST /ask` | loopback | [`wire::RaceRequest`] with a cell to guess: the class may guess |
//! | `POST /run` | loopback | runs the race that was asked about (an empty body), or a [`wire::RaceRequest`] |
//! | `POST /stop` | loopback | stops the running race, or withdraws the question |
//! | `POST /clear` | loopback | frees all seats: everybody has to join again |
//! | `POST /code` | loopback | replaces the join code; those who have joined stay |
//! | `POST /hide` | loopback | [`wire::Hide`]: hides a name in all results |
//! | `POST /quiz` | loopback | [`wire::QuizOrder`]: opens the quiz before or after the class, or closes it |
//! | `GET /quiz` | both | [`wire::QuizSheet`]: the questions, and one's own answers |
//! | `POST /answer` | both | [`wire::QuizAnswer`] |
//! | `POST /join` | shared | [`wire::Join`]: a seat, as a cookie |
//! | `POST /guess` | both | [`wire::GuessRequest`] |
//!
//! Every `POST` is JSON, comes from a page of the same site, and is answered with the room. An error is a
//! [`wire::Refusal`]: 400 for a bad request, 403 where it isn't allowed, 409 in the wrong state, 429 for too many.
//!
//! | file | |
//! |---|---|
//! | `room`, `guesses`, `quiz` | the state machine: what is allowed when; pure |
//! | `race_request` | which races a browser may request |
//! | `runner` | the thread that follows a race |
//! | `log`, `events` | the race's events, and the streams that send them |
//! | `session` | all of that together, on one thread |
//! | `server`, `connection_limit`, `write_timeout` | the listeners and their limits |
//! | `origin_check`, `code`, `participants` | who may do what |
//! | `routes`, `answer`, `page`, `wire` | requests and responses |
//! | `export`, `sharing` | the exported file; where phones reach this machine |

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod answer;
mod code;
mod connection_limit;
mod events;
pub mod export;
mod guesses;
mod log;
mod origin_check;
pub mod page;
mod participants;
mod quiz;
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
