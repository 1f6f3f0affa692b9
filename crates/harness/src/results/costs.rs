//! The overhead of a job, with a queue and without one: one versioned JSON document, `queue.json` in the data
//! directory.
//!
//! `cargo bench --bench queue` writes it for the report. As in a record, keys are full words with their unit, and an
//! optional value is `null`, never absent. The JSON Schema is `fixtures/schema/queue-1.json`.

use super::store::{StoreError, read_if_there, write_whole};
use measure::host::HostFacts;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The schema that this version writes.
pub const SCHEMA: &str = "makespan.queue/1";

/// The times of empty jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Costs {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    pub schema: String,
    /// The version of makespan that wrote it.
    pub makespan_version: String,
    /// The machine, part of the result.
    pub host: HostFacts,
    /// When the first round began, RFC 3339, UTC.
    pub started_at: String,
    /// The command that measures this again.
    pub command: String,
    /// The seed of the order of the rounds.
    pub seed: u64,
    /// How many rounds there were. Slow engines have fewer.
    pub rounds: u32,
    /// The measured engines, and those left out.
    pub engines: Vec<EngineFacts>,
    /// One job at a time.
    pub single: Vec<Single>,
    /// Many jobs at once.
    pub bulk: Vec<Bulk>,
}

/// What carries jobs to workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// A pool of worker processes, over pipes: no queue.
    Processes,
    /// `queue` on a SQLite file.
    Sqlite,
    /// `queue` on a Redis server.
    Redis,
    /// Python's RQ on the same Redis server, with its usual worker, which forks a process for each job.
    Rq,
    /// The same with its `SimpleWorker`, which does not fork.
    RqSimple,
}

/// Facts about an engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EngineFacts {
    /// Which engine.
    pub engine: Engine,
    /// What exactly was measured, with versions, for people; `None` if the engine's name says it.
    pub note: Option<String>,
    /// Why it was not measured; `None` if it was.
    pub left_out: Option<String>,
}

/// Empty jobs, one at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Single {
    /// What carried them.
    pub engine: Engine,
    /// How many workers were ready.
    pub workers: u32,
    /// Seconds from enqueueing a job to having its result: the median of many, one entry for each round.
    pub seconds: Vec<f64>,
}

/// Empty jobs, enqueued together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bulk {
    /// What carried them.
    pub engine: Engine,
    /// How many workers were ready.
    pub workers: u32,
    /// How many jobs.
    pub jobs: u32,
    /// Seconds from enqueueing the first to having the last result, one entry for each round.
    pub seconds: Vec<f64>,
}

impl Costs {
    /// Where the document is, in this data directory.
    pub fn path_in(data: &Path) -> PathBuf {
        data.join("queue.json")
    }

    /// Writes it. A concurrent reader sees the old one or the new one, never a part.
    pub fn write(&self, data: &Path) -> Result<PathBuf, StoreError> {
        let path = Self::path_in(data);
        write_whole(&path, |file| serde_json::to_writer(file, self).map_err(Into::into))?;
        Ok(path)
    }

    /// The document in this data directory; `None` where nothing was measured.
    pub fn read(data: &Path) -> Result<Option<Self>, StoreError> {
        read_if_there(&Self::path_in(data), SCHEMA)
    }

    /// The rounds of one job at a time, seconds. Empty where the engine was not measured.
    pub fn single_s(&self, engine: Engine) -> &[f64] {
        self.single.iter().find(|one| one.engine == engine).map_or(&[], |one| &one.seconds)
    }

    /// The same number of jobs with one worker, two, and so on, by workers: the number of jobs that was measured with
    /// the most numbers of workers.
    pub fn by_workers(&self, engine: Engine) -> Vec<&Bulk> {
        self.alike(engine, |one| one.jobs, |one| one.workers)
    }

    /// A hundred jobs, a thousand, and so on with the same number of workers, by jobs: the number of workers that was
    /// measured with the most numbers of jobs.
    pub fn by_jobs(&self, engine: Engine) -> Vec<&Bulk> {
        self.alike(engine, |one| one.workers, |one| one.jobs)
    }

