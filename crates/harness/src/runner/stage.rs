//! Preparation before the clock starts: fixtures, server, tasks, and the right answers.

use super::{Observer, Settings};
use crate::scenario::{Background, Scenario, Variant, Workload};
use measure::half::Half;
use mock_server::{
    checked::ProfileError,
    contact::Contact,
    oracle::{NoAnswer, Oracle},
    process::{ServerError, ServerProcess},
    profile::{Body, Profile},
    server::ServeError,
};
use std::{
    collections::BTreeSet,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use support::{scratch::Scratch, terminal::printable_path};
use work::{
    fixtures::{self, FixtureError, LeftOut},
    strategy::StartError,
    task::{
        ErrorKind, Expected, Task, TaskError, fetch,
        gunzip::TooFewArchives,
        thumbnail::{self, TooFewPhotos},
    },
    worker::{arrival, lane::Lane, stop::Stop},
};

/// A variant of a scenario, ready to run.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) tasks: Arc<[Task]>,
    arrivals: Option<arrival::Recipe>,
    /// See [`Variant::pace`].
    pace: f64,
    pub(super) prologue: Vec<Task>,
    pub(super) expected: Vec<Expected>,
    /// Files of the user's folder that are not tasks.
    pub(super) left_out: Vec<LeftOut>,
    /// The limit of a run, if it follows from the tasks.
    pub(super) deadline: Option<Duration>,
    pub(super) server: Option<Server>,
    pub(super) may_fail: bool,
    /// Whether a run has an untimed prefix, unless its timer is cold: see [`Given::warms_up`].
    pub(super) warms_up: bool,
    /// The address space limit of a process with a pool, which is then a child process.
    pub(super) address_space_bytes: Option<u64>,
    /// The cores that the cells are confined to, in a child process; `None` for all.
    pub(super) cores: Option<Half>,
    /// The pool that computes beside them.
    pub(super) background: Option<Background>,
    /// Where tasks write. Removed with the stage.
    _outputs: Scratch,
}

/// The server that the tasks fetch from.
#[derive(Debug)]
pub(super) enum Server {
    /// Started for this stage and ended with it.
    Own(ServerProcess),
    /// Started by the user where workers on other machines reach it.
    Elsewhere(Contact),
}

impl Server {
    pub(super) fn contact(&self) -> &Contact {
        match self {
            Self::Own(process) => process.contact(),
            Self::Elsewhere(contact) => contact,
        }
    }
}

