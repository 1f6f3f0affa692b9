//! Scenarios: what is run, as TOML.
//!
//! A file is first read into its wire form, which rejects unknown keys, and then checked into a [`Scenario`], which is
//! always valid: every name in it resolves, every number is in range. Errors name the file, the key, what was found and
//! what was expected.

mod check;
pub mod claim;
mod claims;
pub mod given;
mod missing;
mod timer;
mod wire;

pub use timer::{Phase, Timer};

use claim::{Claim, Decision};
use given::Given;
use measure::half::Half;
use mock_server::profile::Profile;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt, fs,
    num::NonZeroU32,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};
use support::suggestion::unknown;
use work::{
    strategy::{
        Strategy,
        python::{SEQUENTIAL, is_python},
        sequential::Sequential,
    },
    task::{Expected, fetch, files, gunzip, payload, prime_sum, sharing, thumbnail},
    worker::{
        arrival::{self, Gaps},
        layout::WorkerLayout,
        task_queue::Schedule,
    },
};

/// The valid time scales: any slower, and a wait of seconds lasts hours; any faster, and no wait is left.
pub const TIME_SCALES: RangeInclusive<f64> = 0.001..=1_000_000.0;

/// Whether a time scale is valid; otherwise what was expected.
pub fn time_scale(scale: f64) -> Result<f64, String> {
    let expected = || format!("a number from {} to {}", TIME_SCALES.start(), TIME_SCALES.end());
    if TIME_SCALES.contains(&scale) { Ok(scale) } else { Err(expected()) }
}

/// The scenarios that are built into the binary, in the order in which pages show them.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("latency_only", include_str!("../../../fixtures/scenarios/latency_only.toml")),
    ("web_requests", include_str!("../../../fixtures/scenarios/web_requests.toml")),
    ("force_browsing", include_str!("../../../fixtures/scenarios/force_browsing.toml")),
    ("gallery_downloads", include_str!("../../../fixtures/scenarios/gallery_downloads.toml")),
    ("many_in_flight", include_str!("../../../fixtures/scenarios/many_in_flight.toml")),
    ("keep_alive", include_str!("../../../fixtures/scenarios/keep_alive.toml")),
    ("slow_disk", include_str!("../../../fixtures/scenarios/slow_disk.toml")),
    ("web_app", include_str!("../../../fixtures/scenarios/web_app.toml")),
    ("thumbnails", include_str!("../../../fixtures/scenarios/thumbnails.toml")),
    ("gunzip", include_str!("../../../fixtures/scenarios/gunzip.toml")),
    ("doc_pages", include_str!("../../../fixtures/scenarios/doc_pages.toml")),
    ("prime_sum", include_str!("../../../fixtures/scenarios/prime_sum.toml")),
    ("many_processes", include_str!("../../../fixtures/scenarios/many_processes.toml")),
    ("url_crawl", include_str!("../../../fixtures/scenarios/url_crawl.toml")),
    ("photo_downloads", include_str!("../../../fixtures/scenarios/photo_downloads.toml")),
    ("files", include_str!("../../../fixtures/scenarios/files.toml")),
    ("arrivals", include_str!("../../../fixtures/scenarios/arrivals.toml")),
    ("retries", include_str!("../../../fixtures/scenarios/retries.toml")),
    ("payload", include_str!("../../../fixtures/scenarios/payload.toml")),
    ("sharing", include_str!("../../../fixtures/scenarios/sharing.toml")),
];

/// The variant that is the scenario unchanged.
pub const DEFAULT_VARIANT: &str = "default";

/// A checked scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name: the file's, without `.toml`; with it, if a built-in scenario has that name.
    pub name: String,
    /// The user's file that it was read from; `None` if it is built in.
    pub source: Option<PathBuf>,
    /// One line for people.
    pub title: String,
    /// Its question, as a heading.
    pub question: String,
    /// The document it comes from, `000` to `004`.
    pub document: Option<String>,
    /// Every latency and transfer time is divided by this.
    pub time_scale: f64,
    /// The longest a run may take.
    pub deadline: Duration,
    /// Whether the file sets it; otherwise it is the default.
    pub deadline_is_given: bool,
    /// What each strategy's timer enclosed in the document.
    pub as_published: BTreeMap<String, Vec<Phase>>,
    /// The scenario's own numbers, and alternatives.
    pub variants: Vec<Variant>,
    /// What `makespan run` measures unless told otherwise. Each variant and timer has its sequential baseline.
    pub cells: Vec<CellSpec>,
    /// What `cargo bench` measures: fewer cells, whose sequential run takes at most half a second; all, if the file
    /// names none.
    pub sweep: Vec<CellSpec>,
    /// The claims that its cells test.
    pub claims: Vec<Claim>,
    /// The decision table's rows that its cells give.
    pub decisions: Vec<Decision>,
}

