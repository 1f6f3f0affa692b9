//! The protocol's JSON: `fixtures/python/README.md` describes it.

use crate::{
    task::{
        Output, Task, TaskError,
        fetch::Fetch,
        files::{Access, FileTask},
        function::Function,
        gunzip::Gunzip,
        prime_sum::{Method, PrimeSum},
        thumbnail::Thumbnail,
    },
    worker::{
        error::LostWorker,
        lane::{Done, Span},
        work::Headcount,
    },
};
use measure::cpu::{CpuTime, Scheduled};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};
use support::terminal::printable_path;

/// The version of the protocol.
pub(crate) const PROTOCOL: u32 = 1;

/// What an interpreter reports about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    pub(crate) protocol: u32,
    /// Its program: a shim names the interpreter that it starts.
    pub(crate) executable: String,
    /// `CPython`, `PyPy`.
    pub implementation: String,
    /// Such as `3.11.7`.
    pub version: String,
    /// Whether one thread runs at a time.
    pub lock: bool,
    /// The start methods of processes that this system has.
    pub start_methods: Vec<String>,
    /// The one that is used unless another is asked for.
    pub default_start_method: String,
    /// Versions of the packages that tasks may use; `None` for one that is not installed.
    pub packages: BTreeMap<String, Option<String>>,
    /// What the interpreter lacks for each strategy; empty for those that it has.
    pub strategies: BTreeMap<String, String>,
}

/// A request to the lane.
#[derive(Debug, Serialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub(crate) enum Order<'a> {
    Load {
        tasks: Vec<Value>,
        prologue: Vec<Value>,
    },
    Start {
        strategy: &'a str,
        layout: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        start_method: Option<&'a str>,
        /// How long a thread waits before it requests the interpreter's lock; its own default if not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        switch_interval_s: Option<f64>,
    },
    Run {
        run: u64,
        deadline_ns: u64,
        schedule: String,
        warm_up: bool,
        /// When each task becomes due, nanoseconds from the start of the run; empty if all are there from the start.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        due_ns: Vec<u64>,
    },
    Stop,
}

/// A line of the lane.
#[derive(Debug, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub(crate) enum Reply {
    Hello(Greeting),
    Loaded,
    Started { start_ns: u64, end_ns: u64 },
    Done(WireDone),
    Ran(WireRun),
    PrologueFailed { error: WireError },
    Stopped { start_ns: u64, end_ns: u64, left: Headcount },
    Refused { message: String },
    Failed { step: String, message: String, lost: Option<WireLost> },
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireDone {
    index: u32,
    output: Option<Output>,
    error: Option<WireError>,
    spans: Vec<Span>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireRun {
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    pub(crate) prologue: Vec<Span>,
    pub(crate) whole: bool,
    pub(crate) lost: Option<WireLost>,
    pub(crate) cpu: Option<WireCpu>,
    pub(crate) did: Option<Headcount>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct WireCpu {
    user_s: f64,
    system_s: f64,
    switches: u64,
    ran_s: Option<f64>,
    waited_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireLost {
    process: Option<u32>,
    how: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireError {
    kind: String,
    message: String,
    path: Option<String>,
    number: Option<u32>,
    package: Option<String>,
}

impl From<WireDone> for Done {
    fn from(WireDone { index, output, error, spans }: WireDone) -> Self {
        let neither = || TaskError::Panicked("the lane sent neither an output nor an error".into());
        let result = match (output, error) {
            (_, Some(error)) => Err(error.into()),
            (output, None) => output.ok_or_else(neither),
        };
        Self { index, result, spans }
    }
}

impl From<WireLost> for LostWorker {
    fn from(WireLost { process, how }: WireLost) -> Self {
        Self { process: process.unwrap_or(LostWorker::PROGRAM), how }
    }
}

impl From<WireCpu> for CpuTime {
    fn from(WireCpu { user_s, system_s, switches, ran_s, waited_s }: WireCpu) -> Self {
        let alive = ran_s.zip(waited_s).map(|(ran_s, waited_s)| Scheduled { ran_s, waited_s });
        Self { user_s, system_s, switches, alive }
    }
}

impl From<WireError> for TaskError {
    fn from(WireError { kind, message, path, number, package }: WireError) -> Self {
        let path = path.unwrap_or_default().into();
        match kind.as_str() {
            "timed_out" => Self::TimedOut,
            "worker_died" => Self::WorkerDied(message),
            "no_thread" => Self::NoThread { number: number.unwrap_or(0), message },
            "panicked" => Self::Panicked(message),
            "connect" => Self::Connect(message),
            "broken_response" => Self::BrokenResponse(message),
            "http" => Self::Http(message),
            "refused" => Self::Refused(message),
            "file" => Self::File { path, message },
            "damaged" => Self::Damaged { path, message },
            "failed" => Self::Failed(message),
            "missing_package" => Self::Refused(format!("{} is not installed", package.unwrap_or(message))),
            _ => Self::Panicked(format!("{kind}: {message}")),
        }
    }
}

/// The task as the lane takes it, or why it can't be done in Python. Its due time is part of the order to run.
pub(crate) fn of_task(task: &Task) -> Result<Value, String> {
    Ok(match task {
        Task::Noop => json!({"kind": "noop"}),
        Task::Fetch(Fetch { save: Some(_), .. }) => {
            return Err("a fetch that saves its body is not known in Python".into());
        }
        Task::Fetch(fetch) => json!({
            "kind": "fetch",
            "url": fetch.url,
            "site": fetch.site,
            "authorization": fetch.authorization,
            "keep_alive": fetch.keep_alive,
            "connect_timeout_s": fetch.connect_timeout.as_secs_f64(),
            "timeout_s": fetch.timeout.as_secs_f64(),
            "redirects": fetch.redirects,
            "blocking": fetch.blocking,
            "retries": fetch.retries,
            "retry_wait_s": fetch.retry_wait.as_secs_f64(),
            "stays": fetch.stays,
        }),
        Task::PrimeSum(PrimeSum { from, below, by }) => {
            let by = match by {
                Method::TrialDivision => "trial_division",
                Method::Sieve => "sieve",
            };
            json!({"kind": "prime_sum", "first": from, "below": below, "by": by})
        }
        Task::Thumbnail(Thumbnail { input, output_dir, width, height }) => json!({
            "kind": "thumbnail", "input": text(input)?, "output_dir": text(output_dir)?, "width": width, "height": height,
        }),
        // Whether the library releases the lock matters only to the simulated lock: Python's zlib always does.
        Task::Gunzip(Gunzip { input, .. }) => json!({"kind": "gunzip", "input": text(input)?}),
        Task::File(FileTask { path, access: Access::Read, .. }) => json!({"kind": "read_file", "path": text(path)?}),
        Task::File(FileTask { path, bytes, access }) => {
            json!({"kind": "write_file", "path": text(path)?, "bytes": bytes, "sync": *access == Access::WriteAndSync})
        }
        Task::Function(Function { dir, module, function, argument, compared }) => json!({
            "kind": "function", "dir": text(dir)?, "module": module, "function": function, "argument": argument,
            "compared": compared,
        }),
        Task::Arrival(arrival) => of_task(&arrival.task)?,
        _ => return Err("tasks of this kind are not known in Python".into()),
    })
}

/// Paths are text in JSON.
fn text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{}: a path that is not UTF-8 can't be sent to Python", printable_path(path)))
}
