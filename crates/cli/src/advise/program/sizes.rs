//! How many tasks a run has, how many rounds there are, and which worker counts that leaves time for.

use super::super::own_work::TaskSource;
use super::{AdviceRun, Count, FOR_SAMPLE, MOST_ROUNDS, MOST_URLS, MeasuredWork};
use advice::{Advice, AdviceStanding, Bound, WorkSample, documents::Tried, judge::FEWEST_ROUNDS};
use harness::runner::Plan;
use std::{collections::BTreeSet, time::Duration};
use support::{
    figures::{count, grouped},
    words::listed,
};

/// With fewer rounds than this, little is shown: then fewer worker counts are measured.
const FEW_ROUNDS: u32 = 6;

/// With so many rounds, runs may as well be longer.
const ENOUGH_ROUNDS: f64 = 16.0;

/// The most tasks that each worker does in a run, where that can be chosen: its start and end then matter little.
const MOST_WAVES: u32 = 16;

/// The fewest requests that each worker sends in a run. With one each, a run would take as long as the slowest of them, the
/// sequential loop as long as they take on average, and each worker would pay for its connection.
const FEWEST_WAVES: u32 = 3;

/// The fewest requests of a run, for the same reason.
const FEWEST_REQUESTS: u32 = 8;

/// The share of the requests that a sample takes.
pub(super) const SAMPLED_REQUESTS: f64 = 0.05;

/// What a measurement takes from its start to its end.
struct Need {
    tasks: u32,
    seconds: f64,
}