/// A scenario with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What it is, as a phrase: `the primes below 300,000`. Without one, its name and the scenario's title have to do.
    pub title: Option<String>,
    /// The tasks.
    pub workload: Workload,
    /// When the tasks become due; `None` if all are there from the start.
    pub arrivals: Option<arrival::Recipe>,
    /// The server, for fetches.
    pub server: Option<Profile>,
    /// Listings fetched inside the timer, before the tasks.
    pub prologue: Vec<fetch::Listing>,
    /// Outcomes that differ from "the right answer", by index.
    pub expected: BTreeMap<u32, Expected>,
    /// Whether any task may fail. A failure is then an outcome, and is counted; an answer must be right all the same.
    pub may_fail: bool,
    /// The address space limit of the child process that the cells run in.
    pub address_space_bytes: Option<u64>,
    /// The half of the cores that the cells are confined to; `None` for all cores.
    pub cores: Option<Half>,
    /// A pool that computes beside the cells.
    pub background: Option<Background>,
    /// Seconds after which the client gives up the whole run, at the document's own pace. The scenario's deadline also
    /// applies.
    pub gives_up_s: Option<f64>,
    /// The claims whose printed figures determined these numbers.
    pub calibrated_from: Vec<String>,
}

/// A pool in a process of its own, which computes from before a cell's run until after it. Each of its jobs is a sum of
/// primes by trial division.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Background {
    /// Its strategy: a name from `makespan list`.
    pub strategy: String,
    /// Its workers.
    #[serde(deserialize_with = "wire::layout")]
    #[cfg_attr(feature = "schema", schemars(with = "wire::Workers"))]
    pub workers: WorkerLayout,
    /// The cores that it is confined to.
    pub cores: Half,
    /// Numbers below this are tested: the larger it is, the longer a job takes.
    pub below: u64,
}

/// The kinds of workload, each with its recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// Fetch URLs from the scenario's server.
    Fetch(fetch::Recipe),
    /// Sum primes.
    PrimeSum(prime_sum::Recipe),
    /// Make thumbnails.
    Thumbnails(thumbnail::Recipe),
    /// Decompress files.
    Gunzip(gunzip::Recipe),
    /// Tasks of the user's own, which no file describes.
    #[serde(skip_deserializing)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Given(Given),
    /// Write or read files.
    Files(files::Recipe),
    /// Sum texts that come with the tasks.
    Payload(payload::Recipe),
    /// Count or sum, sharing something.
    Sharing(sharing::Recipe),
}

/// Identifies a cell: everything that can differ between two times of one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CellSpec {
    /// The variant's name.
    pub variant: String,
    /// The strategy's name.
    pub strategy: String,
    /// How many workers, in what layout.
    #[serde(rename = "layout")]
    pub shape: WorkerLayout,
    /// How tasks reach them.
    pub schedule: Schedule,
    /// What the clock encloses.
    pub timer: Timer,
    /// The label of its interpreter, its start method, or both, if there are several; `None` for the only one, and for
    /// strategies that are not Python's.
    #[serde(default)]
    pub python: Option<String>,
}

/// The JSON Schema of a scenario's file, for editors and for the reference.
#[cfg(feature = "schema")]
pub fn schema() -> serde_json::Value {
    wire::schema()
}

/// Why a scenario can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file can't be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file isn't TOML, or has an unknown key or value. The message shows the place.
    #[error("{file}: {message}")]
    Malformed {
        /// The file.
        file: String,
        /// The parser's text, with line and column.
        message: String,
    },
    /// A value has the right type, but is not valid.
    #[error("{file}: `{key}`: found {found}, expected {expected}")]
    Invalid {
        /// The file.
        file: String,
        /// The key, with its tables.
        key: String,
        /// The actual value.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// There is no such scenario.
    #[error("{0}")]
    Unknown(String),
}

