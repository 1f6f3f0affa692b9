//! The advice under load for people, and as JSON.

use super::{
    super::{
        super::{
            measuring,
            print::{fitted, note, say},
            table::fit,
        },
        own_work::OwnWork,
        program::trial::{is_plural, phrase},
    },
    MeasuredLoad,
};
use advice::{
    documents::{AdviceDocument, LoadAdviceExport, LoadedCellExport},
    load::{LoadCell, TargetPercentile},
};
use stats::{Estimate, binomial, looks};
use support::{
    figures::{count, grouped, percent, significant, time},
    terminal::width,
    words::listed,
};

impl MeasuredLoad {
    fn sentence(&self) -> String {
        if let Some(error) = &self.error {
            return format!("No advice: {error}.");
        }
        let rate = format!("{} tasks/s", significant(self.rate_per_s, 3));
        let most = self.cells.iter().map(|cell| cell.workers).max().unwrap_or(1);
        let goal =
            self.target.map_or_else(|| format!("a p95 within 10 % of that with {most}"), |target| target.to_string());
        let open: Vec<String> = self.advice.open.iter().map(u32::to_string).collect();
        let open = listed(&open, "or");
        let workers = self.advice.workers.map(|workers| {
            let hold = if is_plural(self.strategy, workers) { "hold" } else { "holds" };
            format!("{} {hold}", phrase(self.strategy, workers))
        });
        match (workers, self.failing(), self.advice.overload) {
            (Some(hold), ..) if !open.is_empty() => {
                format!("Undecided: {hold} {goal} at {rate}, but {open} may hold it, too. {}", self.remedy)
            }
            (None, ..) if !open.is_empty() => {
                format!("Undecided: none is shown to hold {goal} at {rate}; {open} may hold it. {}", self.remedy)
            }
            // Compared with itself, it has no worse a p95.
            (Some(hold), ..) if self.target.is_none() && self.advice.workers == Some(most) => {
                format!("{hold} {rate}; of the numbers that were measured, no smaller one does with a p95 within 10 %.")
            }
            (Some(hold), ..) => format!("{hold} {goal} at {rate}."),
            (None, Some(cell), _) => {
                format!(
                    "No number of workers up to {most} holds {goal} at {rate}: with {}, {}.",
                    cell.workers,
                    failures(cell)
                )
            }
            (None, None, Some(busy)) if busy >= f64::from(most) => format!(
                "No number of workers up to {most} can hold {rate}: {} tasks would be in progress on average.",
                significant(busy, 2)
            ),
            (None, None, Some(_)) => format!(
                "No number of workers up to {most} can hold {rate}: with {most}, latencies grow for as long as tasks arrive."
            ),
            (None, None, None) => format!("No number of workers up to {most} holds {goal} at {rate}."),
        }
    }

    pub(in crate::advise) fn print(&self, work: &OwnWork) {
        say!("{}\n\n{}\n", fitted(&work.title), fitted(&self.sentence()));
        if !self.cells.is_empty() {
            let heads = [
                "workers",
                "tasks/s",
                "p50",
                "95 % interval",
                "p95",
                "95 % interval",
                "p99",
                "95 % interval",
                "failed",
            ];
            let rows: Vec<[String; 9]> = (0..self.cells.len()).map(|cell| self.row(cell)).collect();
            say!("{}\n", fit(heads, &rows, &[3, 2, 5], width()));
        }
        let task_s = self.sample.task_s();
        let under_way = self.sample.workers_for_rate(self.rate_per_s);
        // Of less than one, no number of workers could be fewer.
        let too_few = if under_way < 1.0 {
            ""
        } else {
            ". That many workers are never enough, because each would have to be busy all the time"
        };
        let littles = format!(
            "Little's law: at {} tasks/s of {} each, {} are in progress on average (mean of {}){too_few}",
            significant(self.rate_per_s, 3),
            time(task_s),
            significant(under_way, 2),
            count(self.sample.tasks as usize, "task"),
        );
        say!("{}", fitted(&littles));
        if let Some((queue, target)) = self.queue_length().zip(self.target) {
            let waiting = count(queue as usize, "task");
            say!(
                "{}",
                fitted(&format!(
                    "Queue: up to about {waiting} may wait; more would miss {target}, so refuse them at once: their clients can come again"
                ))
            );
        }
        if let Some(knee) = self.knee() {
            say!("{}", fitted(&knee));
        }
        for words in &work.notes {
            note!("{words}");
        }
        if self.rounds == 0 {
            return;
        }
        let others: Vec<&str> = work.strategies.iter().copied().filter(|strategy| *strategy != self.strategy).collect();
        if !others.is_empty() {
            note!("measured with {} alone: --strategy takes another, such as {}", self.strategy, others.join(" or "));
        }
        say!(
            "{}",
            fitted(&format!(
                "How sure: {} of {} each, due at random times of this rate, latencies from when each was due{}",
                count(self.rounds as usize, "interleaved round"),
                count(self.tasks as usize, "task"),
                self.too_few(),
            ))
        );
    }

