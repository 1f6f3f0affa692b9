//! What stands before the clock starts: fixtures made, server up, tasks built, the right answers known.

use super::{Observer, Settings};
use crate::{
    fixtures::{self, FixtureError},
    mock_server::{
        checked::ProfileError,
        contact::Contact,
        foresight::{Foresight, NoAnswer},
        process::{ServerError, ServerProcess},
        profile::{Body, Profile},
        server::ServeError,
    },
    scenario::{Scenario, Variant, Workload},
    strategy::{self, Work},
    task::{
        Expected, Task, TaskError, fetch,
        gunzip::TooFewArchives,
        thumbnail::{self, TooFewPhotos},
    },
    worker::{deck::Deal, shape::Shape, stop::Stop},
};
use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tempfile::TempDir;

/// A variant of a scenario, ready to run.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) tasks: Arc<[Task]>,
    pub(super) prologue: Vec<Task>,
    pub(super) expected: Vec<Expected>,
    pub(super) server: Option<Server>,
    pub(super) may_fail: bool,
    /// What the address space of a process with a pool is limited to; such a process is a child of its own.
    pub(super) address_space_bytes: Option<u64>,
    /// Where tasks write. It goes when the stage does.
    _outputs: TempDir,
}

/// The server that the tasks fetch from.
#[derive(Debug)]
pub(super) enum Server {
    /// Started for this stage, and ended with it.
    Own(ServerProcess),
    /// Started by somebody, where workers on other machines reach it.
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
    /// A variant or a strategy that is not there.
    #[error("{0}")]
    Unknown(String),
    /// The inputs could not be made or found.
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
    /// What the server will answer can't be told beforehand.
    #[error(transparent)]
    Foresight(#[from] ServeError),
    /// An answer can't be checked, or is none.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The tasks could not be listed: the server's listing is not readable.
    #[error("could not list the tasks: {0}")]
    Listing(TaskError),
    /// No place for outputs.
    #[error("{}: can't make a directory for outputs: {source}; give another place with --data DIR", path.display())]
    Outputs {
        /// Where it should have been.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A server was named for tasks that fetch nothing.
    #[error("{0} has no server: its tasks fetch nothing, so --server names none of its own")]
    NoServerWanted(String),
    /// The untimed reference run did not start.
    #[error("the reference run failed: {0}")]
    Reference(#[from] strategy::StartError),
}

impl Stage {
    pub(super) fn set_up(
        scenario: &Scenario,
        variant: &str,
        settings: &Settings,
        observer: &mut dyn Observer,
    ) -> Result<Self, SetupError> {
        let names: Vec<&str> = scenario.variants.iter().map(|variant| variant.name.as_str()).collect();
        let unknown = || SetupError::Unknown(crate::suggestion::unknown("variant", variant, &names));
        let variant = scenario.variant(variant).ok_or_else(unknown)?;
        if variant.server.is_none() && settings.server.is_some() {
            return Err(SetupError::NoServerWanted(scenario.name.clone()));
        }
        let outputs = outputs(settings)?;
        let server = match &variant.server {
            Some(profile) => Some(Served::start(profile, settings, observer)?),
            None => None,
        };
        let built = build(scenario, variant, settings, server.as_ref(), &outputs, observer)?;
        let server = server.map(|served| served.server);
        let (tasks, mut expected): (Vec<Task>, Vec<Expected>) = built.into_iter().unzip();
        for (&index, &outcome) in &variant.expected {
            if let Some(slot) = expected.get_mut(index as usize) {
                *slot = outcome;
            }
        }
        let prologue = prologue(scenario, variant, server.as_ref());
        let (may_fail, address_space_bytes) = (variant.may_fail, variant.address_space_bytes);
        let tasks = tasks.into();
        let mut stage = Self { tasks, prologue, expected, server, may_fail, address_space_bytes, _outputs: outputs };
        stage.run_reference(scenario, settings)?;
        Ok(stage)
    }

    /// Runs the tasks once, sequentially and untimed, where what they should give is "what sequential gives".
    fn run_reference(&mut self, scenario: &Scenario, settings: &Settings) -> Result<(), SetupError> {
        if !self.expected.contains(&Expected::AsSequential) {
            return Ok(());
        }
        let sequential = strategy::named("sequential").map_err(SetupError::Unknown)?;
        let stop = Stop::new(scenario.deadline, &settings.interrupted);
        let work = Work::new(0, Arc::clone(&self.tasks), Deal::OneByOne, stop);
        let _watchdog = work.stop.watchdog();
        let done = work.settle(sequential.start(Shape::ONE, &settings.env)?.run(&work));
        for (slot, done) in self.expected.iter_mut().zip(done) {
            // Where sequential fails, the slot stays as it is, and the check of every cell names the failure.
            if let (Expected::AsSequential, Ok(output)) = (*slot, done.result) {
                *slot = Expected::Output(output);
            }
        }
        Ok(())
    }
}

fn outputs(settings: &Settings) -> Result<TempDir, SetupError> {
    let path = settings.data.join("outputs");
    let made = std::fs::create_dir_all(&path).and_then(|()| TempDir::new_in(&path));
    made.map_err(|source| SetupError::Outputs { path, source })
}

/// A body with more bytes than this is not computed beforehand, which nothing could interrupt: sequential fetches it, and
/// the run's deadline holds for that.
const LARGEST_FORESEEN: u64 = 1 << 30;

/// A server that answers, and what it will answer.
struct Served {
    server: Server,
    foresight: Foresight,
}

impl Served {
    fn start(profile: &Profile, settings: &Settings, observer: &mut dyn Observer) -> Result<Self, SetupError> {
        let profile = with_photos(profile.clone(), &settings.data, observer)?;
        let server = match &settings.server {
            Some(origin) => Server::Elsewhere(Contact::elsewhere(origin, &profile)?),
            None => Server::Own(ServerProcess::start(&settings.env.program, &profile)?),
        };
        let foresight = Foresight::of(profile.check()?, server.contact().origin())?;
        Ok(Self { server, foresight })
    }

    /// The task, and what must come of it: what the profile says, or, where it says nothing, what sequential gets.
    fn with_outcome(&self, task: Task) -> Result<(Task, Expected), NoAnswer> {
        let Task::Fetch(fetch) = &task else { return Ok((task, Expected::AsSequential)) };
        let (site, authorization) = (fetch.site.as_deref(), fetch.authorization.as_deref());
        let answer = self.foresight.get(&fetch.url, site, authorization, fetch.redirects)?;
        let expected = match answer.filter(|(_, body)| body.left() <= LARGEST_FORESEEN) {
            Some((status, body)) => Expected::Output(fetch::Digest::of(body).output(status.as_u16())),
            None => Expected::AsSequential,
        };
        Ok((task, expected))
    }
}

/// The profile with the place of the photographs that it serves, made now if they are not there.
pub fn with_photos(profile: Profile, data: &Path, observer: &mut dyn Observer) -> Result<Profile, FixtureError> {
    if !profile.routes.iter().any(|route| route.body == Body::Photo) {
        return Ok(profile);
    }
    // The drawings that the gallery also lists lie beside the photographs.
    let folder = photos(data, observer)?.first().and_then(|photo| photo.parent()).map(Into::into);
    Ok(Profile { photos: folder, ..profile })
}

fn build(
    scenario: &Scenario,
    variant: &Variant,
    settings: &Settings,
    server: Option<&Served>,
    outputs: &TempDir,
    observer: &mut dyn Observer,
) -> Result<Vec<(Task, Expected)>, SetupError> {
    match &variant.workload {
        Workload::Fetch(recipe) => {
            // The checker has seen to it that there is one.
            let Some(served) = server else { return Ok(Vec::new()) };
            let tasks =
                recipe.build(served.server.contact().origin(), scenario.time_scale).map_err(SetupError::Listing)?;
            Ok(tasks.into_iter().map(|task| served.with_outcome(task)).collect::<Result<_, _>>()?)
        }
        Workload::PrimeSum(recipe) => Ok(recipe.build()),
        Workload::Thumbnails(recipe) => {
            let Some(dir) = &settings.images else {
                return Ok(recipe.build(&photos(&settings.data, observer)?, outputs.path())?);
            };
            let own = fixtures::user_photos(dir)?;
            // All of the user's own, however many the scenario has.
            let photos = NonZeroU32::new(own.len() as u32).unwrap_or(recipe.photos);
            Ok(thumbnail::Recipe { photos, ..recipe.clone() }.build(&own, outputs.path())?)
        }
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

/// The photographs, made now if they are not there.
fn photos(data: &Path, observer: &mut dyn Observer) -> Result<Vec<PathBuf>, FixtureError> {
    // They are made on all cores, and each tells the observer.
    let observer = Mutex::new(observer);
    fixtures::photos(&fixtures_dir(data), &|done, total| {
        if let Ok(mut observer) = observer.lock() {
            observer.preparing("photographs", done, total);
        }
    })
}