/// The scenario of this name, or in the file of this path.
pub fn load(name_or_path: &str) -> Result<Scenario, ScenarioError> {
    if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
        return parse(name, &format!("{name}.toml (built in)"), text);
    }
    if name_or_path.contains("://") {
        // Not repeated: a queue's URL may contain a password.
        let words =
            "found a URL, expected a scenario's name or the path of a .toml file; a queue's address goes with --queue";
        return Err(ScenarioError::Unknown(words.into()));
    }
    let path = Path::new(name_or_path);
    if path.extension().is_none_or(|extension| extension != "toml") {
        let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        let advice = "; or give the path of a .toml file";
        return Err(ScenarioError::Unknown(unknown("scenario", name_or_path, &names) + advice));
    }
    let text = fs::read_to_string(path).map_err(|source| ScenarioError::Unreadable { path: path.into(), source })?;
    let [stem, file] = [path.file_stem(), path.file_name()].map(|name| name.unwrap_or_default().to_string_lossy());
    let name = match BUILT_IN.iter().find(|(known, _)| *known == stem) {
        // The file that it was built from.
        Some((name, built_in)) if *built_in == text => return parse(name, name_or_path, &text),
        // What an edited copy measures is not the built-in scenario's.
        Some(_) => file,
        None => stem,
    };
    Ok(Scenario { source: Some(path.into()), ..parse(&name, name_or_path, &text)? })
}

/// The same, if its claims are to be judged: a user's file can't have an id that a built-in claim has.
pub fn load_claims(name_or_path: &str) -> Result<Scenario, ScenarioError> {
    let own = load(name_or_path)?;
    if own.source.is_some() {
        for built_in in all()? {
            if let Some(claim) = built_in.claims.iter().find(|claim| own.claims.iter().any(|own| own.id == claim.id)) {
                return Err(ScenarioError::Invalid {
                    file: name_or_path.into(),
                    key: "claims.id".into(),
                    found: claim.id.clone(),
                    expected: format!(
                        "an id of the file's own, such as 900-1: {} is a claim of the built-in scenario {}",
                        claim.id, built_in.name
                    ),
                });
            }
        }
    }
    Ok(own)
}

/// Every built-in scenario.
pub fn all() -> Result<Vec<Scenario>, ScenarioError> {
    BUILT_IN.iter().map(|(name, _)| load(name)).collect()
}

/// The claims of built-in scenarios that name this exhibit of the museum, in their order.
pub fn claims_of_exhibit(name: &str) -> Vec<&'static str> {
    static PAIRS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let pair = |claim: &Claim| claim.exhibits().map(|exhibit| (exhibit.to_owned(), claim.id.clone())).collect();
        let claims = all().unwrap_or_default().into_iter().flat_map(|scenario| scenario.claims);
        let pairs: BTreeSet<(String, String)> = claims.flat_map(|claim| -> Vec<_> { pair(&claim) }).collect();
        pairs.into_iter().collect()
    });
    PAIRS.iter().filter(|(exhibit, _)| exhibit == name).map(|(_, claim)| claim.as_str()).collect()
}

/// A built-in scenario without its claims, for claims of another that name its cells.
fn load_cells(name: &str) -> Result<Scenario, ScenarioError> {
    let names = || BUILT_IN.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let text = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let text = text.ok_or_else(|| ScenarioError::Unknown(unknown("scenario", name, &names())))?;
    let (wire, table) = wire(name, text)?;
    check::ScenarioChecker { file: name, table: &table }.scenario(name, wire)
}

/// Reads and checks the text of a scenario. `file` is what errors call it.
pub fn parse(name: &str, file: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let (wire, table) = wire(file, text)?;
    let checker = check::ScenarioChecker { file, table: &table };
    let (claims, decisions) = (wire.claims.clone(), wire.decisions.clone());
    let mut scenario = checker.scenario(name, wire)?;
    scenario.claims = checker.claims(&scenario, claims)?;
    scenario.decisions = checker.decisions(&scenario, decisions)?;
    Ok(scenario)
}

/// The wire form, and the same as a plain table.
fn wire(file: &str, text: &str) -> Result<(wire::Scenario, toml::Table), ScenarioError> {
    let malformed = |error: toml::de::Error| {
        let missing = if error.message().starts_with("missing field") { missing::in_words(text) } else { None };
        let message = missing.unwrap_or_else(|| error.to_string().trim_end().into());
        ScenarioError::Malformed { file: file.into(), message }
    };
    Ok((toml::from_str(text).map_err(malformed)?, toml::from_str(text).map_err(malformed)?))
}

/// A requested layout that a strategy doesn't support, and the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedLayout {
    /// The requested layouts.
    pub found: String,
    /// What would be right.
    pub expected: String,
}

