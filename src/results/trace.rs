//! A record's timelines as Chrome trace events, for <https://ui.perfetto.dev> and `chrome://tracing`.
//!
//! Each cell is a process of the trace and each worker a thread of it; all cells begin at zero, so that they lie on one
//! axis. The format is the JSON array of the "Trace Event Format": `X` events with a duration, `M` events with names.

use super::record::{CellRecord, Record, Timeline};
use crate::worker::lane::{Span, SpanKind};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    io::{self, Write},
};

/// One event. Times are microseconds.
#[derive(Serialize)]
struct Event {
    name: Value,
    ph: &'static str,
    pid: usize,
    tid: u32,
    ts: f64,
    dur: f64,
    args: Value,
}

/// Writes the timeline of every cell that has one.
pub fn write(record: &Record, to: impl Write) -> io::Result<()> {
    let cells = record.cells.iter().enumerate();
    let timelines = cells.filter_map(|(pid, cell)| Some((pid, cell, cell.timeline.as_ref()?)));
    let events: Vec<Event> = timelines.flat_map(|(pid, cell, timeline)| events(pid, cell, timeline)).collect();
    serde_json::to_writer(to, &events)?;
    Ok(())
}

fn events(pid: usize, cell: &CellRecord, timeline: &Timeline) -> Vec<Event> {
    let name = |what: &'static str, tid: u32, name: String| Event {
        name: what.into(),
        ph: "M",
        pid,
        tid,
        ts: 0.0,
        dur: 0.0,
        args: json!({ "name": name }),
    };
    let workers: BTreeSet<u32> = timeline.spans.iter().map(|span| span.worker).collect();
    let mut events = vec![name("process_name", 0, format!("{} x {} ({})", cell.strategy, cell.shape(), cell.variant))];
    events.extend(workers.into_iter().map(|worker| name("thread_name", worker, format!("worker {worker}"))));
    events.extend(timeline.spans.iter().map(|span| Event {
        name: span_name(span),
        ph: "X",
        pid,
        tid: span.worker,
        ts: span.start_ns.saturating_sub(timeline.start_ns) as f64 / 1e3,
        dur: span.end_ns.saturating_sub(span.start_ns) as f64 / 1e3,
        args: json!({ "task": span.index }),
    }));
    events
}

fn span_name(span: &Span) -> Value {
    match (span.kind, span.index) {
        (SpanKind::Run, Some(index)) => format!("task {index}").into(),
        (SpanKind::Run, None) => "prologue".into(),
        (kind, _) => json!(kind),
    }
}
