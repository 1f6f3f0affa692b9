//! Logs a request from its arrival to the end of its answer, whatever happens to it.

use super::{
    log::{Log, LogEntry, Note, TaskTag},
    socket::{Arrival, Connection},
};
use measure::clock::now_ns;
use std::{cell::RefCell, rc::Rc};

/// A request that is not answered yet. If it is dropped, its client gave up, and that is logged.
pub(super) struct Pending {
    pub connection: Rc<Connection>,
    pub arrival: Arrival,
    pub tag: Option<TaskTag>,
    log: Rc<RefCell<Log>>,
    /// The future log entry; `None` for a request that belongs to no run.
    entry: Option<LogEntry>,
    in_service: Option<InService>,
}

/// Held until the body of an answer ends.
#[derive(Debug)]
pub(super) struct InService {
    connection: Rc<Connection>,
    /// Counts them.
    _one: Rc<()>,
}

impl Pending {
    /// A request for this path that came with this tag. `all` counts the requests in service.
    pub(super) fn new(
        connection: &Rc<Connection>,
        log: &Rc<RefCell<Log>>,
        (tag, path): (Option<TaskTag>, &str),
        all: &Rc<()>,
    ) -> Self {
        let arrival = connection.arrival(now_ns());
        let entry = tag.map(|TaskTag { run, index }| LogEntry {
            run,
            index,
            path: path.to_owned(),
            connection: connection.number,
            arrived_ns: arrival.arrived_ns(),
            ..LogEntry::default()
        });
        // A half-closed client may still want its answer. Measuring clients, which name their tasks, never half-close a
        // connection: if one does, it has given up.
        connection.serving(tag.is_none());
        let in_service = Some(InService { connection: Rc::clone(connection), _one: Rc::clone(all) });
        Self { connection: Rc::clone(connection), arrival, tag, log: Rc::clone(log), entry, in_service }
    }

    /// It is a request about the server itself, which isn't logged.
    pub(super) fn unnoted(mut self) -> Option<InService> {
        self.in_service.take()
    }

    /// In service since `since_ns`; the answer follows `latency_ns` later.
    pub(super) fn served(&mut self, since_ns: u64, latency_ns: u64) {
        if let Some(entry) = &mut self.entry {
            (entry.queued_ns, entry.latency_ns) = (since_ns - entry.arrived_ns, latency_ns);
        }
    }

    /// It is answered; `complete` fills in the entry.
    pub(super) fn answered(mut self, complete: impl FnOnce(&mut LogEntry)) -> (Option<Note>, Option<InService>) {
        if let Some(entry) = &mut self.entry {
            complete(entry);
        }
        let in_service = self.in_service.take();
        (self.note(), in_service)
    }

    fn note(&mut self) -> Option<Note> {
        let (mut log, entry) = (self.log.borrow_mut(), self.entry.take());
        if entry.is_none() {
            log.add_unlabelled();
        }
        entry.map(|entry| log.add(entry))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.in_service.is_some() {
            if let Some(entry) = &mut self.entry {
                (entry.answered_ns, entry.gave_up) = (now_ns(), true);
            }
            self.note();
        }
    }
}

impl Drop for InService {
    fn drop(&mut self) {
        self.connection.served();
    }
}
