//! Writes the events of a run: the runner's observer in the measuring process.

use super::event::{CellTime, Contender, Event, LANES, RacePlan, SCHEMA, Standing, TaskSpan};
use crate::{
    results::{
        places::places,
        record::{CellRecord, Check, Record},
    },
    runner::{Observer, cell::Sample},
    scenario::{
        CellSpec,
        claim::{DELTA, Percentile},
    },
};
use measure::clock::between;
use stats::{
    Estimate, looks, paired,
    ranking::{self, Place},
};
use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};
use work::worker::lane::Span;

/// With more bars than this, those too short to see are left out.
const MANY_BARS: usize = 4_000;

/// A shorter share of a run is invisible on a screen.
const VISIBLE: f64 = 1e-3;

/// Pause before the next timed run, so that the viewer catches up. Every core is warmed up after it.
const LET_THEM_LOOK: Duration = Duration::from_millis(30);

/// Writes one line for each event.
#[derive(Debug)]
pub struct EventWriter<W> {
    to: W,
    names: Vec<String>,
    /// How many of the last steps belong to rounds; `None` until everything is set up.
    timed_steps: Option<u32>,
    nobody_listens: Arc<AtomicBool>,
    /// Why writing stopped.
    lost: Option<io::Error>,
}

impl<W: Write + Send> EventWriter<W> {
    /// Writes events of these cells. `nobody_listens` is raised when the reader is gone: a run that is only watched
    /// ends with its viewer.
    pub fn new(to: W, cells: &[CellSpec], nobody_listens: Arc<AtomicBool>) -> Self {
        Self {
            to,
            names: cells.iter().map(CellSpec::to_string).collect(),
            timed_steps: None,
            nobody_listens,
            lost: None,
        }
    }

    /// Why events are missing although there is a reader: a full disk, say. The measurement itself is valid.
    pub fn into_failure(self) -> Option<io::Error> {
        self.lost.filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    fn tell(&mut self, event: &Event) {
        if self.lost.is_some() {
            return;
        }
        // Whole lines in one write, so that no reader sees a part.
        let told = serde_json::to_string(event).map_err(Into::into).and_then(|mut line| {
            line.push('\n');
            self.to.write_all(line.as_bytes()).and_then(|()| self.to.flush())
        });
        if let Err(error) = told {
            self.nobody_listens.fetch_or(error.kind() == io::ErrorKind::BrokenPipe, Relaxed);
            self.lost = Some(error);
        }
    }

    fn plan(&self, record: &Record) -> RacePlan {
        let contender = |(cell, name): (&CellRecord, &String)| Contender {
            name: name.clone(),
            strategy: cell.spec.strategy.clone(),
            workers: cell.workers(),
            tasks: cell.tasks,
        };
        RacePlan {
            schema: SCHEMA.into(),
            scenario: record.scenario.clone(),
            title: record.title.clone(),
            question: record.question.clone(),
            time_scale: record.time_scale,
            rounds: record.rounds,
            cores: record.host.cores_usable,
            cells: record.cells.iter().zip(&self.names).map(contender).collect(),
        }
    }
}

impl<W: Write + Send> Observer for EventWriter<W> {
    fn preparing(&mut self, what: &str, done: u64, total: u64) {
        self.tell(&Event::Preparing { what: what.into(), done, total });
    }

    fn working(&mut self, number: usize, _: &CellSpec, step: u32, total: u32) {
        let timed = self.timed_steps.is_some_and(|timed_steps| step + timed_steps >= total);
        self.tell(&Event::Working { cell: number, timed, step, total });
        // The viewer has just received the last measurement, and shares the cores with the next one.
        thread::sleep(LET_THEM_LOOK);
    }

    fn measured(&mut self, number: usize, round: u32, sample: &Sample) {
        self.tell(&Event::Measured(CellTime { cell: number, round, run_s: sample.round.run_s, bars: bars(sample) }));
    }

