//! Many tests at once.
//!
//! Ask twenty questions whose true answer is no, each with a one in twenty chance of a false positive, and expect one
//! "yes". Multiplying each p by the number of questions (Bonferroni) keeps the chance of *any* wrong "yes" below alpha.
//! S. Holm ("A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979)
//! showed that this is too strict: once the smallest p has passed against all m questions, the next has to pass only
//! against m - 1, and so on. It holds for any dependence of the answers, so claims may share cells.

/// Holm's adjusted p-values (each 0 to 1), in the order of the given ones: one below alpha is significant among all of
/// them. The k-th smallest is multiplied by m - k + 1, and none is below that of a smaller p.
pub fn adjusted(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut highest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        highest = highest.max(p[index] * (p.len() - rank) as f64).min(1.0);
        adjusted[index] = highest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn agrees(p: &[f64], expected: &[f64]) {
        let found = adjusted(p);
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9);
        assert!(near && found.len() == expected.len(), "{found:?}, expected {expected:?}");
    }

    #[test]
    fn agrees_with_r_and_statsmodels() {
        // `p.adjust(p, "holm")` of R, `multipletests(p, method="holm")` of statsmodels.
        agrees(&[0.01, 0.04, 0.03, 0.005], &[0.03, 0.06, 0.06, 0.02]);
        // The fifteen p-values of the heart attack study in Y. Benjamini and Y. Hochberg, "Controlling the false
        // discovery rate", Journal of the Royal Statistical Society B 57, 1995: three are significant at 5 %.
        let study = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let holm = [0.0015, 0.0056, 0.0247, 0.114, 0.2211, 0.278, 0.278, 0.278, 0.3213, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        agrees(&study, &holm);
    }

    #[test]
    fn a_single_answer_is_left_alone() {
        agrees(&[], &[]);
        agrees(&[0.04], &[0.04]);
    }

    proptest! {
        #[test]
        fn none_gets_smaller_and_their_order_stays(p in prop::collection::vec(0.0_f64..=1.0, 0..30)) {
            let found = adjusted(&p);
            for (a, &first) in p.iter().enumerate() {
                prop_assert!(first <= found[a] && found[a] <= 1.0);
                prop_assert!(found[a] <= (first * p.len() as f64).min(1.0), "never more than Bonferroni asks");
                for (b, &second) in p.iter().enumerate() {
                    prop_assert!(first > second || found[a] <= found[b]);
                }
            }
        }

        #[test]
        fn another_question_never_makes_an_answer_easier(mut p in prop::collection::vec(0.0_f64..=1.0, 1..30)) {
            let all = adjusted(&p);
            p.pop();
            prop_assert!(adjusted(&p).iter().zip(&all).all(|(fewer, more)| *fewer <= *more));
        }
    }
}