/// Every combination with a layout that the strategy supports; a strategy of fixed size appears once.
pub fn matrix(
    variant: &Variant,
    strategies: &[&'static dyn Strategy],
    asked: &[WorkerLayout],
    schedules: &[Schedule],
    timer: Timer,
) -> Result<Vec<CellSpec>, UnsupportedLayout> {
    let mut cells = Vec::new();
    for strategy in strategies {
        let shapes = shapes(*strategy, asked, variant.tasks())?;
        for &schedule in schedules {
            let schedule = if strategy.max_workers() == 1 { Schedule::OneByOne } else { schedule };
            let (variant, strategy) = (variant.name.clone(), strategy.name().to_owned());
            let cell = |&shape| CellSpec {
                variant: variant.clone(),
                strategy: strategy.clone(),
                shape,
                schedule,
                timer,
                python: None,
            };
            cells.extend(shapes.iter().map(cell));
        }
    }
    Ok(cells)
}

/// Those requested layouts that a strategy supports.
fn shapes(strategy: &dyn Strategy, asked: &[WorkerLayout], tasks: u32) -> Result<Vec<WorkerLayout>, UnsupportedLayout> {
    let (name, most) = (strategy.name(), strategy.max_workers());
    let shapes: Vec<WorkerLayout> = asked.iter().filter_map(|&asked| strategy.layout(asked, tasks)).collect();
    if let Some(large) = shapes.iter().find(|shape| shape.workers().get() > most) {
        return Err(UnsupportedLayout { found: large.to_string(), expected: format!("at most {most} for `{name}`") });
    }
    if shapes.is_empty() && !asked.is_empty() {
        let numbers = asked.iter().all(|shape| shape.processes().is_none());
        let wanted = if numbers { "PROCESSESxTHREADS, such as 3x5," } else { "a whole number" };
        let found: Vec<String> = asked.iter().map(WorkerLayout::to_string).collect();
        return Err(UnsupportedLayout { found: found.join(", "), expected: format!("{wanted} for `{name}`") });
    }
    Ok(shapes)
}

/// The strategy that speedups of this cell are measured against: `sequential`, or `python/sequential` where all of these
/// cells that have its variant and timer are in Python.
pub fn baseline_of<'a>(cell: &CellSpec, cells: impl IntoIterator<Item = &'a CellSpec>) -> &'static str {
    let is_same = |other: &&CellSpec| other.variant == cell.variant && other.timer == cell.timer;
    let all_python = cells.into_iter().filter(is_same).all(|other| is_python(&other.strategy));
    if all_python { SEQUENTIAL.name() } else { Sequential.name() }
}

/// The cells without repetitions, the baselines of each variant and timer first.
pub fn with_baselines(cells: Vec<CellSpec>) -> Vec<CellSpec> {
    let baseline = |cell: &CellSpec| CellSpec {
        strategy: baseline_of(cell, &cells).into(),
        shape: WorkerLayout::ONE,
        schedule: Schedule::OneByOne,
        python: None,
        ..cell.clone()
    };
    let baselines: Vec<CellSpec> = cells.iter().map(baseline).collect();
    let mut seen = HashSet::new();
    baselines.into_iter().chain(cells).filter(|cell| seen.insert(cell.clone())).collect()
}

impl Workload {
    /// The number of tasks requested, whatever the recipe calls it. A listing may have fewer.
    fn tasks(&mut self) -> &mut NonZeroU32 {
        match self {
            Self::Fetch(recipe) => &mut recipe.tasks,
            Self::PrimeSum(recipe) => &mut recipe.tasks,
            Self::Thumbnails(recipe) => &mut recipe.photos,
            Self::Gunzip(recipe) => &mut recipe.archives,
            Self::Files(recipe) => &mut recipe.files,
            Self::Payload(recipe) => &mut recipe.tasks,
            Self::Sharing(recipe) => &mut recipe.tasks,
            Self::Given(given) => &mut given.count,
        }
    }
}

impl Variant {
    /// How many tasks are requested. A listing may have fewer.
    pub fn tasks(&self) -> u32 {
        self.workload.clone().tasks().get()
    }

    /// Whether arrivals, or its server's latencies or faults, are drawn anew in each round.
    pub fn is_drawn(&self) -> bool {
        let at_random = self.arrivals.as_ref().is_some_and(|arrivals| arrivals.gaps == Gaps::Poisson);
        at_random
            || self.server.as_ref().is_some_and(|server| {
                server.routes.iter().any(|route| route.spread.is_some())
                    || server.faults.iter().any(|fault| fault.probability.is_some_and(|probability| probability < 1.0))
            })
    }

    /// How many times as fast as in the document its waits pass, and its tasks arrive. Without a server nothing is
    /// scaled: a calculation takes as long as it takes.
    pub fn pace(&self, time_scale: f64) -> f64 {
        if self.server.is_some() { time_scale } else { 1.0 }
    }

