//! The sum of the primes of a range: work that only computes.
//!
//! The usual kernel is the documents' own (trial division by 6k±1: after 2 and 3, only numbers one off a multiple of
//! six can be divisors), in Rust. It is a bad algorithm on purpose. The other one is a sieve: on a single core it
//! finishes long before any number of workers that divide (`makespan lesson better-algorithm`).

use super::{Expected, Output, Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU32, NonZeroU64};

/// How many numbers are sieved between two deadline checks. Their marks fit in a processor's L1 cache.
const SEGMENT: u64 = 1 << 15;

/// How primes are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Each number is divided by every possible divisor, as the documents do.
    #[default]
    TrialDivision,
    /// The multiples of each prime are crossed out, without division.
    Sieve,
}

/// Sum the primes from `from` up to and not including `below`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrimeSum {
    /// The first number tested.
    pub from: u64,
    /// The first number not tested.
    pub below: u64,
    /// How they are found.
    pub by: Method,
}

/// Sums of all primes below `below`, in `tasks` ranges of equal width.
///
/// Equal width is not equal work: a large prime takes more divisions than a small one, so the last range takes longest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "PrimeSum"))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The first number not tested.
    pub below: NonZeroU64,
    /// How many ranges of equal width the numbers are divided into, one a task.
    pub tasks: NonZeroU32,
    /// How primes are found.
    #[serde(default)]
    pub by: Method,
}

impl PrimeSum {
    /// The checksum of the output is the sum itself, its amount the number of primes.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        let (checksum, amount) = match self.by {
            Method::TrialDivision => self.divided(host)?,
            Method::Sieve => self.sieved(host)?,
        };
        Ok(Output { checksum, amount, status: None })
    }

    fn divided<H: TaskContext>(&self, host: &mut H) -> Result<(u64, u64), TaskError> {
        let (mut sum, mut count) = (0, 0);
        for number in self.from..self.below {
            host.check()?;
            if is_prime(number) {
                sum += number;
                count += 1;
            }
        }
        Ok((sum, count))
    }

    /// Every composite number has a prime divisor of at most its square root: larger ones cross out nothing new.
    fn sieved<H: TaskContext>(&self, host: &mut H) -> Result<(u64, u64), TaskError> {
        let composite = sieve(self.below.isqrt() + 1);
        let primes: Vec<u64> = (0..).zip(composite).filter_map(|(number, is)| (!is).then_some(number)).collect();
        let (mut sum, mut count) = (0, 0);
        for from in (self.from..self.below).step_by(SEGMENT as usize) {
            host.check()?;
            let below = self.below.min(from.saturating_add(SEGMENT));
            let mut crossed_out = vec![false; (below - from) as usize];
            for &prime in primes.iter().take_while(|&&prime| prime * prime < below) {
                let first = (prime * prime).max(from.next_multiple_of(prime)) - from;
                crossed_out.iter_mut().skip(first as usize).step_by(prime as usize).for_each(|mark| *mark = true);
            }
            for (number, _) in (from..).zip(crossed_out).filter(|&(number, crossed_out)| number > 1 && !crossed_out) {
                sum += number;
                count += 1;
            }
        }
        Ok((sum, count))
    }
}

#[inline]
fn is_prime(number: u64) -> bool {
    if number < 4 {
        return number > 1;
    }
    if number.is_multiple_of(2) || number.is_multiple_of(3) {
        return false;
    }
    let mut divisor = 5;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) || number.is_multiple_of(divisor + 2) {
            return false;
        }
        divisor += 6;
    }
    true
}

impl Recipe {
    /// The tasks and their expected outputs by another method: a sieve, so that a wrong kernel can't confirm itself.
    pub fn build(&self) -> Vec<(Task, Expected)> {
        let (below, tasks) = (self.below.get(), u64::from(self.tasks.get()));
        let composite = sieve(below);
        let cut = |part: u64| (u128::from(below) * u128::from(part) / u128::from(tasks)) as u64;
        (0..tasks)
            .map(|part| {
                let range = PrimeSum { from: cut(part), below: cut(part + 1), by: self.by };
                let primes = (range.from..range.below).filter(|&number| !composite[number as usize]);
                let (checksum, amount) = primes.fold((0, 0), |(sum, count), prime| (sum + prime, count + 1));
                (Task::PrimeSum(range), Expected::Output(Output { checksum, amount, status: None }))
            })
            .collect()
    }
}

/// Eratosthenes: `composite[n]` is true when n is not a prime.
fn sieve(below: u64) -> Vec<bool> {
    let below = below as usize;
    let mut composite = vec![false; below];
    composite.iter_mut().take(2).for_each(|small| *small = true);
    let mut number = 2;
    while number * number < below {
        if !composite[number] {
            (number * number..below).step_by(number).for_each(|multiple| composite[multiple] = true);
        }
        number += 1;
    }
    composite
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::{lane::Lane, stop::Stop};
    use proptest::prelude::*;
    use std::time::Duration;

    fn lane() -> Lane {
        Lane::new(0, 1, Stop::after(Duration::from_mins(1)))
    }

    #[test]
    fn below_a_million_it_is_the_documents_sum() {
        for by in [Method::TrialDivision, Method::Sieve] {
            let output = PrimeSum { from: 0, below: 1_000_000, by }.run(&mut lane()).expect("nobody stopped it");
            assert_eq!((output.checksum, output.amount), (37_550_402_023, 78_498));
        }
    }

    #[test]
    fn it_stops_when_told_to() {
        let mut stopped = Lane::new(0, 1, Stop::new(Duration::from_mins(1), &std::sync::Arc::new(true.into())));
        for (by, below) in [(Method::TrialDivision, u64::MAX), (Method::Sieve, 1 << 40)] {
            let endless = PrimeSum { from: 0, below, by };
            assert_eq!(endless.run(&mut stopped), Err(TaskError::Cancelled));
        }
    }

    proptest! {
        #[test]
        fn every_range_agrees_with_the_sieve(below in 1_u64..3000, tasks in 1_u32..50, sieved: bool) {
            let by = if sieved { Method::Sieve } else { Method::TrialDivision };
            let (below, tasks) = (below.try_into().expect("positive"), tasks.try_into().expect("positive"));
            for (task, expected) in (Recipe { below, tasks, by }).build() {
                prop_assert_eq!(Expected::Output(task.run(&mut lane()).expect("it can't fail")), expected);
            }
        }

        #[test]
        fn both_methods_agree_over_the_borders_of_segments(from in 0_u64..100_000, numbers in 0_u64..70_000) {
            let by = |by| PrimeSum { from, below: from + numbers, by }.run(&mut lane());
            prop_assert_eq!(by(Method::Sieve), by(Method::TrialDivision));
        }
    }
}
