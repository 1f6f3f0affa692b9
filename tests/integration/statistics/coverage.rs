//! How often an interval covers the truth, at every number of rounds in use: METHOD's table.

use super::{
    looks::LOOKS,
    rounds::{Cell, Machine, Noise},
};
use makespan::stats::{looks, paired};
use std::{fmt::Write, fs, path::Path};

const EXPERIMENTS: u32 = 5_000;

/// In percent. Where other programs double some times, intervals are wider than they need be: up to 98.5.
const PROMISED: std::ops::RangeInclusive<f64> = 93.0..=98.5;

const HEAD: &str = "\
| the cells' own noise | 3 rounds | 6 | 12 | 24 | 3 to 12, ended when decided | 3 to 24, likewise |
|---|---|---|---|---|---|---|
";

#[test]
fn methods_table_is_what_the_simulation_gives() {
    let (mut table, mut outside) = (HEAD.to_owned(), Vec::new());
    for (noise, seed) in Noise::ALL.into_iter().zip(50..) {
        let covered = covered(noise, seed);
        let cells: Vec<String> = covered.iter().map(|percent| format!("{percent:.1} %")).collect();
        writeln!(table, "| {} | {} |", noise.words(), cells.join(" | ")).expect("a string takes all");
        outside
            .extend(covered.into_iter().filter(|percent| !PROMISED.contains(percent)).map(|percent| (noise, percent)));
    }
    assert!(outside.is_empty(), "{outside:?} in\n{table}");
    let method = Path::new(env!("CARGO_MANIFEST_DIR")).join("../METHOD.md");
    let method = fs::read_to_string(method).expect("METHOD.md can be read");
    assert!(method.contains(&table), "put this into METHOD.md, section 6:\n{table}");
}

/// Percent: of 95 % intervals after as many rounds as each look has; and of the intervals of all looks together, of a
/// quick measurement and of a full one, if it ends at the first that misses: whatever ends one, it does no worse.
fn covered(noise: Noise, seed: u64) -> Vec<f64> {
    let mut machine = Machine::seeded(seed).with(noise);
    let mut covered = [0_u32; LOOKS.len() + 2];
    for _ in 0..EXPERIMENTS {
        let times = machine.rounds(24, &[Cell::new(4.0, 0.03), Cell::new(1.0, 0.02)]);
        let covers = |look: u32, alpha: f64| {
            let rounds = look as usize;
            let found = paired::log_ratio(&times[0][..rounds], &times[1][..rounds]).expect("there are enough rounds");
            let found = found.interval(alpha);
            (found.low..=found.high).contains(&machine.truth(4.0_f64.ln(), rounds))
        };
        let all = |looks: &[u32]| looks.iter().all(|&look| covers(look, looks::alpha(looks, look)));
        let fixed = LOOKS.map(|look| covers(look, looks::ALPHA));
        for (count, hit) in covered.iter_mut().zip(fixed.into_iter().chain([all(&LOOKS[..3]), all(&LOOKS)])) {
            *count += u32::from(hit);
        }
    }
    covered.iter().map(|&hits| 100.0 * f64::from(hits) / f64::from(EXPERIMENTS)).collect()
}
