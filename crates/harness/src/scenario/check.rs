//! From the wire form to the checked form: every name resolves, every number is in range, or the error says where not.

use super::{
    Background, CellSpec, DEFAULT_VARIANT, Scenario, ScenarioError, Variant, Workload, matrix, shapes, time_scale,
    wire, with_baselines,
};
use crate::scenario::Timer;
use mock_server::{
    checked::{self, CheckedProfile},
    profile::Profile,
};
use serde::de::DeserializeOwned;
use std::{collections::BTreeSet, num::NonZeroU32, time::Duration};
use support::{
    figures::exact,
    suggestion::{nearest, one_of},
};
use toml::{Table, Value};
use work::{
    strategy::{self, Strategy, python::is_python},
    task::fetch::{Listing, Recipe},
    worker::layout::WorkerLayout,
};

/// With less than this a process can't even start: its heap reserves 64 MiB.
const LEAST_ADDRESS_SPACE_BYTES: u64 = 100_000_000;

/// Sums of primes up to here end within minutes.
const LARGEST_SIEVE: u64 = 100_000_000;

/// The default limit of a run.
const A_MINUTE_S: f64 = 60.0;

/// Nobody waits longer for a run. More is a typo, and could overflow a clock.
pub(super) const DAY_S: f64 = 86_400.0;

/// Checks the wire form of one file.
pub(super) struct ScenarioChecker<'a> {
    /// What errors call the file.
    pub file: &'a str,
    /// The file's table, into which variants are merged.
    pub table: &'a Table,
}

