//! Which cells are the fastest, and which are as fast: [`stats::ranking`].

use super::record::CellRecord;
use crate::scenario::claim::DELTA;
use stats::{
    looks,
    ranking::{self, Place},
};

/// The place of each of these cells of one record among those that can be compared: the baselines, and all with a speedup.
/// Cells of several variants are compared by their times relative to their own baselines. `looks` are the record's. `None`
/// for the others, and if only baselines have a time.
pub fn places(cells: &[&CellRecord], looks: &[u32]) -> Vec<Option<Place>> {
    let is_race = cells.iter().any(|cell| cell.speedup_among(cells.iter().copied()).is_some());
    let relative: Vec<Option<Vec<f64>>> =
        cells.iter().map(|cell| relative_times(cell, cells).filter(|_| is_race)).collect();
    let times: Vec<&[f64]> = relative.iter().flatten().map(Vec::as_slice).collect();
    let rounds = times.iter().map(|times| times.len()).min().unwrap_or(0) as u32;
    let mut places = ranking::places(&times, DELTA, looks::alpha(looks, rounds)).into_iter();
    relative.iter().map(|times| times.as_ref().and_then(|_| places.next())).collect()
}

/// Its times as shares of its baseline's in the same rounds.
fn relative_times(cell: &CellRecord, cells: &[&CellRecord]) -> Option<Vec<f64>> {
    let same = |other: &&&CellRecord| other.spec.variant == cell.spec.variant && other.spec.timer == cell.spec.timer;
    let baseline = cells.iter().filter(same).find(|other| other.is_baseline)?;
    let comparable = cell.is_baseline || cell.speedup_among(cells.iter().copied()).is_some();
    let times = cell.timed_s().into_iter().zip(baseline.timed_s()).map(|(own, baseline)| own / baseline);
    comparable.then(|| times.collect()).filter(|times: &Vec<f64>| !times.is_empty())
}