    /// The engine's entries that have the most common value of `shared`, ordered by `differs`.
    fn alike(&self, engine: Engine, shared: fn(&Bulk) -> u32, differs: fn(&Bulk) -> u32) -> Vec<&Bulk> {
        let mine = || self.bulk.iter().filter(|one| one.engine == engine);
        let most =
            mine().map(shared).max_by_key(|common| (mine().filter(|one| shared(one) == *common).count(), *common));
        let mut alike: Vec<&Bulk> = mine().filter(|one| Some(shared(one)) == most).collect();
        alike.sort_by_key(|one| differs(one));
        alike
    }

    /// Facts about an engine.
    pub fn about(&self, engine: Engine) -> Option<&EngineFacts> {
        self.engines.iter().find(|about| about.engine == engine)
    }
}

impl Engine {
    /// Every engine, in the order in which tables and charts show them.
    pub const ALL: [Self; 5] = [Self::Processes, Self::Sqlite, Self::Redis, Self::Rq, Self::RqSimple];

    /// Its name in the document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Sqlite => "sqlite",
            Self::Redis => "redis",
            Self::Rq => "rq",
            Self::RqSimple => "rq_simple",
        }
    }
}

impl Bulk {
    /// Seconds for one job, one entry for each round.
    pub fn per_job_s(&self) -> Vec<f64> {
        self.seconds.iter().map(|seconds| seconds / f64::from(self.jobs.max(1))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::fs;

    fn costs() -> Costs {
        let engines = Engine::ALL.map(|engine| EngineFacts { engine, note: Some("1.0".into()), left_out: None });
        Costs {
            schema: SCHEMA.into(),
            makespan_version: "0.0.0".into(),
            host: HostFacts { cores_usable: 2, cores_online: 2, ..HostFacts::default() },
            started_at: "2000-01-01T00:00:00Z".into(),
            command: "cargo bench --bench queue".into(),
            seed: 1,
            rounds: 2,
            engines: engines.into(),
            single: Engine::ALL.map(|engine| Single { engine, workers: 1, seconds: vec![0.1, 0.2] }).into(),
            bulk: Engine::ALL.map(|engine| Bulk { engine, workers: 2, jobs: 10, seconds: vec![1.0, 2.0] }).into(),
        }
    }

    fn schema() -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/schema/queue-1.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn comes_back_as_it_was_written_and_is_valid() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Costs::read(dir.path()).unwrap(), None);
        let path = costs().write(dir.path()).unwrap();
        assert_eq!(Costs::read(dir.path()).unwrap(), Some(costs()));
        let written: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let schema = schema();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let complaints: Vec<String> = validator.iter_errors(&written).map(|error| error.to_string()).collect();
        assert_eq!(complaints, [""; 0]);
    }

    #[test]
    fn what_is_drawn_as_one_line_differs_in_one_thing() {
        let mut costs = costs();
        let of = |workers, jobs| Bulk { engine: Engine::Redis, workers, jobs, seconds: vec![1.0] };
        costs.bulk = vec![of(8, 50), of(1, 50), of(2, 50), of(2, 100), of(2, 1000), of(4, 50)];
        let workers: Vec<u32> = costs.by_workers(Engine::Redis).iter().map(|one| one.workers).collect();
        let jobs: Vec<u32> = costs.by_jobs(Engine::Redis).iter().map(|one| one.jobs).collect();
        assert_eq!((workers, jobs), (vec![1, 2, 4, 8], vec![50, 100, 1000]));
        assert!(costs.by_jobs(Engine::Rq).is_empty());
    }

    #[test]
    fn a_damaged_or_foreign_document_is_an_error_that_says_which_file() {
        let dir = tempfile::tempdir().unwrap();
        let newer = serde_json::to_string(&Costs { schema: "makespan.queue/9".into(), ..costs() }).unwrap();
        for (text, reason) in [("{\"schema\": ", "EOF"), (newer.as_str(), "its schema is `makespan.queue/9`")] {
            fs::write(Costs::path_in(dir.path()), text).unwrap();
            let error = Costs::read(dir.path()).unwrap_err().to_string();
            assert!(error.contains("queue.json") && error.contains(reason), "{error}");
        }
    }
}
