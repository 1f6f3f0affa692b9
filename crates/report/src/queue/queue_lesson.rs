//! The lesson on queues: when a queue beats a pool, and what it costs. Every figure comes from the newest measurement
//! of queues, from records of queue cells, or from the program's own constants.

use crate::{
    PageInput, lessons,
    queue::costs::{self, JobRate},
    scenario::{
        curves,
        depth::Depth,
        group::{self, Time},
    },
    svg::palette,
};
use harness::results::{
    costs::{Costs, Engine},
    record::{CellRecord, Check, Record},
};
use maud::{Markup, html};
use std::collections::BTreeSet;
use support::{
    figures::{count, grouped, interval, plain, ratio, time},
    words::capital,
};
use work::queue::{
    broker::{LEASE, MOST_TRIES},
    outage::Outage,
};

/// The section's id.
pub(crate) const ID: &str = "beyond-one-machine";
/// The section's question.
pub(crate) const QUESTION: &str = "When does a queue beat a pool, and what does it cost?";
/// The command that measures it.
pub(crate) const COMMAND: &str = "cargo bench --bench queue";

const WITHOUT_WORKERS: &str =
    "makespan run gallery_downloads --strategy queue --queue redis://HOST:PORT/DB --workers 0";

/// The lesson's input.
pub(crate) struct QueueLesson<'a> {
    costs: Option<&'a Costs>,
    /// The measured cells of `queue`, with their records.
    cells: Vec<(&'a Record, &'a CellRecord)>,
    /// The lesson for a class on the same topic.
    in_class: Option<&'a lesson::Lesson>,
}

impl<'a> QueueLesson<'a> {
    /// `None` if neither a queue's costs nor a queue cell were measured.
    pub(crate) fn of(input: &'a PageInput) -> Option<Self> {
        let measured = |cell: &&CellRecord| {
            cell.spec.strategy == "queue" && cell.check == Check::Passed && !cell.rounds.is_empty()
        };
        let of = |record: &'a Record| record.cells.iter().filter(measured).map(move |cell| (record, cell));
        let cells: Vec<_> = input.records.iter().flat_map(of).collect();
        (input.costs.is_some() || !cells.is_empty()).then(|| Self {
            costs: input.costs.as_ref(),
            cells,
            in_class: lessons::about(input.lessons, "queue"),
        })
    }

    /// The engine that stands for queues: Redis, which several machines can reach, or else SQLite.
    fn engine(&self) -> Option<(&'a Costs, Engine)> {
        let costs = self.costs?;
        let measured = |engine: &Engine| !costs.single_s(*engine).is_empty();
        Some((costs, [Engine::Redis, Engine::Sqlite].into_iter().find(measured)?))
    }

    /// The section.
    pub(crate) fn section(&self) -> Markup {
        html! {
            section id=(ID) aria-labelledby={ (ID) "-question" } {
                p class="eyebrow" { "Beyond one machine · document 001" }
                h2 id={ (ID) "-question" } { (QUESTION) }
                div class="part" {
                    (self.answer())
                    p { "A queue is worth its cost where a pool can't do the work at all:" }
                    ul { @for (what, why) in self.reasons() { li { b { (what) } " " (why) } } }
                    p { (at_least_once()) }
                    p { (self.document()) }
                    p { "This run shows what happens at its deadline to jobs that no worker has taken:" }
                    (crate::command::command(WITHOUT_WORKERS))
                    @if let Some(lesson) = self.in_class {
                        p { "For a class: " a href={ "#" (lessons::id(lesson)) } { "lesson " (lesson.number) ", " (lesson.title) } "." }
                    }
                }
                @if let Some(costs) = self.costs {
                    div class="part" {
                        h3 { "What it costs" }
                        (break_even(costs))
                        (costs::throughput(costs, ID))
                        (costs::growth(costs, ID))
                        (costs::bulk_table(costs))
                        (costs::single_table(costs))
                    }
                    (repeat(costs))
                } @else {
                    ul class="missing" { li { "What a queue costs has not been measured yet. This measures it:" } }
                    (crate::command::command(COMMAND))
                }
            }
        }
    }