    /// What the percentiles of few tasks don't say.
    fn too_few(&self) -> String {
        let tasks = self.rounds * self.tasks;
        let of = |(percentile, name): (TargetPercentile, &str)| {
            let fewest = percentile.fewest();
            // Half of alpha is for either end.
            let with_end = binomial::fewest(percentile.share_over(), looks::ALPHA / 2.0);
            match tasks {
                few if few < fewest => Some(format!("; a {name} takes {fewest} tasks in all")),
                few if few < with_end => Some(format!(
                    "; of fewer than {with_end} tasks in all, the interval of a {name} ends at the longest latency and covers less than 95 %"
                )),
                _ => None,
            }
        };
        [(TargetPercentile::P95, "p95"), (TargetPercentile::P99, "p99")].into_iter().filter_map(of).collect()
    }

    fn knee(&self) -> Option<String> {
        let knee = self.advice.knee?;
        let p95_s = |cell: usize| self.advice.percentiles[cell][1].map(|p95| p95.estimate);
        let rate = |cell: usize| significant(self.cells[cell].rate_per_s, 3);
        let beyond = knee.next.map_or_else(
            || "no knee was met".into(),
            |next| {
                let times = p95_s(next).zip(p95_s(knee.lowest)).map(|(p95_s, lowest_s)| p95_s / lowest_s);
                let what = match (&self.cells[next], times) {
                    (cell, _) if cell.failed > 0.0 => failures(cell),
                    (_, Some(times)) => format!("it is {} times as long", significant(times, 2)),
                    (_, None) => "there is none".into(),
                };
                format!("at {}, {what}", rate(next))
            },
        );
        let (per_s, lowest) = (significant(knee.per_s, 3), rate(knee.lowest));
        Some(format!("Knee: up to {per_s} tasks/s, the p95 is at most twice that at {lowest}; {beyond}"))
    }

    fn row(&self, cell: usize) -> [String; 9] {
        let LoadCell { workers, rate_per_s, failed, .. } = &self.cells[cell];
        let range = |of: Estimate| format!("{} – {}", time(of.low), time(of.high));
        let [p50, p95, p99] = self.advice.percentiles[cell]
            .map(|of| of.map_or_else(Default::default, |of| [time(of.estimate), range(of)]));
        let ([p50, p50_range], [p95, p95_range], [p99, p99_range]) = (p50, p95, p99);
        let failed = if *failed > 0.0 { percent(*failed) } else { String::new() };
        let is_advised = self.advice.workers == Some(*workers) && self.is_asked(&self.cells[cell]);
        let workers = if is_advised { format!("{workers} <") } else { grouped(*workers) };
        [workers, significant(*rate_per_s, 3), p50, p50_range, p95, p95_range, p99, p99_range, failed]
    }