impl AdviceRun<'_> {
    /// Why even two workers can't be measured within the limits, if so, although they were twice as fast as one.
    pub(super) fn too_little(&self, sample: &WorkSample) -> Option<String> {
        let (strategy, rate) = (self.work.strategies[0], 1.0 / sample.task_s().max(1e-9));
        let tried = |strategy: &str, workers: u32| Tried {
            strategy: strategy.into(),
            workers,
            rate: f64::from(workers) * rate,
            overhead_s: 0.0,
        };
        let search = [tried(self.work.baseline, 1), tried(strategy, 2)];
        let (alone, two) = (self.tasks_with(1), self.tasks_with(2));
        let trials_s = (f64::from(alone) + f64::from(two) / 2.0) / rate;
        let need = self.need(alone + two, trials_s, &[Count { strategy, workers: 2, rank: 0 }], &search);
        self.exceeded(&need, 1.0).map(|option| need.in_words(option))
    }

    /// Why these counts can't be measured within the limits, if so. The budget may be overdrawn by as much again.
    pub(super) fn too_little_for(&self, counts: &[Count], search: &[Tried]) -> Option<String> {
        let need = self.need(0, 0.0, counts, search);
        self.exceeded(&need, 2.0).map(|option| need.in_words(option))
    }

    /// The option that leaves no room for a trial with so many workers and for the fewest rounds with the most that were tried,
    /// and with half as many, if any does.
    pub(super) fn no_room_for(&self, strategy: &'static str, workers: u32, search: &[Tried]) -> Option<&'static str> {
        let count = |workers| Count { strategy, workers, rank: 0 };
        let most = search.iter().map(|tried| tried.workers).fold(workers, u32::max);
        let counts: Vec<Count> = [most / 2, most].into_iter().filter(|workers| *workers > 1).map(count).collect();
        let tasks = self.tasks_with(workers);
        let trial_s = overhead_s(&count(workers), search) + f64::from(tasks) / seen(&count(workers), search);
        self.exceeded(&self.need(tasks, trial_s, &counts, search), 1.0)
    }

    /// Whether there is time for the sequential reference before the fewest rounds.
    pub(super) fn has_time_for_reference(&self, counts: &[Count], search: &[Tried]) -> bool {
        self.need(0, 0.0, counts, search).seconds <= self.budget.as_secs_f64()
    }

    /// What it takes so far, for more trials, for the sequential reference, and for the fewest rounds of these counts.
    fn need(&self, more_tasks: u32, more_s: f64, counts: &[Count], search: &[Tried]) -> Need {
        let (round_s, round_tasks) = self.smallest_round(counts, search);
        let sequential = self.sequential();
        let reference = match &self.work.source {
            TaskSource::Repeatable(_) => self.reference(),
            _ => self.smallest(&sequential, counts),
        };
        let reference_s = overhead_s(&sequential, search) + f64::from(reference) / seen(&sequential, search);
        let rounds = FEWEST_ROUNDS as u32;
        Need {
            tasks: self.tasks_done + more_tasks + reference + rounds * round_tasks,
            seconds: self.begun.elapsed().as_secs_f64() + more_s + reference_s + f64::from(rounds) * round_s,
        }
    }

    /// The option that allows less than this, if any does.
    fn exceeded(&self, need: &Need, budgets: f64) -> Option<&'static str> {
        if self.work.max_tasks.is_some_and(|most| need.tasks > most) {
            return Some("--max-requests");
        }
        (need.seconds > self.budget.as_secs_f64() * budgets).then_some("--budget")
    }

    /// No advice, for this reason.
    pub(super) fn refused(&self, sample: WorkSample, cores: f64, bounds: Vec<Bound>, why: &str) -> MeasuredWork {
        let found = self.sample_alone(sample, cores, bounds, None);
        let advice = Advice {
            standing: AdviceStanding::Undecided,
            advised: None,
            limit: None,
            doubts: vec![why.into()],
            sentence: format!("No advice: {why}."),
            ..found.advice
        };
        MeasuredWork { advice, ..found }
    }

    /// As many of these counts as leave time and tasks for some rounds.
    pub(super) fn affordable(&self, mut counts: Vec<Count>, search: &[Tried]) -> Vec<Count> {
        loop {
            let (round_s, tasks) = self.smallest_round(&counts, search);
            let fit = |rounds: u32| {
                round_s * f64::from(rounds) <= self.left_s()
                    && self.left_tasks().is_none_or(|left| tasks * rounds + self.reference() <= left)
            };
            let last = counts.iter().enumerate().max_by_key(|(_, count)| (count.rank, count.workers));
            match last.map(|(place, count)| (place, count.rank)) {
                Some((place, rank)) if rank > 1 && !fit(FEW_ROUNDS) || rank == 1 && !fit(FEWEST_ROUNDS as u32) => {
                    counts.remove(place)
                }
                _ => return counts,
            };
        }
    }

    fn sequential(&self) -> Count {
        Count { strategy: self.work.baseline, workers: 1, rank: 0 }
    }

    /// Seconds and tasks of a round whose runs are as small as they may be.
    fn smallest_round(&self, counts: &[Count], search: &[Tried]) -> (f64, u32) {
        self.round(counts, search, |count| self.smallest(count, counts))
    }

    /// The fewest tasks of a run of this count, beside these.
    fn smallest(&self, count: &Count, counts: &[Count]) -> u32 {
        match &self.work.source {
            TaskSource::Inputs(_) => widest(counts).max(4).min(self.distinct()),
            _ => self.tasks_of_run(count.workers, Some(FEWEST_WAVES)),
        }
    }

    /// Seconds and tasks of a round whose runs have so many tasks.
    fn round(&self, counts: &[Count], search: &[Tried], tasks: impl Fn(&Count) -> u32) -> (f64, u32) {
        let sequential = self.sequential();
        let all = || std::iter::once(&sequential).chain(counts);
        let seconds = |count: &Count| overhead_s(count, search) + f64::from(tasks(count)) / seen(count, search);
        (all().map(seconds).sum(), all().map(&tasks).sum())
    }

    /// The tasks of the sequential reference: each that is done in the rounds.
    pub(super) fn reference(&self) -> u32 {
        match &self.work.source {
            TaskSource::Repeatable(_) => self.distinct().min(MOST_URLS),
            _ => self.tasks_with(1),
        }
    }

    /// How many tasks each worker, or each run, should have: so that there is time for enough rounds.
    pub(super) fn size_of_runs(&self, counts: &[Count], search: &[Tried]) -> u32 {
        // One more, for the sequential reference.
        let for_round_s = self.left_s() / (ENOUGH_ROUNDS + 1.0);
        match &self.work.source {
            TaskSource::Scenario(_) => self.distinct(),
            TaskSource::Repeatable(_) => {
                let left = self.left_tasks().map(|left| left.saturating_sub(self.reference()));
                let fits = |waves: &u32| {
                    let (round_s, tasks) =
                        self.round(counts, search, |count| self.tasks_of_run(count.workers, Some(*waves)));
                    round_s <= for_round_s && left.is_none_or(|left| tasks * FEW_ROUNDS <= left)
                };
                (FEWEST_WAVES..=MOST_WAVES).rev().find(fits).unwrap_or(FEWEST_WAVES)
            }
            TaskSource::Inputs(_) => {
                let (overhead_s, _) = self.round(counts, search, |_| 0);
                let task_s = self.round(counts, search, |_| 1).0 - overhead_s;
                let for_tasks_s = (for_round_s - overhead_s).max(0.0);
                let widest = widest(counts);
                let most = self.distinct().min(widest.saturating_mul(MOST_WAVES)).max(1);
                let possible = ((for_tasks_s / task_s) as u32).clamp(widest.max(4).min(most), most);
                // A number that all counts divide, or at least the largest: then nobody is idle in the last wave.
                let knee = counts.iter().min_by_key(|count| count.rank).map_or(1, |count| count.workers);
                let even = [6 * knee, 2 * knee, widest].into_iter().find(|even| possible >= *even);
                even.map_or(possible, |even| possible - possible % even)
            }
        }
    }

    /// The counts without those that leave workers idle in the last wave of a short run, which would be no fault of theirs;
    /// and a note on those.
    pub(super) fn even(&self, counts: Vec<Count>) -> (Vec<Count>, Option<String>) {
        let is_even = |count: &Count| {
            let tasks = self.tasks_with(count.workers);
            tasks.is_multiple_of(count.workers) || tasks >= 4 * count.workers
        };
        let (even, uneven): (Vec<Count>, Vec<Count>) =
            counts.into_iter().partition(|count| count.rank == 0 || is_even(count));
        let workers: BTreeSet<u32> = uneven.iter().map(|count| count.workers).collect();
        let note = workers.first().map(|&fewest| {
            let listed = listed(&workers.iter().map(u32::to_string).collect::<Vec<_>>(), "or");
            let tasks = count(self.tasks_with(fewest) as usize, "task");
            format!("not measured with {listed} workers: a run's {tasks} can't be shared evenly among them")
        });
        (even, note)
    }

    /// How many rounds are possible, and when to look.
    pub(super) fn plan(&self, counts: &[Count], search: &[Tried]) -> Plan {
        let left_s = self.left_s();
        let warm_up = |count: &Count| if self.work.max_tasks.is_none() { count.workers } else { 0 };
        let (round_s, _) = self.round(counts, search, |count| self.tasks_with(count.workers) + warm_up(count));
        let (_, round_tasks) = self.round(counts, search, |count| self.tasks_with(count.workers));
        let left_tasks = self.left_tasks();
        // A run in a process of its own for each cell, for its memory: where it is no burden.
        let probes = left_s > 10.0 * round_s && left_tasks.is_none_or(|left| left > 10 * round_tasks);
        let left_tasks = left_tasks.map(|left| left - if probes { round_tasks } else { 0 });
        let for_rounds_s = left_s - if probes { 2.0 * round_s } else { 0.0 };
        let possible = (for_rounds_s / round_s.max(1e-6)).ceil() as u32;
        let affordable = left_tasks.map_or(MOST_ROUNDS, |left| left / round_tasks.max(1));
        // With fewer, nothing can be said: then the budget is overdrawn, by as much again at most.
        let last = possible.max(FEWEST_ROUNDS as u32).min(affordable).clamp(1, MOST_ROUNDS);
        let looks: BTreeSet<u32> =
            [last / 8, last / 4, last / 2].into_iter().filter(|&look| look >= 4).chain([last]).collect();
        // Rounds may take longer than expected.
        let overdrawn_s = (4.0 * round_s * FEWEST_ROUNDS as f64).min(self.budget.as_secs_f64());
        let budget = Some(Duration::from_secs_f64(for_rounds_s.max(overdrawn_s)));
        Plan { looks: looks.into_iter().collect(), budget, probe_all: probes, ..Plan::rounds(last) }
    }

    /// The tasks of a run with so many workers.
    pub(super) fn tasks_with(&self, workers: u32) -> u32 {
        self.tasks_of_run(workers, self.size)
    }

    fn tasks_of_run(&self, workers: u32, size: Option<u32>) -> u32 {
        let distinct = self.distinct();
        match (&self.work.source, size) {
            (TaskSource::Scenario(_), _) => distinct,
            (TaskSource::Inputs(_), Some(tasks)) => tasks,
            (TaskSource::Inputs(_), None) => workers.saturating_mul(2).max(4).min(distinct),
            // Each of the different tasks is done as often as the others.
            (TaskSource::Repeatable(_), waves) => {
                let tasks = waves.map_or(workers.max(2), |waves| workers.saturating_mul(waves).max(FEWEST_REQUESTS));
                tasks.next_multiple_of(distinct.min(MOST_URLS))
            }
        }
    }
}

