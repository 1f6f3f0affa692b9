//! The sum of a text that comes with the task: hardly any work, and much to send.
//!
//! A thread reads the text where it is. A process gets a copy: the text is serialised, written to a pipe, read and
//! deserialised, and only then summed. What that costs depends on the length alone, whatever the task does with it.

use super::{Expected, Output, Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Sum the bytes of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentText {
    /// The text.
    pub text: String,
}

/// `tasks` texts of `bytes` bytes each, which travel with their tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Payload"))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How many texts.
    pub tasks: NonZeroU32,
    /// How long each is.
    pub bytes: NonZeroU32,
}

impl SentText {
    /// The checksum of the output is the sum, its amount the number of bytes.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        host.check()?;
        let sum = self.text.bytes().map(u64::from).sum();
        Ok(output(sum, self.text.len()))
    }
}

fn output(sum: u64, bytes: usize) -> Output {
    Output { checksum: sum, amount: bytes as u64, status: None }
}

const DIGITS: &str = "0123456789";

impl Recipe {
    /// The tasks: each text cycles through the digits, starting at a different one. The sums are worked out without the
    /// texts.
    pub fn build(&self) -> Vec<(Task, Expected)> {
        let bytes = self.bytes.get() as usize;
        let whole: u64 = DIGITS.bytes().map(u64::from).sum();
        let text = |index: usize| {
            let text: String = DIGITS.chars().cycle().skip(index % DIGITS.len()).take(bytes).collect();
            let rest: u64 =
                (index..index + bytes % DIGITS.len()).map(|place| u64::from(b'0') + place as u64 % 10).sum();
            let sum = (bytes / DIGITS.len()) as u64 * whole + rest;
            (Task::Payload(SentText { text }), Expected::Output(output(sum, bytes)))
        };
        (0..self.tasks.get() as usize).map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::{lane::Lane, stop::Stop};
    use proptest::prelude::*;
    use std::time::Duration;

    proptest! {
        #[test]
        fn the_sum_is_the_one_worked_out_without_the_text(tasks in 1_u32..30, bytes in 1_u32..500) {
            let recipe = Recipe { tasks: tasks.try_into().expect("positive"), bytes: bytes.try_into().expect("positive") };
            let mut lane = Lane::new(0, 1, Stop::after(Duration::from_mins(1)));
            for (task, expected) in recipe.build() {
                prop_assert_eq!(Expected::Output(task.run(&mut lane).expect("it can't fail")), expected);
            }
        }
    }
}