    fn answer(&self) -> Markup {
        let Some((costs, engine)) = self.engine() else { return html! {} };
        let (Some(alone), pool) = (Time::of(costs.single_s(engine)), Time::of(costs.single_s(Engine::Processes)))
        else {
            return html! {};
        };
        html! {
            p class="answer" {
                "Through " (costs::name(engine)) ", a job that does nothing takes " strong { (time(alone.median)) }
                " from enqueuing to its result " span class="sure" { (sure(alone)) }
                @if let Some(pool) = pool {
                    "; in a pool of processes " strong { (time(pool.median)) } " " span class="sure" { (sure(pool)) }
                }
                "."
            }
        }
    }

    /// What a pool can't do, each with what was observed here.
    fn reasons(&self) -> Vec<(&'static str, String)> {
        let tries = format!(
            "A worker without a heartbeat for {} loses its job to another; a job is delivered at most {MOST_TRIES} times. {}",
            lease(),
            self.redelivered() + &self.outages()
        );
        let burst = match self.most_waiting() {
            Some((waiting, scenario)) => {
                format!("Here at most {} waited at once, in {scenario}. ", count(waiting as usize, "job"))
            }
            None => String::new(),
        };
        vec![
            (
                "Several machines.",
                format!(
                    "A pool's workers are children of one process; a queue's run wherever its URL can be reached. {}",
                    self.hosts()
                ),
            ),
            (
                "Work that must outlive its worker or its client.",
                format!("A pool loses a job when either of them dies. A queue stores jobs separately. {tries}"),
            ),
            (
                "Bursts.",
                format!("A backlog waits in the queue, and workers can be added meanwhile. {burst}{}", self.drained()),
            ),
            (
                "Different owners.",
                format!(
                    "Clients and workers need not know each other: a URL and a queue name are enough. {}",
                    self.shared()
                ),
            ),
        ]
    }

    fn hosts(&self) -> String {
        let timelines = || self.cells.iter().filter_map(|(record, cell)| Some((record, cell.timeline.as_ref()?)));
        let most = timelines().max_by_key(|(_, timeline)| timeline.elsewhere.len());
        let Some((record, timeline)) = most.filter(|(_, timeline)| !timeline.elsewhere.is_empty()) else {
            return "In these records, all workers were on one host.".into();
        };
        let hosts: BTreeSet<&str> = timeline.elsewhere.iter().map(|one| one.host.as_str()).collect();
        let uncertain_ns = timeline.elsewhere.iter().map(|one| one.clock_uncertainty_ns).max().unwrap_or(0);
        format!(
            "Here {} on {} took part in {}; their clocks are known to ± {}.",
            count(timeline.elsewhere.len(), "worker"),
            count(hosts.len(), "other host"),
            record.scenario,
            time(uncertain_ns as f64 / 1e9)
        )
    }

    fn redelivered(&self) -> String {
        let times = self.cells.iter().filter_map(|(_, cell)| cell.redeliveries()).sum::<u32>();
        match (times, self.cells.is_empty()) {
            (_, true) => String::new(),
            (0, false) => "In these records, no job was redelivered.".into(),
            (1, false) => "In these records, one job was redelivered.".into(),
            (times, false) => format!("In these records, {times} jobs were redelivered."),
        }
    }

    /// How long queues were unreachable while cells were measured.
    fn outages(&self) -> String {
        let excluded = self.cells.iter().flat_map(|(_, cell)| &cell.excluded);
        let away: Vec<f64> = excluded.map(|run| Outage::total_s(&run.timeline.outages)).filter(|s| *s > 0.0).collect();
        if away.is_empty() {
            return String::new();
        }
        let (runs, away_s) = (count(away.len(), "run"), time(away.iter().sum()));
        format!(" In {runs}, the queue gave no answer for {away_s} in all; their times do not count.")
    }

