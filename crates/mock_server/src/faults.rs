//! Which answers fail, and how. Decided by path, task and a draw, so every strategy meets the same faults.

use super::{draw::Draw, path_pattern::PathPattern, profile::Fault};
use hyper::StatusCode;

/// A fault with its parameters, checked and scaled.
#[derive(Debug, Clone)]
pub(super) struct CheckedFault {
    pub what: PlannedFault,
    pub path: Option<PathPattern>,
    pub indexes: Option<Vec<u32>>,
    pub probability: f64,
}

/// A planned fault with its extent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlannedFault {
    Reset,
    Error(StatusCode),
    Stall { ns: u64 },
    ResetInBody,
    Truncate,
    Drip { ns: u64 },
}

impl PlannedFault {
    /// Its kind in the log.
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::Reset => Fault::Reset,
            Self::Error(_) => Fault::Error,
            Self::Stall { .. } => Fault::Stall,
            Self::ResetInBody => Fault::ResetInBody,
            Self::Truncate => Fault::Truncate,
            Self::Drip { .. } => Fault::Drip,
        }
    }

    fn needs_body(self) -> bool {
        matches!(self, Self::ResetInBody | Self::Truncate | Self::Drip { .. })
    }
}

/// The first fault that applies to a request.
pub(super) fn first(faults: &[CheckedFault], path: &str, draw: Draw, has_body: bool) -> Option<PlannedFault> {
    let applies = |(number, fault): &(usize, &CheckedFault)| {
        (has_body || !fault.what.needs_body())
            && fault.path.as_ref().is_none_or(|pattern| pattern.matches(path))
            && fault.indexes.as_ref().is_none_or(|all| draw.index.is_some_and(|index| all.contains(&index)))
            && (fault.probability >= 1.0 || draw.of_fault(*number) < fault.probability)
    };
    faults.iter().enumerate().find(applies).map(|(_, fault)| fault.what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{draw::Draws, log::TaskTag};

    fn fault(what: PlannedFault) -> CheckedFault {
        CheckedFault { what, path: None, indexes: None, probability: 1.0 }
    }

    fn draw(run: u64, index: Option<u32>) -> Draw {
        Draws::new(1, 0).of(Some(TaskTag { run, index }), None)
    }

    #[test]
    fn the_first_that_matches_applies() {
        let faults = [
            CheckedFault { indexes: Some(vec![3, 17]), ..fault(PlannedFault::Truncate) },
            CheckedFault { path: Some(PathPattern::Prefix("/x/".into())), ..fault(PlannedFault::Reset) },
            CheckedFault { indexes: Some(vec![3]), ..fault(PlannedFault::Error(StatusCode::BAD_GATEWAY)) },
        ];
        let first = |path, index, has_body| super::first(&faults, path, draw(1, index), has_body);
        assert_eq!(first("/x/1", Some(3), true), Some(PlannedFault::Truncate));
        assert_eq!(first("/x/1", Some(3), false), Some(PlannedFault::Reset), "nothing to truncate");
        assert_eq!(first("/y", Some(3), false), Some(PlannedFault::Error(StatusCode::BAD_GATEWAY)));
        assert_eq!(first("/x/1", None, true), Some(PlannedFault::Reset));
        assert_eq!(first("/y", Some(4), true), None);
        assert_eq!(first("/y", None, true), None, "the prologue has no index");
    }

    #[test]
    fn chance_strikes_as_often_as_asked_and_each_fault_by_itself() {
        let likely = |probability| CheckedFault { probability, ..fault(PlannedFault::Reset) };
        let faults = [likely(0.2), CheckedFault { what: PlannedFault::Truncate, ..likely(0.25) }];
        let (mut first, mut second) = (0, 0);
        for index in 0..10_000 {
            match super::first(&faults, "/", draw(9, Some(index)), true) {
                Some(PlannedFault::Reset) => first += 1,
                Some(_) => second += 1,
                None => {}
            }
        }
        // 2,000 each, the second from the 8,000 without the first; the standard deviation is 40.
        assert!((1_800..2_200).contains(&first) && (1_800..2_200).contains(&second), "{first} {second}");
    }
}
