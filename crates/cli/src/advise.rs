//! `makespan advise`: how many workers, and of which kind, for a user's own work.

mod load;
mod own_work;
mod program;
mod quota;
mod words;

use super::{
    Data, Usage,
    measuring::{self, PythonArgs},
    print::note,
};
use advice::{AdviceStanding, documents::AdviceDocument, load::LatencyTarget};
use clap::{ArgGroup, builder::NonEmptyStringValueParser};
use harness::results::{output::Output, own_advice, store::Store};
use own_work::OwnWork;
use program::AdviceRun;
use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

pub const LONG_ABOUT: &str = "\
Advise how many workers, and of which kind, for your own commands, URLs or Python functions

makespan first runs a few tasks sequentially, to see what they spend their time on. It then doubles the number of workers for \
as long as that helps, and measures a few counts around the best one in interleaved rounds, until the advice stands or the budget \
is spent. The advice is the smallest number of workers within 5 % of the fastest.

The work is really done, and more than once: a command that writes files writes them each time, and your server receives real \
requests. Standard error says beforehand what will be run or sent. What a command leaves running in its process group is killed when \
the command ends. Ctrl-C stops all commands; if makespan itself is killed with \
SIGKILL, commands that are already running continue to their end.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("work").required(true).args(["command", "url", "urls", "function", "scenario"])))]
pub struct AdviseArgs {
    /// A command to run for each input, without a shell. `{}` is the input, `{/}` its file name, `{.}` the input without
    /// extension, `{/.}` the file name without it; if the command has none of these, the input is appended. Each command
    /// is run several times, with several at once
    #[arg(long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new(), help_heading = "Work")]
    command: Option<String>,
    /// A URL to request again and again, http or https
    #[arg(long, value_name = "URL", help_heading = "Work")]
    url: Option<String>,
    /// A file with a URL in each line
    #[arg(long, value_name = "FILE", help_heading = "Work")]
    urls: Option<PathBuf>,
    /// A Python function to call with each input, imported from the current directory; `--python` names the interpreter
    #[arg(long, value_name = "MODULE:FUNCTION", help_heading = "Work")]
    function: Option<String>,
    /// A scenario's name (see `makespan list`), or the path of a TOML file
    #[arg(long, value_name = "NAME", help_heading = "Work")]
    scenario: Option<String>,
    /// Inputs of a command or function: files by name or by pattern, such as 'photos/*.jpg'. A repeated one is left out
    #[arg(long, value_name = "PATTERN", num_args = 1.., help_heading = "Work", conflicts_with_all = ["url", "urls", "scenario"])]
    inputs: Vec<String>,
    /// Inputs of a command or function: the lines of this file
    #[arg(long, value_name = "FILE", help_heading = "Work", conflicts_with_all = ["inputs", "url", "urls", "scenario"])]
    inputs_from: Option<PathBuf>,
    /// Method of the requests
    #[arg(long, value_name = "METHOD", default_value = "GET", help_heading = "Requests", conflicts_with_all = ["command", "function", "scenario"])]
    method: String,
    /// A header of the requests (repeatable)
    #[arg(long, value_name = "NAME: VALUE", help_heading = "Requests", conflicts_with_all = ["command", "function", "scenario"])]
    header: Vec<String>,
    /// Body of the requests
    #[arg(long, value_name = "TEXT", help_heading = "Requests", conflicts_with_all = ["command", "function", "scenario"])]
    body: Option<String>,
    /// Maximum number of requests to send in total. With fewer, fewer workers are tried
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(20..), help_heading = "Requests", conflicts_with_all = ["command", "function", "scenario"])]
    max_requests: u32,
    /// Maximum number of tasks at once [default: 16 for requests, else 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    at_most: Option<u32>,
    /// Rate at which tasks become due, such as `50/s`, whether or not earlier ones are done: asks how many workers can
    /// hold that rate
    #[arg(long, value_name = "N/s", value_parser = rate, help_heading = "Load")]
    rate: Option<f64>,
    /// Latency target at that rate: p50, p95 or p99 below a time, measured from when a task is due
    #[arg(long, value_name = "p99<TIME", requires = "rate", help_heading = "Load")]
    target: Option<LatencyTarget>,
    /// Strategies to compare [default: those that make sense for the work]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    strategy: Vec<String>,
    /// Measure under each of these CPU quotas, in cores, as containers impose them: 0.5,1,2. Needs permission to create
    /// control groups (Linux; root, or a delegated group). The budget applies to each quota
    #[arg(long, value_name = "CORES,...", value_delimiter = ',', value_parser = quota_cores, conflicts_with = "rate")]
    quota: Vec<f64>,
    /// How long to measure, in seconds. In a shorter time, fewer workers are tried
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = budget)]
    budget: f64,
    /// Also write the advice as JSON; `-` for standard output, instead of the text
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
    #[command(flatten)]
    python: PythonArgs,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan advise --command 'convert {} -resize 128x128 /tmp/small/{/}' --inputs 'photos/*.jpg'
  makespan advise --command 'gzip -k -c' --inputs logs/*.log --budget 20
  makespan advise --url http://localhost:8080/search?q=a --max-requests 2000 --at-most 64
  makespan advise --urls urls.txt --header 'Authorization: Bearer x'
  makespan advise --function resize:one --inputs 'photos/*.jpg' --python python3.14
  makespan advise --scenario prime_sum
  makespan advise --scenario prime_sum --quota 0.5,1,2
  makespan advise --url http://localhost:8080/ --rate 50/s --target 'p99<200ms' --max-requests 3000
  makespan advise --scenario gallery_downloads --rate 200/s
  makespan advise --url http://localhost:8080/ --json - | jq .advised.workers

Exit status:
  0  the advice stands
  1  tasks failed, or the work could not be run
  2  the command line or an input is wrong
  3  undecided within the budget, or no number of workers holds --rate";

fn rate(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix("/s").unwrap_or(text).trim().parse().ok();
    let rate = number.filter(|rate| (0.01..=100_000.0).contains(rate));
    rate.ok_or_else(|| format!("`{text}` is not a rate; expected tasks per second, such as 50/s"))
}

fn quota_cores(text: &str) -> Result<f64, String> {
    let cores = text.trim().parse().ok().filter(|cores| (0.05..=1024.0).contains(cores));
    cores.ok_or_else(|| format!("`{text}` is not a quota; expected cores, such as 0.5"))
}

fn budget(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (1.0..=3600.0).contains(seconds));
    seconds.ok_or_else(|| format!("`{text}` is not a budget; expected seconds from 1 to 3600"))
}

pub fn run(args: &AdviseArgs) -> anyhow::Result<ExitCode> {
    let store = args.data.clone().store();
    if args.python.python.len() > 1 || args.python.start_method.len() > 1 {
        return Err(Usage(
            "--python, --start-method: found several, expected one: advice is for one interpreter".into(),
        )
        .into());
    }
    let work = OwnWork::of(args, &store)?;
    let interrupted = measuring::on_ctrl_c()?;
    note!("{}", work.announcement());
    let settings = program::settings(args, &store, Arc::clone(&interrupted))?;
    let start = || AdviceRun::new(&work, &settings, Duration::from_secs_f64(args.budget));
    let output = AdviceOutput { json: args.json.as_ref(), store: &store, interrupted: &interrupted };
    let (standing, is_kept) = if !args.quota.is_empty() {
        let found = quota::sweep(&args.quota, &start, &interrupted)?;
        output.show(found.standing(), &|| found.print(&work), &found.export(&work), true)?
    } else if let Some(rate) = args.rate {
        let found = start().under_load(rate, args.target)?;
        output.show(found.standing, &|| found.print(&work), &found.export(&work), found.rounds > 0)?
    } else {
        let found = start().whole()?;
        let document = words::export(&work, &found);
        output.show(found.advice.standing, &|| words::print(&work, &found), &document, found.rounds > 0)?
    };
    if is_kept {
        note!("the page shows it: makespan report{}", args.data.as_option());
    }
    Ok(exit_code(standing))
}

/// `None` after Ctrl-C.
fn exit_code(standing: Option<AdviceStanding>) -> ExitCode {
    match standing {
        Some(AdviceStanding::Stands) => ExitCode::SUCCESS,
        Some(AdviceStanding::Undecided) => ExitCode::from(3),
        Some(AdviceStanding::Failed) => ExitCode::FAILURE,
        None => ExitCode::from(130),
    }
}

/// Where an advice goes.
struct AdviceOutput<'a> {
    json: Option<&'a Output>,
    store: &'a Store,
    interrupted: &'a AtomicBool,
}

impl AdviceOutput<'_> {
    /// Shows what was found, as text, as JSON or as both, and keeps it for the page if it is worth it. Returns the standing, and
    /// whether it was kept. After Ctrl-C, it does nothing, and there is no standing.
    fn show<T: AdviceDocument>(
        &self,
        standing: AdviceStanding,
        print: &dyn Fn(),
        document: &T,
        is_worth_keeping: bool,
    ) -> anyhow::Result<(Option<AdviceStanding>, bool)> {
        if self.interrupted.load(Relaxed) {
            note!("interrupted: no advice");
            return Ok((None, false));
        }
        if self.json != Some(&Output::Stdout) {
            print();
        }
        if let Some(output) = self.json {
            output.write_json(document)?;
        }
        if is_worth_keeping {
            own_advice::keep(&self.store.dir().join(T::FILE), document)?;
        }
        Ok((Some(standing), is_worth_keeping))
    }
}