impl ScenarioChecker<'_> {
    /// All but the claims and decisions, which may name cells of other scenarios.
    pub(super) fn scenario(&self, name: &str, wire: wire::Scenario) -> Result<Scenario, ScenarioError> {
        if let Err(expected) = time_scale(wire.time_scale) {
            return Err(self.invalid("time_scale", &exact(wire.time_scale), &expected));
        }
        let deadline_s = wire.deadline_s.unwrap_or(A_MINUTE_S);
        self.seconds("deadline_s", deadline_s)?;
        for strategy in wire.as_published.keys() {
            self.strategy("as_published", strategy)?;
        }
        let base = Variant {
            name: DEFAULT_VARIANT.into(),
            title: None,
            workload: wire.workload,
            arrivals: wire.arrivals,
            server: wire.server.map(|server| self.server("server", server, wire.time_scale)).transpose()?,
            prologue: wire.prologue,
            expected: wire::Outcomes::by_index(&wire.expected),
            may_fail: wire.may_fail,
            address_space_bytes: wire.address_space_mb.map(megabytes),
            cores: wire.cores,
            background: wire.background,
            gives_up_s: wire.gives_up_s,
            calibrated_from: wire.calibrated_from,
        };
        let mut variants = vec![base.clone()];
        for (name, changes) in wire.variants {
            if name == DEFAULT_VARIANT {
                let expected = format!("another name: `{name}` is the scenario without changes");
                return Err(self.invalid("variants", &format!("`{name}`"), &expected));
            }
            variants.push(self.changed(base.clone(), name, changes, wire.time_scale)?);
        }
        for variant in &variants {
            self.variant(variant)?;
            self.arrivals(variant, wire.time_scale, deadline_s)?;
        }
        let most = variants.iter().map(Variant::tasks).max().unwrap_or(0);
        let beyond =
            |variant: &Variant| variant.expected.last_key_value().map(|(&index, _)| index).filter(|&i| i >= most);
        if let Some(index) = variants.iter().find_map(beyond) {
            let expected = format!("an index below {most}, since no variant has more tasks");
            return Err(self.invalid("expected.indexes", &index.to_string(), &expected));
        }
        let cells = self.cells("cells", &wire.cells, &variants)?;
        let sweep = if wire.sweep.is_empty() { cells.clone() } else { self.cells("sweep", &wire.sweep, &variants)? };
        if let Some(cell) = cells
            .iter()
            .chain(&sweep)
            .find(|cell| cell.timer == Timer::AsPublished && !wire.as_published.contains_key(&cell.strategy))
        {
            let expected = format!("a line for `{}`, since a cell has the timer `as_published`", cell.strategy);
            return Err(self.invalid("as_published", "none", &expected));
        }
        Ok(Scenario {
            name: name.into(),
            source: None,
            title: wire.title,
            question: wire.question,
            document: wire.document,
            time_scale: wire.time_scale,
            deadline: Duration::from_secs_f64(deadline_s),
            deadline_is_given: wire.deadline_s.is_some(),
            as_published: wire.as_published,
            variants,
            cells,
            sweep,
            claims: Vec::new(),
            decisions: Vec::new(),
        })
    }

    fn variant(&self, variant: &Variant) -> Result<(), ScenarioError> {
        self.size(&variant.workload)?;
        variant.background.as_ref().map_or(Ok(()), |background| self.background(background))?;
        if let Some(bytes) = variant.address_space_bytes.filter(|&bytes| bytes < LEAST_ADDRESS_SPACE_BYTES) {
            let (found, expected) =
                ((bytes / 1_000_000).to_string(), "at least 100: a process alone takes most of that");
            return Err(self.invalid("address_space_mb", &found, expected));
        }
        variant.gives_up_s.map_or(Ok(()), |seconds| self.seconds("gives_up_s", seconds))?;
        let Workload::Fetch(fetch) = &variant.workload else {
            return match (&variant.server, variant.prologue.is_empty()) {
                (None, true) => Ok(()),
                _ => Err(self.invalid("server", "a server", "none, since no task fetches")),
            };
        };
        let Some(server) = &variant.server else {
            return Err(self.invalid("server", "none", "a [server] table for the fetches to go to"));
        };
        let server = server.check().map_err(|wrong| self.invalid(&wrong.key, &wrong.found, &wrong.expected))?;
        for (key, seconds) in [
            ("workload.fetch.timeout_s", fetch.timeout_s),
            ("workload.fetch.connect_timeout_s", fetch.connect_timeout_s),
        ] {
            seconds.map_or(Ok(()), |seconds| self.seconds(key, seconds))?;
        }
        if !(0.0..=DAY_S).contains(&fetch.retry_wait_s) {
            return Err(self.invalid(
                "workload.fetch.retry_wait_s",
                &exact(fetch.retry_wait_s),
                "seconds from 0 to a day",
            ));
        }
        if fetch.paths.is_empty() == fetch.listing.is_none() {
            let found = if fetch.listing.is_none() { "neither" } else { "both" };
            return Err(self.invalid("workload.fetch", found, "either `paths` or a `listing`"));
        }
        if let Some(path) = fetch.paths.iter().find(|path| !path.starts_with('/')) {
            return Err(self.invalid("workload.fetch.paths", path, "a path that begins with /"));
        }
        if fetch.listing.is_some() && !fetch.sites.is_empty() {
            return Err(self.invalid("workload.fetch.sites", "some", "none with a `listing`, whose links name theirs"));
        }
        if let Some(site) = fetch.sites.iter().find(|site| !checked::is_host_name(site)) {
            return Err(self.invalid("workload.fetch.sites", site, "a host name such as alpha.example"));
        }
        self.answered(variant, fetch, &server)
    }

    fn background(&self, background: &Background) -> Result<(), ScenarioError> {
        let strategy = self.strategy("background.strategy", &background.strategy)?;
        let fits = shapes(strategy, &[background.workers], u32::MAX);
        fits.map(drop).map_err(|misfit| self.invalid("background.workers", &misfit.found, &misfit.expected))?;
        if background.below <= LARGEST_SIEVE {
            return Ok(());
        }
        let found = background.below.to_string();
        Err(self.invalid("background.below", &found, &format!("at most {LARGEST_SIEVE}")))
    }

    /// The last task must be due before the deadline, or every run would time out.
    fn arrivals(&self, variant: &Variant, time_scale: f64, deadline_s: f64) -> Result<(), ScenarioError> {
        let Some(arrivals) = &variant.arrivals else { return Ok(()) };
        self.positive("arrivals.rate_per_s", arrivals.rate_per_s)?;
        let last_s = f64::from(variant.tasks()) / (arrivals.rate_per_s * variant.pace(time_scale));
        if last_s < deadline_s {
            return Ok(());
        }
        let (tasks, deadline) = (variant.tasks(), exact(deadline_s));
        let found = format!("{} for {tasks} tasks", exact(arrivals.rate_per_s));
        Err(self.invalid("arrivals.rate_per_s", &found, &format!("a rate at which the last of them is due before the run's deadline of {deadline} s: a higher one, or a later `deadline_s`")))
    }

    /// Checks that each fetched path has a route. Else the server's own 404 would be measured as an answer.
    fn answered(&self, variant: &Variant, fetch: &Recipe, server: &CheckedProfile) -> Result<(), ScenarioError> {
        let listed = |listing: &Listing| (None, listing.path.clone());
        let mut paths: Vec<(&str, (Option<String>, String))> =
            variant.prologue.iter().map(|listing| ("prologue.path", listed(listing))).collect();
        paths.extend(fetch.listing.iter().map(|listing| ("workload.fetch.listing.path", listed(listing))));
        if fetch.listing.is_none() {
            // Most paths are fetched by many tasks.
            let tasks: BTreeSet<_> = (0..fetch.tasks.get() as usize).map(|index| fetch.site_and_path(index)).collect();
            paths.extend(tasks.into_iter().map(|(site, path)| ("workload.fetch.paths", (site.map(Into::into), path))));
        }
        for (key, (site, path)) in paths {
            let Some(missing) = server.unanswered(&path, site.as_deref(), fetch.redirects) else { continue };
            let known: Vec<String> = server.paths().collect();
            let near = nearest(&missing, known.iter().map(String::as_str));
            let near = near.map(|near| format!(" (the nearest is `{near}`)")).unwrap_or_default();
            let redirected = if missing == path { String::new() } else { format!(", which redirects to `{missing}`") };
            let on_site = site.map(|site| format!(" at {site}")).unwrap_or_default();
            let found = format!("`{path}`{redirected}{on_site}, which no route answers");
            let expected =
                format!("a path that a route answers{near}, or a route with `status = 404` if it is to be missing");
            let key =
                if variant.name == DEFAULT_VARIANT { key.into() } else { format!("{key} (variant {})", variant.name) };
            return Err(self.invalid(&key, &found, &expected));
        }
        Ok(())
    }

    /// A digit too many in a file should be an error in the file, and not exhaust the machine's memory.
    fn size(&self, workload: &Workload) -> Result<(), ScenarioError> {
        const MOST_TASKS: u32 = 1_000_000;
        const LARGEST_FILES: u64 = 1_000_000_000;
        const LARGEST_TEXTS: u64 = 60_000_000;
        let tasks = workload.clone().tasks().get();
        if tasks > MOST_TASKS {
            return Err(self.invalid("workload", &format!("{tasks} tasks"), &format!("at most {MOST_TASKS}")));
        }
        match workload {
            Workload::PrimeSum(recipe) if recipe.below.get() > LARGEST_SIEVE => {
                let found = recipe.below.to_string();
                Err(self.invalid("workload.prime_sum.below", &found, &format!("at most {LARGEST_SIEVE}")))
            }
            // All tasks of a cell go to the process that measures its memory in one message.
            Workload::Payload(recipe) if u64::from(recipe.bytes.get()) * u64::from(tasks) > LARGEST_TEXTS => {
                let found = format!("{tasks} texts of {} bytes", recipe.bytes);
                Err(self.invalid("workload.payload", &found, &format!("at most {LARGEST_TEXTS} bytes in all")))
            }
            Workload::Files(recipe) if recipe.bytes.get().saturating_mul(tasks.into()) > LARGEST_FILES => {
                let found = format!("{tasks} files of {} bytes", recipe.bytes);
                Err(self.invalid("workload.files", &found, &format!("at most {LARGEST_FILES} bytes in all")))
            }
            _ => Ok(()),
        }
    }

    /// A server's times are scaled like all others, and its photographs come from the fixtures.
    fn server(&self, key: &str, server: Profile, time_scale: f64) -> Result<Profile, ScenarioError> {
        if (server.time_scale - 1.0).abs() > f64::EPSILON {
            let key = format!("{key}.time_scale");
            return Err(self.invalid(&key, "a number", "none here: it belongs at the top of the file"));
        }
        if server.photos.is_some() {
            return Err(self.invalid(&format!("{key}.photos"), "a path", "none here: the fixtures know their place"));
        }
        Ok(Profile { time_scale, ..server })
    }

    /// The scenario with a variant's changes applied.
    fn changed(
        &self,
        base: Variant,
        name: String,
        changes: wire::Changes,
        time_scale: f64,
    ) -> Result<Variant, ScenarioError> {
        let mut variant = base;
        if let Some(workload) = changes.workload {
            variant.workload = self.laid_over("workload", workload, &name)?;
        }
        if let Some(arrivals) = changes.arrivals {
            variant.arrivals = Some(self.laid_over("arrivals", arrivals, &name)?);
        }
        if let Some(server) = changes.server {
            let server = self.laid_over("server", server, &name)?;
            variant.server = Some(self.server(&format!("variants.{name}.server"), server, time_scale)?);
        }
        if let Some(count) = changes.tasks {
            *variant.workload.tasks() = count;
        }
        if let (Some(latency_s), Some(server)) = (changes.latency_s, &mut variant.server) {
            server.routes.iter_mut().for_each(|route| route.latency_s = latency_s);
        }
        variant.prologue = changes.prologue.unwrap_or(variant.prologue);
        variant.expected = changes.expected.map_or(variant.expected, |outcomes| wire::Outcomes::by_index(&outcomes));
        variant.may_fail = changes.may_fail.unwrap_or(variant.may_fail);
        variant.address_space_bytes = changes.address_space_mb.map(megabytes).or(variant.address_space_bytes);
        variant.cores = changes.cores.or(variant.cores);
        variant.background = changes.background.or(variant.background);
        variant.gives_up_s = changes.gives_up_s.or(variant.gives_up_s);
        variant.calibrated_from = changes.calibrated_from.unwrap_or(variant.calibrated_from);
        Ok(Variant { name, title: changes.title, ..variant })
    }

    /// The file's table of this name, with a variant's changes.
    fn laid_over<T: DeserializeOwned>(&self, key: &str, changes: Table, variant: &str) -> Result<T, ScenarioError> {
        let base = self.table.get(key).and_then(Value::as_table).cloned().unwrap_or_default();
        wire::merged(base, changes).try_into().map_err(|error: toml::de::Error| ScenarioError::Malformed {
            file: self.file.into(),
            message: format!("`variants.{variant}.{key}`: {}", error.to_string().trim_end()),
        })
    }

    fn cells(&self, key: &str, wire: &[wire::Cells], variants: &[Variant]) -> Result<Vec<CellSpec>, ScenarioError> {
        let mut cells = Vec::new();
        for group in wire {
            let Some(variant) = variants.iter().find(|variant| variant.name == group.variant) else {
                let known: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
                let (found, expected) = (format!("`{}`", group.variant), one_of(&group.variant, &known));
                return Err(self.invalid(&format!("{key}.variant"), &found, &expected));
            };
            let named = group.strategies.iter().map(|name| self.strategy(&format!("{key}.strategies"), name));
            let strategies = named.collect::<Result<Vec<_>, _>>()?;
            let shapes: Vec<WorkerLayout> = group.workers.iter().map(WorkerLayout::from).collect();
            let all = matrix(variant, &strategies, &shapes, &group.schedules, group.timer);
            let all = all.map_err(|misfit| self.invalid(&format!("{key}.workers"), &misfit.found, &misfit.expected))?;
            if group.python.is_empty() {
                cells.extend(all);
                continue;
            }
            if let Some(cell) = all.iter().find(|cell| !is_python(&cell.strategy)) {
                let expected = "only with strategies of Python, such as `python/threads`";
                return Err(self.invalid(&format!("{key}.python"), &format!("with `{}`", cell.strategy), expected));
            }
            let in_each = |cell: &CellSpec| {
                let with = |python: &String| CellSpec { python: Some(python.clone()), ..cell.clone() };
                group.python.iter().map(with).collect::<Vec<_>>()
            };
            cells.extend(all.iter().flat_map(in_each));
        }
        if cells.is_empty() {
            return Err(self.invalid(key, "nothing", "at least one strategy with one worker"));
        }
        Ok(with_baselines(cells))
    }

    fn strategy(&self, key: &str, name: &str) -> Result<&'static dyn Strategy, ScenarioError> {
        strategy::named(name).map_err(|_| self.invalid(key, &format!("`{name}`"), &one_of(name, &strategy::names())))
    }

    pub(super) fn positive(&self, key: &str, number: f64) -> Result<(), ScenarioError> {
        if number.is_finite() && number > 0.0 {
            return Ok(());
        }
        Err(self.invalid(key, &exact(number), "a number above 0"))
    }

    fn seconds(&self, key: &str, seconds: f64) -> Result<(), ScenarioError> {
        self.positive(key, seconds)?;
        if seconds <= DAY_S { Ok(()) } else { Err(self.invalid(key, &exact(seconds), "at most a day (86400 s)")) }
    }

    pub(super) fn invalid(&self, key: &str, found: &str, expected: &str) -> ScenarioError {
        let (file, key) = (self.file.to_owned(), key.to_owned());
        ScenarioError::Invalid { file, key, found: found.into(), expected: expected.into() }
    }
}

fn megabytes(count: NonZeroU32) -> u64 {
    u64::from(count.get()) * 1_000_000
}
