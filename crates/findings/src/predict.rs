//! Predictions by closed forms: lock-step, a shared link, Amdahl's law.
//!
//! A closed form is a line of arithmetic that a class can do on the board. It knows what the scenario says and nothing
//! of sockets, schedulers or start-up. If a scenario has features that the form does not model (latencies that spread,
//! limits, faults), there is no prediction.

use super::{Prediction, quantity::at_documents_pace_s};
use harness::{
    results::record::{CellRecord, Check, Record},
    scenario::{CellSpec, Scenario, Variant, Workload, claim::Test},
};
use mock_server::{
    gallery,
    profile::{Body, Profile, Route},
};
use stats::{Estimate, ceiling, looks, paired, serial_fraction};
use work::{
    task::fetch::Recipe,
    worker::{layout::WorkerLayout, task_queue::Schedule},
};

const LOCK_STEP: &str = "lock-step";
const SHARED_LINK: &str = "shared link";
const AMDAHL: &str = "Amdahl's law";

/// How many redirects a closed form follows before it gives up.
const HOPS: u32 = 8;

/// A closed form's prediction for this test. Amdahl's law needs `record`, its scenario's record on this machine.
pub(super) fn predict(test: &Test<CellSpec>, scenario: &Scenario, record: Option<&Record>) -> Option<Prediction> {
    let of = |cell: &CellSpec| Lockstep::of(scenario, cell);
    let (value, forms) = match test {
        Test::Ratio { from, to } => match (of(from), of(to)) {
            (Some(from), Some(to)) => (from.time_s / to.time_s, vec![from, to]),
            _ => return amdahl(scenario, from, to, record?),
        },
        Test::Time { cell, tasks } => {
            let form = of(cell)?;
            let drawn_out = tasks.map_or(1.0, |tasks| f64::from(tasks) / f64::from(form.tasks));
            (form.time_s * drawn_out, vec![form])
        }
        Test::Waves { cell, task } => {
            let (all, one) = (of(cell)?, of(task)?);
            (all.time_s / (one.time_s / f64::from(one.tasks)), vec![all, one])
        }
        _ => return None,
    };
    let by = if forms.iter().any(|form| form.shares_a_link) { SHARED_LINK } else { LOCK_STEP };
    value.is_finite().then_some(Prediction { value, interval: None, by })
}

/// The lock-step prediction for one cell, at the document's own pace.
struct Lockstep {
    time_s: f64,
    tasks: u32,
    shares_a_link: bool,
}

impl Lockstep {
    /// T = Ts + ceil(n / N) x t, where Ts is the prologue and t what one task waits. If all share a link of B bytes per
    /// second, t has the body's S / B too, and after the prologue it takes no less than L + n x S / B.
    fn of(scenario: &Scenario, cell: &CellSpec) -> Option<Self> {
        let variant = scenario.variant(&cell.variant)?;
        let (Workload::Fetch(recipe), Some(server)) = (&variant.workload, &variant.server) else { return None };
        let unknown = variant.gives_up_s.is_some() || variant.arrivals.is_some() || recipe.disk_bytes_per_s.is_some();
        if unknown || !knows(server) {
            return None;
        }
        let wait = |path: &str, site| PredictedWait::of(server, path, site);
        let mut prologue_s = 0.0;
        for listing in &variant.prologue {
            prologue_s += wait(&listing.path, None)?.latency_s;
        }
        let each =
            every_task(recipe, variant.tasks()).map(|(path, site)| wait(&path, site)).collect::<Option<Vec<_>>>()?;
        let first = *each.first()?;
        // Lock-step waves need tasks that are all alike.
        if each.iter().any(|other| (other.latency_s - first.latency_s).abs() > 1e-9 || other.bytes != first.bytes) {
            return None;
        }
        let tasks = each.len() as u32;
        let body_s = match server.link.bytes_per_s {
            Some(per_s) => first.bytes? as f64 / per_s,
            None => 0.0,
        };
        let workers = if recipe.blocking && cell.strategy == "async" { 1 } else { cell.shape.workers().get() };
        let in_waves_s = in_waves_s(cell.schedule, tasks, workers, first.latency_s + body_s)?;
        let through_link_s = first.latency_s + f64::from(tasks) * body_s;
        let shares_a_link = server.link.bytes_per_s.is_some();
        Some(Self { time_s: prologue_s + in_waves_s.max(through_link_s), tasks, shares_a_link })
    }
}

/// Whether the closed form models everything that this server does: latencies, and perhaps a link.
fn knows(server: &Profile) -> bool {
    let limits = server.limits;
    server.connect_delay_s == 0.0
        && server.serial_s == 0.0
        && server.faults.is_empty()
        && server.link.connection_bytes_per_s.is_none()
        && limits.connections.is_none()
        && limits.requests.is_none()
        && limits.rate.is_none()
}

/// The waits of a task.
#[derive(Clone, Copy)]
struct PredictedWait {
    latency_s: f64,
    /// Size of the body; `None` if it isn't a single number.
    bytes: Option<u64>,
}

