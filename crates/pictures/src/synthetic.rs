//! Pictures that are computed: the same on every machine, and as much work for a decoder as real ones.
//!
//! Integer arithmetic only, because the last bits of floating point may differ between processors and compilers.

pub mod drawing;
pub mod photo;

use rand::Rng;
use rand_pcg::Pcg32;

/// A number from `low` to `high`, both included. Spelled out here because any release of a library may change how it
/// draws from a range, and the pictures with it; the bits of the generator itself are fixed by its definition.
pub fn between(random: &mut Pcg32, low: i32, high: i32) -> i32 {
    let width = u64::from(high.abs_diff(low)) + 1;
    low + ((u64::from(random.next_u32()) * width) >> 32) as i32
}