    fn most_waiting(&self) -> Option<(u32, &str)> {
        let depths = self.cells.iter().filter_map(|(record, cell)| {
            Some((Depth::of(&cell.timeline.as_ref()?.spans)?.most, record.scenario.as_str()))
        });
        depths.max_by_key(|(most, _)| *most)
    }

    /// How long the largest measured backlog took.
    fn drained(&self) -> String {
        let largest = self.engine().and_then(|(costs, engine)| {
            let largest = *costs.by_jobs(engine).last()?;
            Some((engine, largest, Time::of(&largest.seconds)?))
        });
        largest.map_or(String::new(), |(engine, largest, took)| {
            format!(
                "{} jobs that do nothing, enqueued at once on {}, were done by {} in {}.",
                grouped(largest.jobs),
                costs::name(engine),
                palette::workers("queue", largest.workers),
                curves::time_in_words(took)
            )
        })
    }

    /// The highest throughput measured.
    fn shared(&self) -> String {
        let rates = self.engine().into_iter().flat_map(|(costs, engine)| {
            costs
                .by_workers(engine)
                .into_iter()
                .filter_map(move |bulk| Some((engine, bulk.workers, JobRate::of(bulk)?)))
        });
        let best = rates.max_by(|a, b| a.2.median.total_cmp(&b.2.median));
        best.map_or(String::new(), |(engine, workers, rate)| {
            format!(
                "They share its throughput: at best {} through {}, with {}.",
                rate.in_words(),
                costs::name(engine),
                palette::workers("queue", workers)
            )
        })
    }

    fn document(&self) -> Markup {
        html! {
            "Document 001 ends with RQ, which goes beyond one machine. Jobs are serialised into a named list in Redis. Any number of workers on any number of machines take jobs from it, "
            "and enqueuing alone does no work. The document prints no time. "
            (self.against_rq())
        }
    }

    fn against_rq(&self) -> String {
        let Some(costs) = self.costs else { return String::new() };
        let left_out = costs.about(Engine::Rq).and_then(|about| about.left_out.as_ref());
        if let Some(reason) = left_out {
            return format!("RQ itself was not measured here: {reason}.");
        }
        let mut both = costs.by_workers(Engine::Redis).into_iter().filter_map(|ours| {
            let theirs = costs.by_workers(Engine::Rq).into_iter().find(|theirs| theirs.workers == ours.workers)?;
            let times = costs::against_rq(costs, ours, Engine::Rq)?;
            let simple = costs::against_rq(costs, ours, Engine::RqSimple);
            Some((ours.workers, JobRate::of(ours)?, JobRate::of(theirs)?, times, simple))
        });
        let Some((workers, ours, theirs, times, simple)) = both.next_back() else { return String::new() };
        let simple = simple.map_or(String::new(), |simple| {
            format!(
                " RQ forks a process for each job; compared with RQ's worker that doesn't, the queue here does {} times as many ({}).",
                ratio(simple.estimate),
                interval(simple.low, simple.high)
            )
        });
        format!(
            "On the same Redis with {}, jobs that do nothing: RQ {}, the queue here {}, which is {} times as many ({}).{simple}",
            palette::workers("queue", workers),
            theirs.in_words(),
            ours.in_words(),
            ratio(times.estimate),
            interval(times.low, times.high)
        )
    }
}

fn at_least_once() -> Markup {
    html! {
        "A pool does each job once. A queue does it " b { "at least once" } ": a worker that was only slow, or cut off, may finish a job "
        "that another was given meanwhile. Its result counts once, but its side effects happened twice, so jobs must be idempotent. "
        "A lost worker's job is redelivered only when its lease of " (lease()) " has expired: that is what a worker's death costs here."
    }
}

/// How long a worker may send no heartbeat.
fn lease() -> String {
    format!("{}\u{a0}s", plain(LEASE.as_secs_f64()))
}

