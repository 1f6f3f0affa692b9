//! The verdicts on claims: the front of the page, and a section for each claim.

pub(crate) mod axis_unit;
pub(crate) mod changes;
pub(crate) mod claim;
pub(crate) mod claim_table;
pub(crate) mod decisions;
pub(crate) mod documents;
pub(crate) mod emphasis;
pub(crate) mod findings;
pub(crate) mod intervals;
pub(crate) mod lanes;
pub(crate) mod navigation;
pub(crate) mod scoreboard;
pub(crate) mod sweep;
pub(crate) mod verdict;
