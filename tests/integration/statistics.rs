//! Do the intervals and the verdicts keep their promises? Thousands of experiments whose truth is known, from fixed
//! seeds.

mod answers;
mod coverage;
mod intervals;
mod looks;
mod rounds;

const EXPERIMENTS: u32 = 2_000;

/// How far a share of so many experiments may lie above what it is in the long run: two standard errors of 5 %.
const COUNTING: f64 = 0.01;

/// In what share of the experiments it happened.
fn share(mut experiment: impl FnMut() -> bool) -> f64 {
    let hits = (0..EXPERIMENTS).filter(|_| experiment()).count();
    hits as f64 / f64::from(EXPERIMENTS)
}
