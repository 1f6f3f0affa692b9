//! What a few tasks are like.

use super::super::own_work::TaskSource;
use super::{AdviceRun, FOR_SAMPLE, SAMPLED, sizes::SAMPLED_REQUESTS, trial::was_cut};
use advice::WorkSample;
use measure::{clock::between, cpu::CpuTime};

impl AdviceRun<'_> {
    /// A task alone, to see how long one takes, then a few.
    pub(in crate::advise) fn sample(&mut self) -> anyhow::Result<WorkSample> {
        let baseline = self.work.baseline;
        let memory_before = CpuTime::largest_ended_child_bytes();
        let first = self.trial_of(baseline, 1, 1)?.trial;
        self.remember(&first);
        let took_s = between(first.start_ns, first.end_ns).as_secs_f64().max(1e-6);
        let most = match (&self.work.source, self.work.max_tasks) {
            // What fails is not asked for again and again.
            _ if self.only_error().is_some() => 2,
            (TaskSource::Repeatable(_), Some(most)) => ((f64::from(most) * SAMPLED_REQUESTS) as u32).clamp(2, SAMPLED),
            _ => self.distinct().min(SAMPLED),
        };
        let wanted = (self.budget.as_secs_f64() * FOR_SAMPLE / took_s) as u32;
        let trial = match &self.work.source {
            // It has all tasks.
            TaskSource::Scenario(_) => first,
            _ if took_s > self.budget.as_secs_f64() => first,
            _ => {
                let more = self.trial_of(baseline, 1, wanted.clamp(2, most.max(2)))?.trial;
                self.remember(&more);
                // What was cut says little.
                if was_cut(&more) { first } else { more }
            }
        };
        let took: f64 = trial.done.iter().map(|done| done.took().as_secs_f64()).sum();
        let (user_s, system_s) = (trial.cpu.user_s, trial.cpu.system_s);
        let starts_programs =
            matches!(&self.work.source, TaskSource::Inputs(tasks) if tasks.iter().any(|task| task.program().is_some()));
        Ok(WorkSample {
            tasks: trial.done.len() as u32,
            // What other programs took is no waiting of a task's.
            wall_s: (took - trial.cpu.core_wait_s().unwrap_or(0.0)).max(took.min(user_s + system_s)),
            user_s,
            system_s,
            bytes: trial.done.iter().filter_map(|done| done.result.as_ref().ok()).map(|output| output.amount).sum(),
            memory_bytes: CpuTime::largest_ended_child_bytes()
                .filter(|now| starts_programs && memory_before < Some(*now)),
        })
    }
}