    fn updated(&mut self, record: &Record) {
        if self.timed_steps.is_none() {
            self.timed_steps = Some(record.rounds * record.cells.len() as u32);
            self.tell(&Event::SetUp(self.plan(record)));
        }
        let compared = if record.has_arrivals() { by_latency(record) } else { by_time(record) };
        let cells = record.cells.iter().zip(compared).map(|(cell, (speedup, place))| Standing {
            // A race has standings from the first cell on, and an unmeasured cell has not failed.
            check: if cell.check == Check::NotMeasured { Check::Passed } else { cell.check },
            error: cell.error().map(str::to_owned),
            task_errors: cell.task_errors(),
            times_s: cell.timed_s(),
            p99_s: if record.has_arrivals() { cell.latencies_s(Percentile::P99) } else { Vec::new() },
            speedup,
            place,
        });
        self.tell(&Event::Standings { cells: cells.collect() });
    }
}

/// The speedup and the place of each cell.
type Compared = Vec<(Option<Estimate>, Option<Place>)>;

fn by_time(record: &Record) -> Compared {
    let places = places(&record.cells.iter().collect::<Vec<_>>(), &record.looks);
    record.cells.iter().zip(places).map(|(cell, place)| (record.speedup(cell), place)).collect()
}

/// Where tasks become due at times, a run takes as long as they do. What differs is how late 99 of 100 are done.
fn by_latency(record: &Record) -> Compared {
    let p99: Vec<Vec<f64>> = record.cells.iter().map(|cell| cell.latencies_s(Percentile::P99)).collect();
    let rounds: Vec<&[f64]> = p99.iter().filter(|p99| p99.len() > 1).map(Vec::as_slice).collect();
    let done = rounds.iter().map(|rounds| rounds.len()).min().unwrap_or(0) as u32;
    let is_race = rounds.len() > 1;
    let mut places = ranking::places(&rounds, DELTA, looks::alpha(&record.looks, done)).into_iter();
    let compared = p99.iter().enumerate().map(|(cell, own)| {
        let place = if own.len() > 1 { places.next().filter(|_| is_race) } else { None };
        // The baseline is the first. What has no speedup by time, such as a cell with more failed tasks, has none by latency.
        let comparable = record.speedup(&record.cells[cell]).is_some();
        let speedup = p99.first().filter(|_| comparable).and_then(|baseline| paired::speedup(baseline, own));
        (speedup, place)
    });
    compared.collect()
}

fn bars(sample: &Sample) -> Vec<TaskSpan> {
    let since_start = |at_ns: u64| between(sample.timeline.start_ns, at_ns).as_secs_f64();
    let bar = |span: &Span| TaskSpan {
        worker: span.worker,
        task: span.index,
        kind: span.kind,
        from_s: since_start(span.start_ns),
        to_s: since_start(span.end_ns),
    };
    let mut bars: Vec<TaskSpan> = sample.timeline.spans.iter().filter(|span| span.worker < LANES).map(bar).collect();
    if bars.len() > MANY_BARS {
        bars.retain(|bar| bar.to_s - bar.from_s >= VISIBLE * sample.round.run_s);
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed(io::ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn it_is_noticed_that_nobody_listens() {
        let flag = Arc::new(AtomicBool::new(false));
        EventWriter::new(Vec::new(), &[], Arc::clone(&flag)).preparing("photographs", 1, 2);
        assert!(!flag.load(Relaxed));
        let told = |kind| {
            let mut teller = EventWriter::new(Closed(kind), &[], Arc::clone(&flag));
            teller.preparing("photographs", 1, 2);
            (flag.load(Relaxed), teller.into_failure().map(|error| error.kind()))
        };
        let full = io::ErrorKind::StorageFull;
        assert_eq!(told(full), (false, Some(full)), "somebody may still want the measurement");
        assert_eq!(told(io::ErrorKind::BrokenPipe), (true, None));
    }

    #[test]
    fn an_event_is_one_line() {
        let mut teller = EventWriter::new(Vec::new(), &[], Arc::default());
        teller.preparing("photographs\nand more", 1, 2);
        let told = String::from_utf8(teller.to).unwrap();
        assert_eq!(told, "{\"event\":\"preparing\",\"what\":\"photographs\\nand more\",\"done\":1,\"total\":2}\n");
    }
}