    pub(in crate::advise) fn export(&self, work: &OwnWork) -> LoadAdviceExport {
        LoadAdviceExport {
            schema: LoadAdviceExport::SCHEMA.into(),
            makespan_version: env!("CARGO_PKG_VERSION").into(),
            command: measuring::command_line(),
            work: work.title.clone(),
            standing: self.standing,
            strategy: self.strategy.into(),
            rate_per_s: self.rate_per_s,
            target: self.target,
            workers: self.advice.workers,
            workers_that_may_do: self.advice.open.clone(),
            sentence: self.sentence(),
            under_way: self.sample.workers_for_rate(self.rate_per_s),
            knee_per_s: self.advice.knee.map(|knee| knee.per_s),
            queue_length: self.queue_length(),
            sample: self.sample,
            rounds: self.rounds,
            tasks: self.tasks,
            needs_tasks: self.advice.needs_tasks,
            cells: (self.cells.iter().zip(&self.advice.percentiles))
                .map(|(cell, &[latency_p50_s, latency_p95_s, latency_p99_s])| LoadedCellExport {
                    workers: cell.workers,
                    rate_per_s: cell.rate_per_s,
                    latency_p50_s,
                    latency_p95_s,
                    latency_p99_s,
                    failed_share: cell.failed,
                    first_error: cell.first_error.clone(),
                    over_target_share: self.target.and_then(|target| {
                        let (over, all) = cell.over(target);
                        (all > 0).then(|| over as f64 / all as f64)
                    }),
                })
                .collect(),
        }
    }
}

/// How many tasks failed, and what the first says.
fn failures(cell: &LoadCell) -> String {
    let error = cell.first_error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    format!("{} of the tasks failed{error}", percent(cell.failed))
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{cell, found},
        *,
    };

    /// Without the spaces that keep a figure and its unit on a line.
    fn plain(words: &str) -> String {
        words.replace('\u{a0}', " ")
    }

    fn failing(mut cell: LoadCell) -> LoadCell {
        (cell.failed, cell.first_error) = (0.88, Some("status 503".into()));
        cell
    }

    #[test]
    fn the_sentence_says_what_was_shown() {
        let (late, fast) = (|workers| cell(workers, 20.0, 0.4), |workers| cell(workers, 20.0, 0.1));
        let few = |workers| LoadCell { rounds: vec![fast(workers).rounds[0].clone(); 2], ..fast(workers) };
        let target = Some("p99<200ms");
        for (cells, target, expected) in [
            (vec![late(3), fast(8)], target, "8 threads hold p99 < 200 ms at 20.0 tasks/s."),
            (
                vec![few(3), fast(8)],
                target,
                "Undecided: 8 threads hold p99 < 200 ms at 20.0 tasks/s, but 3 may hold it, too. More would.",
            ),
            (
                vec![few(3), few(8)],
                target,
                "Undecided: none is shown to hold p99 < 200 ms at 20.0 tasks/s; 3 or 8 may hold it. More would.",
            ),
            (vec![late(3), late(8)], target, "No number of workers up to 8 holds p99 < 200 ms at 20.0 tasks/s."),
            (
                vec![late(3), failing(fast(8))],
                target,
                "No number of workers up to 8 holds p99 < 200 ms at 20.0 tasks/s: with 8, 88 % of the tasks failed (status 503).",
            ),
            (
                vec![fast(1), fast(2)],
                Some("p95<10s"),
                "No number of workers up to 2 can hold 20.0 tasks/s: 2.0 tasks would be in progress on average.",
            ),
            (
                vec![fast(2)],
                None,
                "No number of workers up to 2 can hold 20.0 tasks/s: 2.0 tasks would be in progress on average.",
            ),
            (vec![fast(4), fast(8)], None, "4 threads hold a p95 within 10 % of that with 8 at 20.0 tasks/s."),
            (
                vec![late(4), fast(8)],
                None,
                "8 threads hold 20.0 tasks/s; of the numbers that were measured, no smaller one does with a p95 within 10 %.",
            ),
        ] {
            assert_eq!(plain(&found(cells, target).sentence()), expected);
        }
    }

    #[test]
    fn the_knee_is_followed_by_what_was_there() {
        let rates = |next: LoadCell| found(vec![cell(8, 20.0, 0.1), next], None).knee().map(|knee| plain(&knee));
        let up_to = "Knee: up to 20.0 tasks/s, the p95 is at most twice that at 20.0; at 40.0, ";
        assert_eq!(rates(cell(8, 40.0, 0.5)), Some(format!("{up_to}it is 5.0 times as long")));
        assert_eq!(rates(failing(cell(8, 40.0, 0.1))), Some(format!("{up_to}88 % of the tasks failed (status 503)")));
        assert_eq!(found(vec![cell(8, 20.0, 0.1)], None).knee(), None);
    }
}