/// Why a scenario could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An unknown variant or strategy.
    #[error("{0}")]
    Unknown(String),
    /// The inputs could not be created or found.
    #[error(transparent)]
    Fixtures(#[from] FixtureError),
    /// More pictures than there are.
    #[error(transparent)]
    Photos(#[from] TooFewPhotos),
    /// More archives than there are.
    #[error(transparent)]
    Archives(#[from] TooFewArchives),
    /// The server did not come up.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The server's profile is wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The server's answers can't be predicted.
    #[error(transparent)]
    Oracle(#[from] ServeError),
    /// An answer can't be checked, or is missing.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The tasks could not be listed: the server's listing is not readable.
    #[error("could not list the tasks: {0}")]
    Listing(TaskError),
    /// Files that are to be read could not be written.
    #[error("could not write the files to read: {0}")]
    Files(TaskError),
    /// No directory for outputs.
    #[error(
        "{}: can't make a directory for outputs: {error}; give another place with --data DIR",
        printable_path(path)
    )]
    Outputs {
        /// Where it should have been.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Pictures were given for tasks that use none.
    #[error("{0} has no pictures: leave out --images, or run a scenario that makes thumbnails")]
    NoPicturesWanted(String),
    /// A server was given for tasks that fetch nothing.
    #[error("{0} has no server, since its tasks fetch nothing: leave out --server")]
    NoServerWanted(String),
    /// No directory for the queue's files.
    #[error("{}: can't make a directory for the queue: {error}; give another place with TMPDIR", printable_path(path))]
    Scratch {
        /// Where it should have been.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The system refused a thread for the untimed reference run.
    #[error(transparent)]
    Reference(#[from] StartError),
}

impl Stage {
    pub(super) fn set_up(
        scenario: &Scenario,
        variant: &str,
        settings: &Settings,
        observer: &mut dyn Observer,
    ) -> Result<Self, SetupError> {
        let names: Vec<&str> = scenario.variants.iter().map(|variant| variant.name.as_str()).collect();
        let unknown = || SetupError::Unknown(support::suggestion::unknown("variant", variant, &names));
        let variant = scenario.variant(variant).ok_or_else(unknown)?;
        if variant.server.is_none() && settings.server.is_some() {
            return Err(SetupError::NoServerWanted(scenario.name.clone()));
        }
        if settings.images.is_some() && !matches!(variant.workload, Workload::Thumbnails(_)) {
            return Err(SetupError::NoPicturesWanted(scenario.name.clone()));
        }
        let outputs = outputs(settings)?;
        let mut left_out = Vec::new();
        let server = match &variant.server {
            Some(profile) => Some(Served::start(profile, settings, observer)?),
            None => None,
        };
        let built = build(scenario, variant, settings, server.as_ref(), &outputs, &mut left_out, observer)?;
        let server = server.map(|served| served.server);
        let (tasks, mut expected): (Vec<Task>, Vec<Expected>) = built.into_iter().unzip();
        for (&index, &outcome) in &variant.expected {
            if let Some(slot) = expected.get_mut(index as usize) {
                *slot = outcome;
            }
        }
        let prologue = prologue(scenario, variant, server.as_ref());
        let tasks = tasks.into();
        let (deadline, may_fail, address_space_bytes) = (None, variant.may_fail, variant.address_space_bytes);
        let mut stage = Self {
            tasks,
            arrivals: variant.arrivals.clone(),
            pace: variant.pace(scenario.time_scale),
            prologue,
            expected,
            left_out,
            deadline,
            server,
            may_fail,
            warms_up: !matches!(&variant.workload, Workload::Given(given) if !given.warms_up),
            address_space_bytes,
            cores: variant.cores,
            background: variant.background.clone(),
            _outputs: outputs,
        };
        stage.run_reference(scenario, settings, observer)?;
        Ok(stage)
    }

    /// When each task becomes due in this round, nanoseconds from the start of the run; empty if all are there from the
    /// start.
    pub(super) fn due_ns(&self, round: u32) -> Vec<u64> {
        let due = |arrivals: &arrival::Recipe| arrivals.due_ns(self.tasks.len(), self.pace, round.into());
        self.arrivals.as_ref().map(due).unwrap_or_default()
    }

    /// Why its cells can't be measured here, if they need two halves of the cores and there are none.
    pub(super) fn lacks_cores(&self) -> Option<String> {
        let wants_half = self.cores.is_some() || self.background.is_some();
        wants_half.then(|| Half::check().err()).flatten().map(|why| why.to_string())
    }

    /// Runs the tasks once, sequentially and untimed, if their expected outcome is the sequential one. A run over the
    /// user's own pictures has no limit unless the scenario sets one: its duration is unknown. Unreadable pictures are
    /// left out, and the limit of measured runs is a multiple of the time for the rest.
    fn run_reference(
        &mut self,
        scenario: &Scenario,
        settings: &Settings,
        observer: &mut dyn Observer,
    ) -> Result<(), SetupError> {
        if !self.expected.contains(&Expected::AsSequential) {
            return Ok(());
        }
        let follows = settings.images.is_some() && !scenario.deadline_is_given;
        let limit = if follows { LONGEST_REFERENCE } else { scenario.deadline };
        let stop = Stop::new(limit, &settings.interrupted);
        let _watchdog = stop.watchdog()?;
        let (mut lane, begun, total) = (Lane::new(0, 0, stop), Instant::now(), self.tasks.len() as u64);
        let mut errors = Vec::new();
        for (index, task) in (0..).zip(&*self.tasks) {
            // Otherwise 20,000 pictures would cause 20,000 events.
            if u64::from(index) % (total / 100 + 1) == 0 {
                observer.preparing("a reference run", index.into(), total);
            }
            let done = lane.run(index, task);
            let slot = &mut self.expected[index as usize];
            match done.result {
                Ok(output) if *slot == Expected::AsSequential => *slot = Expected::Output(output),
                Ok(_) => {}
                // If sequential fails, the slot stays unchanged, and the check of every cell reports the failure.
                Err(error) => errors.push((index as usize, error)),
            }
        }
        if follows {
            self.deadline = Some(scenario.deadline.max(begun.elapsed() * DEADLINE_IN_REFERENCES));
        }
        match &settings.images {
            Some(folder) => self.leave_out(folder, &errors),
            None => Ok(()),
        }
    }

    /// Removes tasks whose pictures can't be read. Tasks that failed for another reason stay, and fail in the cells.
    fn leave_out(&mut self, folder: &Path, errors: &[(usize, TaskError)]) -> Result<(), SetupError> {
        let mut out = BTreeSet::new();
        for (index, error) in errors {
            let (Some(Task::Thumbnail(task)), false) = (self.tasks.get(*index), error.kind() == ErrorKind::TimedOut)
            else {
                continue;
            };
            let why = match error {
                TaskError::Damaged { message, .. } => message.clone(),
                TaskError::File { path, message } if *path == task.input => format!("may not be read: {message}"),
                TaskError::Panicked(message) => format!("damaged: its decoder failed ({message}): copy it again"),
                _ => continue,
            };
            self.left_out.push(LeftOut::new(&task.input, why));
            out.insert(*index);
        }
        self.left_out.sort();
        let kept: Vec<usize> = (0..self.tasks.len()).filter(|index| !out.contains(index)).collect();
        self.expected = kept.iter().map(|&index| self.expected[index]).collect();
        self.tasks = kept.iter().map(|&index| self.tasks[index].clone()).collect();
        if self.tasks.is_empty() {
            let (path, left_out) = (folder.to_owned(), std::mem::take(&mut self.left_out));
            return Err(FixtureError::NoPictures { path, left_out }.into());
        }
        Ok(())
    }
}

/// The limit for all of the user's own pictures.
const LONGEST_REFERENCE: Duration = Duration::from_hours(24);
/// A run of the user's own pictures may take this many times as long as the reference run: no strategy is that much
/// slower than sequential under the same load.
const DEADLINE_IN_REFERENCES: u32 = 5;

fn outputs(settings: &Settings) -> Result<Scratch, SetupError> {
    let path = settings.data.join("outputs");
    Scratch::new_in(&path).map_err(|error| SetupError::Outputs { path, error })
}

/// A body with more bytes than this is not computed beforehand, since that can't be interrupted: sequential fetches it,
/// under the run's deadline.
const LARGEST_FORESEEN: u64 = 1 << 30;

/// A running server, and its expected answers.
struct Served {
    server: Server,
    oracle: Oracle,
}

impl Served {
    fn start(profile: &Profile, settings: &Settings, observer: &mut dyn Observer) -> Result<Self, SetupError> {
        let profile = with_photos(profile.clone(), &settings.data, observer)?;
        let server = match &settings.server {
            Some(origin) => Server::Elsewhere(Contact::elsewhere(origin, &profile)?),
            None => Server::Own(ServerProcess::start(&settings.env.program, &profile)?),
        };
        let oracle = Oracle::of(profile.check()?, server.contact().origin())?;
        Ok(Self { server, oracle })
    }

    /// The task and its expected outcome: from the profile, or, if that has none, from the sequential run.
    fn with_outcome(&self, task: Task) -> Result<(Task, Expected), NoAnswer> {
        let Task::Fetch(fetch) = &task else { return Ok((task, Expected::AsSequential)) };
        let (site, authorization) = (fetch.site.as_deref(), fetch.authorization.as_deref());
        let answer = self.oracle.get(&fetch.url, site, authorization, fetch.redirects)?;
        let expected = match answer.filter(|(_, body)| body.left() <= LARGEST_FORESEEN) {
            Some((status, body)) => Expected::Output(fetch::Digest::of(body).output(status.as_u16())),
            None => Expected::AsSequential,
        };
        Ok((task, expected))
    }
}

/// The profile with the folder of the photographs that it serves, made now if missing.
pub fn with_photos(profile: Profile, data: &Path, observer: &mut dyn Observer) -> Result<Profile, FixtureError> {
    if !profile.routes.iter().any(|route| route.body == Body::Photo) {
        return Ok(profile);
    }
    // The gallery's drawings are in the same folder as the photographs.
    let folder = photos(data, observer)?.first().and_then(|photo| photo.parent()).map(Into::into);
    Ok(Profile { photos: folder, ..profile })
}

fn build(
    scenario: &Scenario,
    variant: &Variant,
    settings: &Settings,
    server: Option<&Served>,
    outputs: &Scratch,
    left_out: &mut Vec<LeftOut>,
    observer: &mut dyn Observer,
) -> Result<Vec<(Task, Expected)>, SetupError> {
    match &variant.workload {
        Workload::Fetch(recipe) => {
            // The checker ensures that there is one.
            let Some(served) = server else { return Ok(Vec::new()) };
            let tasks =
                recipe.build(served.server.contact().origin(), scenario.time_scale).map_err(SetupError::Listing)?;
            let tasks = recipe.saving(tasks, outputs.path(), scenario.time_scale);
            Ok(tasks.into_iter().map(|task| served.with_outcome(task)).collect::<Result<_, _>>()?)
        }
        Workload::PrimeSum(recipe) => Ok(recipe.build()),
        Workload::Payload(recipe) => Ok(recipe.build()),
        Workload::Sharing(recipe) => Ok(recipe.build()),
        Workload::Thumbnails(recipe) => {
            let Some(dir) = &settings.images else {
                return Ok(recipe.build(&photos(&settings.data, observer)?, outputs.path())?);
            };
            let own = fixtures::user_photos(dir)?;
            left_out.extend(own.left_out);
            // All of the user's own, whatever the scenario's number.
            let photos = NonZeroU32::new(own.pictures.len() as u32).unwrap_or(recipe.photos);
            Ok(thumbnail::Recipe { photos, ..recipe.clone() }.build(&own.pictures, outputs.path())?)
        }
        Workload::Files(recipe) => recipe.build(outputs.path()).map_err(SetupError::Files),
        Workload::Given(given) => Ok(given.tasks.clone()),
        Workload::Gunzip(recipe) => Ok(recipe.build(&fixtures::archives(&fixtures_dir(&settings.data))?)?),
    }
}

fn prologue(scenario: &Scenario, variant: &Variant, server: Option<&Server>) -> Vec<Task> {
    let (Workload::Fetch(recipe), Some(server)) = (&variant.workload, server) else { return Vec::new() };
    let listing = |listing| Task::Fetch(recipe.listing_task(server.contact().origin(), listing, scenario.time_scale));
    variant.prologue.iter().map(listing).collect()
}

fn fixtures_dir(data: &Path) -> PathBuf {
    data.join("fixtures")
}

/// The photographs, made now if missing.
fn photos(data: &Path, observer: &mut dyn Observer) -> Result<Vec<PathBuf>, FixtureError> {
    // They are made on all cores, and each core tells the observer.
    let observer = Mutex::new(observer);
    fixtures::photos(&fixtures_dir(data), &|done, total| {
        if let Ok(mut observer) = observer.lock() {
            observer.preparing("photographs", done, total);
        }
    })
}
