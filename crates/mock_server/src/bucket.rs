//! A token-bucket rate limit: each request takes a token. Pure arithmetic, without a clock.

/// A token bucket. Instants are nanoseconds on any one axis.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    tokens_per_ns: f64,
    most: f64,
    tokens: f64,
    at_ns: u64,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(per_s: f64, burst: u32) -> Self {
        let most = f64::from(burst);
        Self { tokens_per_ns: per_s / 1e9, most, tokens: most, at_ns: 0 }
    }

    /// Takes a token, or returns the nanoseconds until there is one.
    pub(super) fn take(&mut self, now_ns: u64) -> Result<(), u64> {
        let passed_ns = now_ns.saturating_sub(self.at_ns) as f64;
        self.tokens = (self.tokens + passed_ns * self.tokens_per_ns).min(self.most);
        self.at_ns = self.at_ns.max(now_ns);
        // A token that is incomplete only by rounding counts.
        let missing = 1.0 - self.tokens;
        if missing > 1e-9 {
            return Err((missing / self.tokens_per_ns).ceil() as u64);
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_then_one_by_one() {
        let mut bucket = Bucket::new(10.0, 3);
        assert_eq!([0; 4].map(|now_ns| bucket.take(SECOND + now_ns)), [Ok(()), Ok(()), Ok(()), Err(SECOND / 10)]);
        assert_eq!(bucket.take(SECOND + SECOND / 20), Err(SECOND / 20));
        assert_eq!(bucket.take(SECOND + SECOND / 10), Ok(()));
        assert_eq!(bucket.take(100 * SECOND), Ok(()), "full again, not fuller");
        assert_eq!([0; 3].map(|_| bucket.take(100 * SECOND).is_ok()), [true, true, false]);
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_lets_more_through_than_burst_and_rate(
            pauses_ms in prop::collection::vec(0_u64..300, 1..200),
            per_s in 0.5..100.0_f64,
            burst in 1_u32..10,
        ) {
            let mut bucket = Bucket::new(per_s, burst);
            let (mut now_ns, mut passed) = (0, Vec::new());
            for pause_ms in pauses_ms {
                now_ns += pause_ms * 1_000_000;
                if bucket.take(now_ns).is_ok() {
                    passed.push(now_ns);
                }
            }
            for (from, &start_ns) in passed.iter().enumerate() {
                for (to, &end_ns) in passed.iter().enumerate().skip(from) {
                    let most = f64::from(burst) + (end_ns - start_ns) as f64 / 1e9 * per_s;
                    prop_assert!((to - from + 1) as f64 <= most + 1e-6);
                }
            }
        }

        #[test]
        fn the_wait_it_names_is_enough(per_s in 0.5..1e6_f64, burst in 1_u32..10) {
            let mut bucket = Bucket::new(per_s, burst);
            (0..burst).for_each(|_| bucket.take(0).unwrap());
            let wait_ns = bucket.take(0).unwrap_err();
            prop_assert_eq!(bucket.take(wait_ns), Ok(()));
        }
    }
}