impl Need {
    /// In words, with what a sample adds that grows with the option.
    fn in_words(&self, option: &str) -> String {
        if option == "--budget" {
            let seconds = (self.seconds / (1.0 - FOR_SAMPLE)).ceil();
            return format!("it needs at least {seconds} s ({option})");
        }
        let tasks = (f64::from(self.tasks) / (1.0 - SAMPLED_REQUESTS)).ceil();
        format!("it needs at least {} requests ({option})", grouped(tasks as u32))
    }
}

fn widest(counts: &[Count]) -> u32 {
    counts.iter().map(|count| count.workers).max().unwrap_or(1)
}

/// The tasks per second to expect: as many as with the next smaller number that was tried.
fn seen(count: &Count, search: &[Tried]) -> f64 {
    let of_strategy = |tried: &&Tried| tried.strategy == count.strategy || tried.workers == 1;
    let smaller = search.iter().filter(of_strategy).filter(|tried| tried.workers <= count.workers && tried.rate > 0.0);
    smaller.max_by_key(|tried| tried.workers).map_or(1.0, |tried| tried.rate)
}

/// The seconds that a run takes beside its tasks.
fn overhead_s(count: &Count, search: &[Tried]) -> f64 {
    let of_strategy = |tried: &&Tried| tried.strategy == count.strategy || tried.workers == 1;
    let near = search.iter().filter(of_strategy).min_by_key(|tried| tried.workers.abs_diff(count.workers));
    near.map_or(0.0, |tried| tried.overhead_s)
}