    /// Seconds that its waits take sequentially if every answer is as fast as the fastest route's: about the minimum
    /// for `sequential`. Zero without waits.
    pub fn waits_in_turn_s(&self) -> f64 {
        let Some(server) = &self.server else { return 0.0 };
        let shortest_s = server.routes.iter().map(|route| route.latency_s).reduce(f64::min).unwrap_or(0.0);
        f64::from(self.tasks()) * shortest_s / server.time_scale
    }
}

impl Scenario {
    /// The variant of this name.
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// A checksum of everything that decides what is measured in this cell, apart from its name: its variant's tasks,
    /// server and limits, the time scale, the deadline, and what its times enclose. Titles and claims don't count.
    /// `None` if there is no such variant.
    pub fn checksum(&self, cell: &CellSpec) -> Option<String> {
        // Every field is named, so that a new one doesn't compile until it is added here.
        let Variant {
            name: _,
            title: _,
            workload,
            arrivals,
            server,
            prologue,
            expected,
            may_fail,
            address_space_bytes,
            cores,
            background,
            gives_up_s,
            calibrated_from: _,
        } = self.variant(&cell.variant)?;
        let tasks = (workload, arrivals, server, prologue, expected, may_fail);
        let surroundings = (address_space_bytes, cores, background);
        let limits = (gives_up_s, self.time_scale, self.deadline);
        let measured = serde_json::to_vec(&(tasks, surroundings, limits, self.timed(cell))).ok()?;
        Some(format!("{:08x}", crc32fast::hash(&measured)))
    }

    /// Whether a time scale changes anything: only waits for answers are scaled.
    pub fn has_waits(&self) -> bool {
        self.variants.iter().any(|variant| variant.server.is_some())
    }

    /// The same scenario at another time scale. A slower one gets a later deadline.
    #[must_use]
    pub fn scaled(mut self, time_scale: f64) -> Self {
        let longer = (self.time_scale / time_scale).max(1.0);
        self.deadline = Duration::from_secs_f64((self.deadline.as_secs_f64() * longer).min(check::DAY_S));
        self.time_scale = time_scale;
        for server in self.variants.iter_mut().filter_map(|variant| variant.server.as_mut()) {
            server.time_scale = time_scale;
        }
        self
    }

    /// How long a run of this variant may take: until the deadline, or until its client gives up, if that is sooner.
    pub fn patience(&self, variant: &str) -> Duration {
        let gives_up_s = self.variant(variant).and_then(|variant| variant.gives_up_s);
        let gives_up = gives_up_s.and_then(|seconds| Duration::try_from_secs_f64(seconds / self.time_scale).ok());
        gives_up.map_or(self.deadline, |gives_up| gives_up.min(self.deadline))
    }

    /// Which phases this cell's timer encloses.
    pub fn timed(&self, cell: &CellSpec) -> Vec<Phase> {
        match cell.timer {
            Timer::Cold => vec![Phase::Start, Phase::Run, Phase::Stop],
            Timer::Warm => vec![Phase::Run],
            // The checker ensures that there is one.
            Timer::AsPublished => self.as_published.get(&cell.strategy).cloned().unwrap_or_else(|| vec![Phase::Run]),
        }
    }
}

/// For people: `threads x 5`, and what is unusual about it.
impl fmt::Display for CellSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.strategy, self.shape)?;
        if self.schedule != Schedule::OneByOne {
            write!(f, ", {}", self.schedule)?;
        }
        match self.timer {
            Timer::Warm => {}
            Timer::Cold => write!(f, ", cold")?,
            Timer::AsPublished => write!(f, ", as published")?,
        }
        if self.variant != DEFAULT_VARIANT {
            write!(f, ", {}", self.variant)?;
        }
        self.python.as_ref().map_or(Ok(()), |python| write!(f, ", Python {python}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_is_compared_with_python_where_nothing_else_is_measured() {
        let cell = |variant: &str, strategy: &str| CellSpec {
            variant: variant.into(),
            strategy: strategy.into(),
            shape: WorkerLayout::ONE,
            schedule: Schedule::OneByOne,
            timer: Timer::Warm,
            python: None,
        };
        let python = cell("small", "python/threads");
        let mixed = [cell("large", "threads"), cell("large", "python/sequential"), python.clone()];
        assert_eq!(baseline_of(&mixed[1], &mixed), "sequential", "python/sequential is no baseline of threads");
        assert_eq!(baseline_of(&python, &mixed), "python/sequential", "another variant is another comparison");
        let names: Vec<String> = with_baselines(mixed.to_vec()).iter().map(ToString::to_string).collect();
        assert_eq!(names[..2], ["sequential x 1, large", "python/sequential x 1, small"]);
    }
}
