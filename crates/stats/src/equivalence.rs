//! "The same", within a margin fixed beforehand.
//!
//! A test that finds no difference has not shown equality: measured badly enough, nothing ever differs. So the burden
//! of proof is reversed. The null hypothesis is that the two *do* differ by more than the margin, and the rounds must
//! reject it, at the lower end and at the upper end: two one-sided tests, TOST (D. J. Schuirmann, "A comparison of the
//! two one-sided tests procedure and the power approach for assessing the equivalence of average bioavailability",
//! Journal of Pharmacokinetics and Biopharmaceutics 15, 1987). Bad rounds then show nothing. Two times can be
//! equivalent and still differ significantly, by a little; the two answers are reported side by side.

use super::student::Mean;

/// The probability of a mean this far inside `low..high` if the truth is outside: the larger of the two one-sided
/// tests' p. Below alpha, they are equivalent. It is below alpha exactly if the interval at 2 alpha lies inside.
pub fn p(mean: &Mean, low: f64, high: f64) -> f64 {
    mean.p_above(low).max(mean.p_below(high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn agrees_with_rs_package_equivalence() {
        // Two paired comparisons of a clinical data set with a margin of 0.6, as `tost()` of R's package `equivalence`
        // prints them and as statsmodels checks its own `ttost_paired` against (its test_tost.py,
        // "tost_clinic_paired").
        let published = [
            (0.562_666_666_666_666_5, 0.247_827_641_078_511_8, 0.441_203_404_601_758_8),
            (0.164_666_666_666_666_7, 0.135_751_406_786_244_5, 0.003_166_881_489_265_175),
        ];
        for (mean, error, printed) in published {
            let found = p(&Mean { mean, error, freedom: 14 }, -0.6, 0.6);
            assert!((found / printed - 1.0).abs() < 1e-6, "{found}, printed {printed}");
        }
    }

    #[test]
    fn noise_alone_never_shows_equality() {
        assert!(p(&Mean { mean: 0.0, error: 10.0, freedom: 29 }, -0.05, 0.05) > 0.4);
    }

    #[test]
    fn what_differs_for_certain_can_still_be_equivalent() {
        let little = Mean { mean: 0.02, error: 0.001, freedom: 29 };
        assert!(little.p_above(0.0) < 1e-9 && p(&little, -0.05, 0.05) < 1e-9);
    }

    fn means() -> impl Strategy<Value = Mean> {
        (-0.1_f64..0.1, 0.001_f64..0.1, 1_usize..40).prop_map(|(mean, error, freedom)| Mean { mean, error, freedom })
    }

    proptest! {
        #[test]
        fn it_does_not_matter_which_of_the_two_comes_first(
            mean in means(), low in -0.2_f64..0.0, high in 0.0_f64..0.2,
        ) {
            let swapped = Mean { mean: -mean.mean, ..mean };
            prop_assert!((p(&mean, low, high) - p(&swapped, -high, -low)).abs() < 1e-12);
        }

        #[test]
        fn they_are_equivalent_just_when_the_interval_at_twice_alpha_lies_inside(
            mean in means(), alpha in 0.01_f64..0.1,
        ) {
            let found = mean.interval(2.0 * alpha);
            prop_assume!((found.low + 0.05).abs() > 1e-9 && (found.high - 0.05).abs() > 1e-9);
            prop_assert_eq!(p(&mean, -0.05, 0.05) < alpha, found.low > -0.05 && found.high < 0.05);
        }

        #[test]
        fn a_wider_margin_is_never_harder(mean in means(), wider in 0.0_f64..0.1) {
            prop_assert!(p(&mean, -0.05 - wider, 0.05 + wider) <= p(&mean, -0.05, 0.05) + 1e-12);
        }
    }
}
