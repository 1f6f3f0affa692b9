//! Workers on other hosts: host names beside lanes, and how well their clocks are known.

use work::worker::work::Elsewhere;

/// Longer names are cut beside lanes. The table has them in full.
const MOST_LETTERS: usize = 12;

/// Neighbouring lanes of one host.
#[derive(Debug, PartialEq)]
pub(crate) struct NeighbouringLanes {
    pub(crate) first: usize,
    pub(crate) last: usize,
    host: String,
}

impl NeighbouringLanes {
    /// The label beside the lanes.
    pub(crate) fn label(&self) -> String {
        match self.host.char_indices().nth(MOST_LETTERS) {
            Some(_) => self.host.chars().take(MOST_LETTERS - 1).chain(['…']).collect(),
            None => self.host.clone(),
        }
    }
}

/// The lanes of other hosts, when `workers` share `lanes`. A lane that several hosts share gets no name.
pub(crate) fn lanes(elsewhere: &[Elsewhere], workers: u32, lanes: usize) -> Vec<NeighbouringLanes> {
    let lane_of = |worker: u32| crate::scenario::bars::lane_of(worker, workers, lanes);
    let host_of = |worker| elsewhere.iter().find(|one| one.worker == worker).map(|one| one.host.as_str());
    let mut hosts: Vec<Option<Option<&str>>> = vec![None; lanes];
    for worker in 0..workers {
        let Some(lane) = hosts.get_mut(lane_of(worker)) else { continue };
        let host = host_of(worker);
        *lane = Some(lane.map_or(host, |known| known.filter(|known| Some(*known) == host)));
    }
    let mut named: Vec<NeighbouringLanes> = Vec::new();
    for (lane, host) in hosts.into_iter().enumerate() {
        let Some(host) = host.flatten() else { continue };
        match named.last_mut() {
            Some(before) if before.last + 1 == lane && before.host == host => before.last = lane,
            _ => named.push(NeighbouringLanes { first: lane, last: lane, host: host.into() }),
        }
    }
    named
}

/// A worker's clock offset: `+1.3 ms ± 0.1 ms`. The uncertainty is rounded up to one digit, which sets the decimals.
pub(crate) fn offset(one: &Elsewhere) -> String {
    let (offset_ms, uncertain_ms) = (one.clock_offset_ns as f64 / 1e6, one.clock_uncertainty_ns as f64 / 1e6);
    let decimals = if uncertain_ms > 0.0 { (-uncertain_ms.log10().floor() as i32).clamp(0, 6) as usize } else { 6 };
    let step = 10_f64.powi(decimals as i32);
    // Without the small tolerance, 0.1 could be rounded up to 0.2. `max` may choose either zero, and -0 would be shown
    // as such.
    let uncertain_ms = ((uncertain_ms * step - 1e-9).ceil().max(0.0) + 0.0) / step;
    format!("{offset_ms:+.decimals$}\u{a0}ms ± {uncertain_ms:.decimals$}\u{a0}ms")
}

/// The workers of one host.
pub(crate) struct HostLanes<'a> {
    pub(crate) name: &'a str,
    /// Their numbers.
    pub(crate) workers: Vec<u32>,
    /// The worker whose clock is known least, which limits what is shown of the host.
    pub(crate) least_sure: &'a Elsewhere,
}

impl HostLanes<'_> {
    /// `4`, or `4–6, 8`.
    pub(crate) fn numbers(&self) -> String {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for worker in &self.workers {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == *worker => *last = *worker,
                _ => runs.push((*worker, *worker)),
            }
        }
        let run =
            |(first, last): (u32, u32)| if first == last { first.to_string() } else { format!("{first}–{last}") };
        runs.into_iter().map(run).collect::<Vec<_>>().join(", ")
    }
}

/// The hosts, in the order of their first workers.
pub(crate) fn hosts(elsewhere: &[Elsewhere]) -> Vec<HostLanes<'_>> {
    let mut hosts: Vec<HostLanes> = Vec::new();
    for one in elsewhere {
        match hosts.iter_mut().find(|host| host.name == one.host) {
            Some(host) => {
                host.workers.push(one.worker);
                if one.clock_uncertainty_ns > host.least_sure.clock_uncertainty_ns {
                    host.least_sure = one;
                }
            }
            None => hosts.push(HostLanes { name: &one.host, workers: vec![one.worker], least_sure: one }),
        }
    }
    hosts
}

/// The hosts as the end of a sentence: `; on host-b worker 2, clock offset +1.3 ms ± 0.1 ms`. Empty if there are none.
pub(crate) fn in_words(elsewhere: &[Elsewhere]) -> String {
    let one = |host: &HostLanes| {
        let workers = if host.workers.len() == 1 { "worker" } else { "workers" };
        format!("; on {} {workers} {}, clock offset {}", host.name, host.numbers(), offset(host.least_sure))
    };
    hosts(elsewhere).iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(worker: u32, host: &str) -> Elsewhere {
        Elsewhere { worker, host: host.into(), clock_offset_ns: 1_312_000, clock_uncertainty_ns: 97_000 }
    }

    #[test]
    fn neighbours_of_one_host_share_its_name_and_those_at_home_have_none() {
        let found = lanes(&[on(1, "b"), on(2, "b"), on(3, "c"), on(5, "b")], 6, 6);
        let named: Vec<_> = found.iter().map(|lanes| (lanes.first, lanes.last, lanes.label())).collect();
        assert_eq!(named, [(1, 2, "b".into()), (3, 3, "c".into()), (5, 5, "b".into())]);
    }

    #[test]
    fn a_lane_of_two_hosts_is_nobodys() {
        let found = lanes(&[on(0, "b"), on(1, "b"), on(2, "b"), on(3, "c")], 4, 2);
        assert_eq!(found, [NeighbouringLanes { first: 0, last: 0, host: "b".into() }]);
        assert_eq!(lanes(&[on(0, "b")], 2, 1), []);
        let long = NeighbouringLanes { first: 0, last: 0, host: "a-host-with-a-long-name".into() };
        assert_eq!(long.label().chars().count(), MOST_LETTERS);
    }

    #[test]
    fn an_offset_has_no_more_digits_than_are_known() {
        let of = |clock_offset_ns, clock_uncertainty_ns| {
            offset(&Elsewhere { clock_offset_ns, clock_uncertainty_ns, ..on(0, "b") })
        };
        assert_eq!(of(1_312_000, 97_000), "+1.31\u{a0}ms ± 0.10\u{a0}ms");
        assert_eq!(of(1_312_000, 100_000), "+1.3\u{a0}ms ± 0.1\u{a0}ms");
        assert_eq!(of(-3_600_000_123_456, 2_340_000), "-3600000\u{a0}ms ± 3\u{a0}ms");
        assert_eq!(of(12, 0), "+0.000012\u{a0}ms ± 0.000000\u{a0}ms");
    }

    #[test]
    fn a_host_is_no_surer_than_the_least_sure_of_its_workers() {
        let vague = Elsewhere { clock_offset_ns: 1_000_000, clock_uncertainty_ns: 500_000, ..on(4, "b") };
        let words = in_words(&[on(1, "b"), on(2, "b"), on(3, "c"), vague]);
        let clock = |offset: &str| format!(", clock offset {}", offset.replace(" ms", "\u{a0}ms"));
        let (b, c) = (clock("+1.0 ms ± 0.5 ms"), clock("+1.31 ms ± 0.10 ms"));
        assert_eq!(words, format!("; on b workers 1–2, 4{b}; on c worker 3{c}"));
    }
}
