//! The sum of the primes of a range, by trial division: work that only computes.
//!
//! The kernel is the documents' own (6k±1: after 2 and 3, only numbers one off a multiple of six can be divisors), in
//! Rust. It is a bad algorithm on purpose: a sieve does the same in a hundredth of the time on one core, and no number
//! of workers makes up for that.

use super::{Expected, Host, Output, Task, TaskError};
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU32, NonZeroU64};

/// Sum the primes from `from` up to and not including `below`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrimeSum {
    /// The first number looked at.
    pub from: u64,
    /// The first number not looked at.
    pub below: u64,
}

/// How a scenario asks for it: all primes below `below`, in `tasks` ranges of equal width.
///
/// Equal width is not equal work: a large prime takes more divisions than a small one, so the last range is the longest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The first number not looked at.
    pub below: NonZeroU64,
    /// Into how many ranges it is cut.
    pub tasks: NonZeroU32,
}

impl PrimeSum {
    /// The checksum of the output is the sum itself, its amount the number of primes.
    pub fn run<H: Host>(&self, host: &mut H) -> Result<Output, TaskError> {
        let (mut sum, mut count) = (0, 0);
        for number in self.from..self.below {
            host.check()?;
            if is_prime(number) {
                sum += number;
                count += 1;
            }
        }
        Ok(Output { checksum: sum, amount: count, status: None })
    }
}

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
    /// The tasks, and what each must come to by another method: a sieve, so that a wrong kernel can't agree with itself.
    pub fn build(&self) -> Vec<(Task, Expected)> {
        let (below, tasks) = (self.below.get(), u64::from(self.tasks.get()));
        let composite = sieve(below);
        let cut = |part: u64| (u128::from(below) * u128::from(part) / u128::from(tasks)) as u64;
        (0..tasks)
            .map(|part| {
                let range = PrimeSum { from: cut(part), below: cut(part + 1) };
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
        let output = PrimeSum { from: 0, below: 1_000_000 }.run(&mut lane()).expect("nobody stopped it");
        assert_eq!((output.checksum, output.amount), (37_550_402_023, 78_498));
    }

    #[test]
    fn it_stops_when_told_to() {
        let mut stopped = Lane::new(0, 1, Stop::new(Duration::from_mins(1), &std::sync::Arc::new(true.into())));
        let endless = PrimeSum { from: 0, below: u64::MAX };
        assert_eq!(endless.run(&mut stopped), Err(TaskError::Cancelled));
    }

    proptest! {
        #[test]
        fn every_range_agrees_with_the_sieve(below in 1_u64..3000, tasks in 1_u32..50) {
            let recipe = Recipe { below: below.try_into().expect("positive"), tasks: tasks.try_into().expect("positive") };
            for (task, expected) in recipe.build() {
                prop_assert_eq!(Expected::Output(task.run(&mut lane()).expect("it can't fail")), expected);
            }
        }
    }
}