#[cfg(test)]
mod tests {
    use super::super::{AdviceRun, Settings};
    use super::*;
    use crate::advise::own_work::OwnWork;
    use std::{
        io::{BufRead, BufReader, Write},
        net::{TcpListener, TcpStream},
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering::Relaxed},
        },
        thread,
    };
    use work::{
        strategy::Env,
        task::{Task, request::Request},
    };

    /// Answers after this time, and counts the requests, until the process ends.
    fn server(latency: Duration) -> (String, Arc<AtomicU32>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let seen = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&seen);
        let serve = move |mut stream: TcpStream, seen: Arc<AtomicU32>| {
            // A request ends in an empty line.
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            for _ in lines.map_while(Result::ok).filter(String::is_empty) {
                seen.fetch_add(1, Relaxed);
                thread::sleep(latency);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
            }
        };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&counter);
                thread::spawn(move || serve(stream, seen));
            }
        });
        (url, seen)
    }

    /// The advice on so many URLs of a server, and the number of requests that it has seen.
    fn advised(latency: Duration, urls: u32, max_requests: u32, budget_s: f64) -> (MeasuredWork, u32) {
        let (origin, seen) = server(latency);
        let request = |number: u32| {
            let (url, method) = (format!("{origin}{number}"), "GET".into());
            let request = Request { url, method, headers: Vec::new(), body: Vec::new(), compared: true };
            Task::Request(request.checked().unwrap())
        };
        let work = OwnWork {
            title: String::new(),
            source: TaskSource::Repeatable((0..urls).map(request).collect()),
            baseline: "sequential",
            strategies: vec!["threads", "async"],
            at_most: 16,
            max_tasks: Some(max_requests),
            notes: Vec::new(),
        };
        let dir = tempfile::tempdir().unwrap();
        let env = Env::new(std::env::current_exe().unwrap(), dir.path());
        let settings = Settings::new(env, dir.path(), Plan::rounds(1));
        let found = AdviceRun::new(&work, &settings, Duration::from_secs_f64(budget_s)).whole().unwrap();
        let seen = seen.load(Relaxed);
        assert_eq!(found.tasks_done, seen);
        (found, seen)
    }

    #[test]
    fn no_more_requests_are_sent_than_promised_and_the_number_that_is_named_is_enough() {
        let fast = Duration::from_millis(1);
        for urls in [1, 3, 8, 20] {
            let (refused, sent) = advised(fast, urls, 20, 30.0);
            let sentence = &refused.advice.sentence;
            assert!(sent <= 20 && refused.rounds == 0, "{urls}: {sent}, {sentence}");
            let named = sentence.strip_prefix("No advice: it needs at least ");
            let named = named.and_then(|rest| rest.strip_suffix(" requests (--max-requests)."));
            let enough = named.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{sentence}"));
            for most in [enough, enough + 9, 200] {
                let (found, sent) = advised(fast, urls, most, 30.0);
                assert!(sent <= most && found.rounds >= 3, "{urls}: {sent} of {most}, {}", found.advice.sentence);
            }
        }
    }

    #[test]
    fn the_default_limit_is_enough_for_a_steady_server() {
        let (found, sent) = advised(Duration::from_millis(40), 1, 200, 30.0);
        // Which counts, and whether it is decided, depends on what else the tests' process does.
        let workers: Vec<u32> = found.cells.iter().map(|cell| cell.workers).collect();
        assert!(sent <= 200 && found.rounds >= 3 && workers.len() >= 3, "{sent} {} {workers:?}", found.rounds);
        assert!(found.advice.advised.is_some(), "{}", found.advice.sentence);
    }

    #[test]
    fn a_budget_that_is_too_short_is_said_to_be_before_it_is_overdrawn() {
        let (refused, sent) = advised(Duration::from_millis(400), 1, 200, 1.0);
        assert!(refused.advice.sentence.ends_with(" s (--budget)."), "{}", refused.advice.sentence);
        assert!(sent <= 3, "{sent}");
    }
}