fn sure(alone: group::Time) -> String {
    let rounds = count(alone.rounds, "round");
    match alone.interval {
        Some((low, high)) => format!("(95 % interval {}–{}, {rounds})", time(low), time(high)),
        None => format!("({rounds}, too few for an interval)"),
    }
}

/// How long a job must be for its overhead to be a hundredth or a tenth of it.
fn break_even(costs: &Costs) -> Markup {
    let measured = |engine: Engine| Some((engine, Time::of(costs.single_s(engine))?));
    let all: Vec<(Engine, Time)> =
        [Engine::Processes, Engine::Sqlite, Engine::Redis, Engine::Rq].into_iter().filter_map(measured).collect();
    html! {
        @if !all.is_empty() {
            p { "The overhead does not depend on a job's length. For one job at a time, it is:" }
            ul { @for (engine, alone) in all { li { (shares(engine, alone)) } } }
        }
    }
}

fn shares(engine: Engine, alone: Time) -> String {
    let length = |times: f64| {
        let between = |(low, high)| format!(" ({}–{})", time(low * times), time(high * times));
        format!("{}{}", time(alone.median * times), alone.interval.map_or(String::new(), between))
    };
    let name = capital(costs::name(engine));
    format!("{name}: 1\u{a0}% of a job that takes {}, 10\u{a0}% of one that takes {}.", length(100.0), length(10.0))
}

fn repeat(costs: &Costs) -> Markup {
    let host = &costs.host;
    html! {
        h3 class="repeat" { "Measure it again" }
        (crate::command::command(&costs.command))
        p class="small" {
            "Measured " (costs.started_at) " on " (host.cpu_model.as_deref().unwrap_or("a processor that this system doesn't name"))
            ", " (count(host.cores_usable as usize, "core")) ", seed " (costs.seed) ", makespan " (costs.makespan_version)
            @if let Some(commit) = &host.commit { ", commit " (commit) }
            "."
            @if host.profile == "debug" { " Built without optimisation: these figures mean little." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(costs: Option<Costs>, records: Vec<Record>) -> PageInput {
        PageInput { records, costs, ..PageInput::default() }
    }

    #[test]
    fn there_is_no_lesson_where_nothing_was_measured() {
        assert!(QueueLesson::of(&input(None, vec![testdata::records::web_requests(3)])).is_none());
        let mut failed = testdata::records::queued();
        failed.cells.iter_mut().for_each(|cell| cell.check = Check::Failed);
        assert!(QueueLesson::of(&input(None, vec![failed])).is_none());
    }

    #[test]
    fn without_costs_the_command_stands_in_their_place() {
        let input = input(None, vec![testdata::records::queued()]);
        let html = QueueLesson::of(&input).unwrap().section().into_string();
        assert!(html.contains("has not been measured yet") && html.contains(COMMAND), "{html}");
        assert!(!html.contains("NaN") && !html.contains("<svg"));
    }

    #[test]
    fn a_job_is_long_enough_where_the_cost_is_a_share_of_it() {
        let mut costs = testdata::records::costs();
        costs.single[1].seconds = vec![0.000_2; 6];
        let html = break_even(&costs).into_string();
        let sqlite = "The queue on SQLite: 1 % of a job that takes 20.0 ms (20.0 ms–20.0 ms), 10 % of one that takes 2.00 ms (2.00 ms–2.00 ms)";
        assert!(html.replace('\u{a0}', " ").contains(sqlite), "{html}");
    }

    #[test]
    fn where_rq_was_left_out_the_reason_is_said() {
        let mut costs = testdata::records::costs();
        costs.bulk.retain(|one| !matches!(one.engine, Engine::Rq | Engine::RqSimple));
        costs.engines[3].left_out = Some("python3 has no module `rq`".into());
        let input = input(Some(costs), Vec::new());
        let html = QueueLesson::of(&input).unwrap().section().into_string();
        assert!(html.contains("RQ itself was not measured here: python3 has no module `rq`."), "{html}");
    }
}
