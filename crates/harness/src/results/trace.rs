//! A record's timelines as Chrome trace events, for <https://ui.perfetto.dev> and `chrome://tracing`.
//!
//! Each cell is a process of the trace and each worker a thread of it; all cells begin at zero, so that they share one
//! axis. The format is the JSON array of the "Trace Event Format": `X` events with a duration, `M` events with names,
//! and pairs of `b` and `e` outside of threads: a job on its way into a queue, in it and back has its own track.
//!
//! Processes and threads count from 1, because viewers take 0 for the kernel's idle task. Viewers pair `b` with `e` by
//! `id` over the whole file, so the jobs of each cell have their own numbers.

use super::record::{CellRecord, Record, Timeline};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    io::{self, Write},
};
use work::worker::{
    lane::{Activity, Span},
    work::Elsewhere,
};

/// One event. Times are microseconds.
#[derive(Serialize)]
struct TraceEvent {
    name: Value,
    ph: &'static str,
    pid: u64,
    tid: u64,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    /// The id that the events of a track share, if it is not a thread's.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    args: Value,
}

/// Ids that distinguish a cell's events from all others.
#[derive(Clone, Copy)]
struct Numbers {
    pid: u64,
    /// Of task 0. The others follow.
    first_job: u64,
}

/// Writes the timeline of every cell that has one.
pub fn write(record: &Record, to: impl Write) -> io::Result<()> {
    let mut events = Vec::new();
    let mut numbers = Numbers { pid: 1, first_job: 0 };
    for cell in &record.cells {
        if let Some(timeline) = &cell.timeline {
            events.extend(of_cell(numbers, cell, timeline));
        }
        numbers = Numbers { pid: numbers.pid + 1, first_job: numbers.first_job + u64::from(cell.tasks) };
    }
    serde_json::to_writer(to, &events)?;
    Ok(())
}

fn of_cell(numbers: Numbers, cell: &CellRecord, timeline: &Timeline) -> Vec<TraceEvent> {
    let workers: BTreeSet<u32> = timeline.spans.iter().map(|span| span.worker).collect();
    let name = |what: &'static str, worker: u32, name: String| TraceEvent {
        args: json!({ "name": name }),
        ..event("M", what.into(), numbers, worker, 0.0)
    };
    let first = workers.first().copied().unwrap_or(0);
    let python = cell.spec.python.as_ref().map(|python| format!(", Python {python}")).unwrap_or_default();
    let cell_name = format!("{} x {} ({}{python})", cell.spec.strategy, cell.layout(), cell.spec.variant);
    let mut events = vec![name("process_name", first, cell_name)];
    events.extend(workers.iter().map(|&worker| name("thread_name", worker, who(worker, &timeline.elsewhere))));
    events.extend(timeline.spans.iter().flat_map(|span| of_span(span, numbers, timeline.start_ns)));
    events
}

fn event(ph: &'static str, name: Value, numbers: Numbers, worker: u32, ts: f64) -> TraceEvent {
    let tid = u64::from(worker) + 1;
    TraceEvent { name, ph, pid: numbers.pid, tid, ts, dur: None, id: None, cat: None, args: Value::Null }
}

fn who(worker: u32, elsewhere: &[Elsewhere]) -> String {
    let there = elsewhere.iter().find(|one| one.worker == worker);
    there.map_or_else(|| format!("worker {worker}"), |one| format!("worker {worker} on {}", one.host))
}

fn of_span(span: &Span, numbers: Numbers, zero_ns: u64) -> Vec<TraceEvent> {
    let us = |time_ns: u64| time_ns.saturating_sub(zero_ns) as f64 / 1e3;
    let at = |ph, time_ns| TraceEvent {
        args: json!({ "task": span.index }),
        ..event(ph, span_name(span), numbers, span.worker, us(time_ns))
    };
    match span.kind {
        Activity::Enqueue | Activity::Queued | Activity::Return => {
            let id = span.index.map(|index| numbers.first_job + u64::from(index));
            let of_job = |event| TraceEvent { id, cat: Some("queue"), ..event };
            vec![of_job(at("b", span.start_ns)), of_job(at("e", span.end_ns))]
        }
        _ => {
            let dur = span.end_ns.saturating_sub(span.start_ns) as f64 / 1e3;
            vec![TraceEvent { dur: Some(dur), ..at("X", span.start_ns) }]
        }
    }
}

fn span_name(span: &Span) -> Value {
    match (span.kind, span.index) {
        (Activity::Run, Some(index)) => format!("task {index}").into(),
        (Activity::Run, None) => "prologue".into(),
        (kind, _) => json!(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_job_s_own_is_on_no_worker_s_track() {
        let span = |kind| Span { worker: 2, index: Some(5), kind, start_ns: 3_000, end_ns: 5_000 };
        let numbers = Numbers { pid: 1, first_job: 90 };
        let phases =
            |kind| of_span(&span(kind), numbers, 1_000).into_iter().map(|event| (event.ph, event.ts, event.id));
        assert!(phases(Activity::Run).eq([("X", 2.0, None)]));
        for kind in [Activity::Enqueue, Activity::Queued, Activity::Return] {
            assert!(phases(kind).eq([("b", 2.0, Some(95)), ("e", 4.0, Some(95))]), "{kind:?}");
        }
    }

    #[test]
    fn a_worker_elsewhere_has_its_host_s_name() {
        let far = Elsewhere { worker: 1, host: "far".into(), clock_offset_ns: 0, clock_uncertainty_ns: 0 };
        assert_eq!([0, 1].map(|worker| who(worker, std::slice::from_ref(&far))), ["worker 0", "worker 1 on far"]);
    }
}
