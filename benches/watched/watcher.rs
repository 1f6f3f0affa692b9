//! A run, alone or watched, and its times.

use makespan::{
    classroom::wire,
    live::{
        Event, Watched, WatchedRun,
        event::{RacePlan, RunEnd, Standing},
    },
    results::record::{Check, Record},
};
use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::atomic::AtomicBool,
};

/// A cell, as records and events name it: its strategy, its workers.
pub type CellName = (String, u32);

/// Each cell's times, seconds, one for each round.
pub type Times = Vec<(CellName, Vec<f64>)>;

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub scenario: &'static str,
    pub variant: Option<&'static str>,
    pub strategies: &'static [&'static str],
    pub workers: &'static str,
    pub rounds: u32,
}

impl Run {
    fn arguments(&self) -> Vec<String> {
        let rounds = self.rounds.to_string();
        let strategies = self.strategies.join(",");
        let mut all = vec![self.scenario, "--strategy", &strategies, "--workers", self.workers, "--rounds", &rounds];
        all.extend(self.variant.iter().flat_map(|variant| ["--variant", variant]));
        all.into_iter().map(str::to_owned).collect()
    }
}

/// Where runs are recorded, and the program that runs them.
pub struct Place {
    pub program: PathBuf,
    pub data: PathBuf,
}

impl Place {
    /// An unwatched run. It prints its record at the end.
    pub fn alone(&self, run: &Run) -> Result<Times, String> {
        let output = Command::new(&self.program)
            .arg("run")
            .args(run.arguments())
            .args(["--json", "-", "--data"])
            .arg(&self.data)
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()));
        }
        let record: Record = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        Ok(record.cells.iter().map(|cell| ((cell.spec.strategy.clone(), cell.workers()), cell.timed_s())).collect())
    }
}

/// The watcher.
pub enum Watcher {
    /// This process, which serialises every event as JSON, as the classroom does for its browsers.
    Here(Place),
    /// A classroom with a headless subscriber.
    Classroom(Box<Classroom>),
}

impl Watcher {
    /// A classroom, if this build has one.
    pub fn new(place: Place) -> Result<Self, String> {
        let help = Command::new(&place.program).args(["classroom", "--help"]).stderr(Stdio::null()).output();
        if help.is_ok_and(|help| help.status.success()) {
            Classroom::open(&place).map(|classroom| Self::Classroom(Box::new(classroom)))
        } else {
            Ok(Self::Here(place))
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Here(_) => "by a process that turns every event into JSON",
            Self::Classroom(_) => "in the classroom, by one headless subscriber",
        }
    }

    /// A watched run. The times are those in its events.
    pub fn watched(&mut self, run: &Run) -> Result<Times, String> {
        let mut told = Told::default();
        match self {
            Self::Here(Place { program, data }) => {
                let wanted = WatchedRun { program: program.clone(), data: data.clone(), arguments: run.arguments() };
                let watched = Watched::start(&wanted).map_err(|error| error.to_string())?;
                let mut bytes = 0;
                watched.follow(&AtomicBool::new(false), &mut |event| {
                    bytes += serde_json::to_string(&event).map_or(0, |line| line.len());
                    told.add(event);
                });
                std::hint::black_box(bytes);
            }
            Self::Classroom(classroom) => classroom.run(run, &mut told)?,
        }
        told.times()
    }
}

/// The relevant part of the events.
#[derive(Default)]
struct Told {
    plan: Option<RacePlan>,
    standings: Vec<Standing>,
    ended: Option<RunEnd>,
}

impl Told {
    fn add(&mut self, event: Event) {
        match event {
            Event::SetUp(plan) => self.plan = Some(plan),
            Event::Standings { cells } => self.standings = cells,
            Event::Ended { how } => self.ended = Some(how),
            _ => {}
        }
    }

    fn times(self) -> Result<Times, String> {
        if self.ended != Some(RunEnd::Finished) {
            return Err(format!("the run ended like this: {:?}", self.ended));
        }
        if let Some(failed) = self.standings.iter().find(|cell| cell.check == Check::Failed) {
            return Err(failed.error.clone().unwrap_or_default());
        }
        let cells = self.plan.ok_or("no plan event")?.cells.into_iter().map(|cell| (cell.strategy, cell.workers));
        Ok(cells.zip(self.standings).map(|(name, standing)| (name, standing.times_s)).collect())
    }
}

/// A classroom of our own, and a subscription to its events.
pub struct Classroom {
    process: Child,
    /// Kept open, because the classroom prints more to it.
    _words: BufReader<ChildStdout>,
    origin: String,
    agent: ureq::Agent,
    events: Box<dyn BufRead>,
}

impl Classroom {
    fn open(place: &Place) -> Result<Self, String> {
        let mut process = Command::new(&place.program)
            .args(["classroom", "--addr", "127.0.0.1:0", "--data"])
            .arg(&place.data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut words = BufReader::new(process.stdout.take().ok_or("the classroom has no standard output")?);
        let mut line = String::new();
        words.read_line(&mut line).map_err(|error| error.to_string())?;
        let origin = line.trim().strip_prefix("listening on ").map(|origin| origin.trim_end_matches('/').to_owned());
        let origin = origin.ok_or_else(|| format!("the classroom said: {line}"))?;
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        let stream = agent.get(format!("{origin}/events")).call().map_err(|error| error.to_string())?;
        // No size limit: the stream lasts as long as the benchmark.
        let events = stream.into_body().into_with_config().limit(u64::MAX).reader();
        let events: Box<dyn Read> = Box::new(events);
        Ok(Self { process, _words: words, origin, agent, events: Box::new(BufReader::new(events)) })
    }

    fn run(&mut self, run: &Run, told: &mut Told) -> Result<(), String> {
        let wanted = wire::RaceRequest {
            scenario: run.scenario.into(),
            variant: run.variant.map(Into::into),
            strategies: run.strategies.iter().map(ToString::to_string).collect(),
            workers: vec![run.workers.into()],
            schedules: Vec::new(),
            rounds: run.rounds,
            time_scale: None,
            ask: None,
        };
        let body = serde_json::to_string(&wanted).map_err(|error| error.to_string())?;
        let asked = self.agent.post(format!("{}/run", self.origin)).header("content-type", "application/json");
        let mut answer = asked.send(&body).map_err(|error| error.to_string())?;
        let room = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
        let room: wire::RoomState = serde_json::from_str(&room).map_err(|error| error.to_string())?;
        let ours = format!("{}.", room.race.ok_or("there is no race")?);
        self.follow(&ours, told)
    }

    /// Reads until the race whose event ids have this prefix has ended.
    fn follow(&mut self, ours: &str, told: &mut Told) -> Result<(), String> {
        let mut is_ours = false;
        while told.ended.is_none() {
            let mut line = String::new();
            if self.events.read_line(&mut line).map_err(|error| error.to_string())? == 0 {
                return Err("the classroom closed".into());
            }
            let line = line.trim_end();
            if line.is_empty() {
                is_ours = false;
            } else if let Some(id) = line.strip_prefix("id: ") {
                is_ours = id.starts_with(ours);
            } else if let Some(event) = line.strip_prefix("data: ").filter(|_| is_ours) {
                told.add(serde_json::from_str(event).map_err(|error| error.to_string())?);
            }
        }
        Ok(())
    }
}

impl Drop for Classroom {
    fn drop(&mut self) {
        // Killed: its race, if there is one, ends because its pipe closes.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
