//! The advice under CPU quotas, as a container has them.

use super::{
    super::{
        print::{fitted, note, say},
        table::fit,
    },
    own_work::OwnWork,
    program::{AdviceRun, MeasuredWork},
    words,
};
use advice::{
    AdviceStanding,
    documents::{AdviceDocument, QuotaExport, UnderQuota},
};
use anyhow::Context;
use measure::{quota_group::QuotaGroup, usable_cores::Throttling};
use stats::median::median;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use support::{
    figures::{cores, count, exact, interval, ratio, significant, time},
    terminal::width,
};

/// A run that is shorter than this, seconds, is over before some periods of a quota are.
const SHORT_S: f64 = 0.5;

/// What was found under a quota.
struct MeasuredQuota {
    quota: f64,
    throttling: Throttling,
    work: MeasuredWork,
}

impl MeasuredQuota {
    fn run_s(&self) -> Option<f64> {
        let MeasuredWork { advice, cells, search, rounds, tasks_done, .. } = &self.work;
        let runs = *rounds as usize * cells.len() + search.len();
        let tasks = f64::from(*tasks_done) / runs.max(1) as f64;
        Some(median(&cells[advice.advised?].task_s)? * tasks)
    }

    fn export(&self, work: &OwnWork) -> UnderQuota {
        UnderQuota {
            quota_cores: self.quota,
            throttling: self.throttling,
            run_s: self.run_s(),
            advice: words::export(work, &self.work),
        }
    }
}

/// What was found under each quota, in the order that was asked for.
pub(super) struct QuotaSweep(Vec<MeasuredQuota>);

/// Measures the work under each quota, for the budget each. Incomplete after Ctrl-C.
pub(super) fn sweep<'a>(
    quotas: &[f64],
    start: &dyn Fn() -> AdviceRun<'a>,
    interrupted: &AtomicBool,
) -> anyhow::Result<QuotaSweep> {
    let mut all = Vec::new();
    for &quota in quotas {
        note!("under a quota of {}:", cores(quota));
        let group = QuotaGroup::enter(quota).with_context(|| {
            "--quota: no control group with a CPU quota can be made here: run as root, or in a group that is delegated \
             to you, such as that of `systemd-run --user --scope -p Delegate=yes`"
        })?;
        let work = start().whole()?;
        let throttling = group.throttling().unwrap_or_default();
        if interrupted.load(Relaxed) {
            break;
        }
        all.push(MeasuredQuota { quota, throttling, work });
    }
    Ok(QuotaSweep(all))
}

impl QuotaSweep {
    /// The worst of the advices' standings.
    pub(super) fn standing(&self) -> AdviceStanding {
        let is = |bad: &AdviceStanding| self.0.iter().any(|found| found.work.advice.standing == *bad);
        let bad = [AdviceStanding::Failed, AdviceStanding::Undecided].into_iter().find(is);
        bad.unwrap_or(AdviceStanding::Stands)
    }

    pub(super) fn export(&self, work: &OwnWork) -> QuotaExport {
        QuotaExport {
            schema: QuotaExport::SCHEMA.into(),
            quotas: self.0.iter().map(|found| found.export(work)).collect(),
        }
    }

    pub(super) fn print(&self, work: &OwnWork) {
        say!("{}\n", fitted(&work.title));
        let heads = ["quota", "advised", "tasks/s", "speedup", "95 % interval", "stopped for", ""];
        say!("{}\n", fit(heads, &self.0.iter().map(row).collect::<Vec<_>>(), &[6, 4], width()));
        for found in &self.0 {
            say!("{}", fitted(&format!("{}: {}", cores(found.quota), found.work.advice.sentence)));
        }
        let runs = self.0.iter().filter_map(MeasuredQuota::run_s);
        if let Some(shortest_s) = runs.min_by(f64::total_cmp).filter(|run_s| *run_s < SHORT_S) {
            say!(
                "{}",
                fitted(&format!(
                    "Runs took as little as {}. A quota stops work only when a period's time is used up, and a period is \
                     100 ms: it hardly limits runs this short. With more or longer tasks, measure again.",
                    time(shortest_s)
                ))
            );
        }
    }
}

fn row(MeasuredQuota { quota, throttling, work }: &MeasuredQuota) -> [String; 7] {
    let advice = &work.advice;
    let advised = advice.advised.map(|cell| &work.cells[cell]);
    let or_none = |text: Option<String>| text.unwrap_or_default();
    let standing = match advice.standing {
        AdviceStanding::Stands => "",
        AdviceStanding::Undecided => "undecided",
        AdviceStanding::Failed => "failed",
    };
    [
        exact(*quota),
        or_none(advised.map(|cell| cell.phrase.clone())),
        or_none(advised.and_then(|cell| Some(significant(1.0 / median(&cell.task_s)?, 3)))),
        or_none(advice.speedup.map(|speedup| format!("{}x", ratio(speedup.estimate)))),
        or_none(advice.speedup.map(|speedup| interval(speedup.low, speedup.high))),
        format!("{} in {}", time(throttling.seconds), count(throttling.periods as usize, "period")),
        standing.into(),
    ]
}