impl PredictedWait {
    /// The waits of a fetch of this path, redirects followed. `None` if latencies spread, or if no route matches.
    fn of(server: &Profile, path: &str, site: Option<&str>) -> Option<Self> {
        let (mut path, mut latency_s) = (path, 0.0);
        for _ in 0..HOPS {
            let route = server.routes.iter().find(|route| answers(route, path, site))?;
            if route.spread.is_some() {
                return None;
            }
            latency_s += route.latency_s;
            match route.location.as_deref().filter(|_| (300..400).contains(&route.status)) {
                Some(next) => path = next,
                None => return Some(Self { latency_s, bytes: bytes(route.body) }),
            }
        }
        None
    }
}

fn answers(route: &Route, path: &str, site: Option<&str>) -> bool {
    let at_path = match route.path.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == route.path,
    };
    at_path && route.site.as_deref().is_none_or(|wanted| site == Some(wanted))
}

fn bytes(body: Body) -> Option<u64> {
    match body {
        Body::Empty => Some(0),
        Body::Bytes(bytes) => Some(bytes),
        Body::Gallery | Body::Photo => None,
    }
}

/// Path and site of every task.
fn every_task(recipe: &Recipe, tasks: u32) -> Box<dyn Iterator<Item = (String, Option<&str>)> + '_> {
    if recipe.listing.is_some() {
        let links: Vec<String> = gallery::GalleryListing::built_in().pictures().map(str::to_owned).collect();
        return Box::new(links.into_iter().take(tasks as usize).map(|link| (link, None)));
    }
    let paths = recipe.paths.len().max(1);
    Box::new((0..tasks as usize).filter_map(move |index| {
        let path = recipe.paths.get(index % paths)?.replace("{number}", &(index + 1).to_string());
        let site = recipe.sites.get(index / paths % recipe.sites.len().max(1));
        Some((path, site.map(String::as_str)))
    }))
}

/// The time of all waves with this schedule. With chunks of k, a wave consists of chunks.
fn in_waves_s(schedule: Schedule, tasks: u32, workers: u32, task_s: f64) -> Option<f64> {
    let size = match schedule {
        Schedule::OneByOne | Schedule::Blocks | Schedule::Interleaved => 1,
        Schedule::Chunks(size) => size.max(1),
        Schedule::PoolChunks => tasks.div_ceil(workers.saturating_mul(4).max(1)).max(1),
        Schedule::ByKey => return None,
    };
    let chunks = tasks.div_ceil(size);
    let all_whole = ceiling::lock_step_makespan_s(chunks, workers, f64::from(size) * task_s)?;
    // The last chunk may be smaller, which matters only if it is alone in the last wave.
    let last_is_alone = chunks % workers == 1 || workers == 1;
    let short = (f64::from(chunks) * f64::from(size) - f64::from(tasks)) * task_s;
    Some(if last_is_alone { all_whole - short } else { all_whole })
}

/// Amdahl's law from a measurement on this machine: the serial fraction that explains the speedup on its cores
/// (Karp-Flatt), and the speedup that it leaves on the document's cores, at most what whole waves allow.
fn amdahl(scenario: &Scenario, from: &CellSpec, to: &CellSpec, record: &Record) -> Option<Prediction> {
    let variant: &Variant = scenario.variant(&to.variant)?;
    let (cores, wanted) = (record.host.cores_usable, to.shape.workers().get());
    let side_by_side = work::strategy::presentation(&to.strategy).parallel;
    let calculates = !matches!(variant.workload, Workload::Fetch(_) | Workload::Files(_));
    if !calculates || !side_by_side || from.shape.workers().get() != 1 || wanted <= cores {
        return None;
    }
    let like = |cell: &&CellRecord| {
        let same = matches!(cell.spec.shape, WorkerLayout::Plain(_))
            && cell.spec == CellSpec { shape: cell.spec.shape, ..to.clone() };
        same && cell.check == Check::Passed && cell.workers() >= 2
    };
    let fits =
        record.cells.iter().filter(like).filter(|cell| cell.workers() <= cores).max_by_key(|cell| cell.workers());
    // With more workers than cores, the cores limit the speedup.
    let measured = fits.or_else(|| record.cell(to))?;
    let baseline = record.cell(from).filter(|cell| cell.check == Check::Passed)?;
    let [alone_s, together_s] = [baseline, measured].map(|cell| at_documents_pace_s(cell, record.time_scale));
    let most = ceiling::quantised_ceiling(measured.tasks, wanted)?;
    // It rises with the speedup here, so the ends of the one's interval are those of the other's.
    let predicted = |logarithm: f64| {
        let serial = serial_fraction::karp_flatt(logarithm.exp(), measured.workers().min(cores))?.clamp(0.0, 1.0);
        Some(serial_fraction::amdahl(serial, wanted).min(most))
    };
    let speedup = paired::log_ratio(&alone_s, &together_s)?;
    let Estimate { estimate, low, high } = speedup.interval(looks::alpha(&record.looks, speedup.freedom as u32 + 1));
    Some(Prediction { value: predicted(estimate)?, interval: predicted(low).zip(predicted(high)), by: AMDAHL })
}
