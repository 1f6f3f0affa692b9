//! `makespan worker`: takes jobs from a queue until it is told to leave.

use super::{
    Data, Usage,
    print::{note, say},
    queue_address,
    run::origin,
};
use anyhow::Context;
use clap::builder::NonEmptyStringValueParser;
use harness::results::store::Store;
use std::{
    io::{Write, stdout},
    num::NonZeroU32,
    process::{self, ExitCode},
    sync::mpsc::{Sender, channel},
};
use support::scratch::Scratch;
use work::queue::{
    address::{Address, DEFAULT_NAME},
    worker::{JobWorkers, Membership, WorkerEvent, peer_id},
};

/// Takes jobs from a queue until Ctrl-C or SIGTERM.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct WorkerArgs {
    /// Where the queue is: redis://[[USER]:PASSWORD@]HOST[:PORT][/DB] or sqlite:PATH [default: `MAKESPAN_QUEUE`]
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// The queue's name: a run finds the workers that listen on its own
    #[arg(long, value_name = "QUEUE", default_value = DEFAULT_NAME, value_parser = NonEmptyStringValueParser::new())]
    name: String,
    /// How many jobs to do at once, each on a thread of its own [default: as many as there are usable cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    concurrency: Option<u32>,
    /// Fetch from this server alone, whatever server a job names [default: the one its run names]
    #[arg(long, value_name = "http://HOST:PORT", value_parser = origin)]
    server: Option<String>,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan worker --queue redis://127.0.0.1/0 --concurrency 4
  makespan worker --queue redis://queue.example:6379/0 --name lecture --server http://10.0.0.1:8080
  MAKESPAN_QUEUE=redis://:PASSWORD@queue.example/0 makespan worker

Two terminals, and nothing to install:
  makespan worker --queue sqlite:/tmp/jobs.db
  makespan run gallery_downloads --strategy queue --workers 0 --queue sqlite:/tmp/jobs.db

Whatever a job says, a worker fetches from one server, sums primes, and makes thumbnails and unpacks
archives of fixtures, which it makes for itself on first use. The run must be of the same build.
The first line on stdout says where it listens. Ctrl-C finishes the jobs in hand, a second one
leaves them to others.";

/// What the main thread waits for.
enum Word {
    /// Ctrl-C, or SIGTERM.
    Leave,
    /// The crew is at its end already.
    Ended,
}

pub fn run(args: WorkerArgs) -> anyhow::Result<ExitCode> {
    let address = address(args.queue.as_deref())?;
    let store = args.data.store();
    let outputs = outputs(&store)?;
    let (words, heard) = channel();
    on_ctrl_c(words.clone())?;
    let threads = args.concurrency.and_then(NonZeroU32::new).unwrap_or_else(usable_cores);
    let (data, outputs_dir) = (store.dir().to_owned(), outputs.path().to_owned());
    let (queue, server) = (args.name, args.server);
    let membership = Membership { address, queue, threads, first_worker: 0, data, outputs: outputs_dir, server };
    let crew = JobWorkers::join(&membership, move |event| tell(event, &words))?;
    announce(&membership);
    if let Ok(Word::Leave) = heard.recv() {
        note!("finishing the jobs in hand; Ctrl-C again ends it at once");
    }
    let jobs = crew.leave()?;
    note!("left queue `{}`: {jobs} job{} done", membership.queue, if jobs == 1 { "" } else { "s" });
    Ok(ExitCode::SUCCESS)
}

fn address(given: Option<&str>) -> Result<Address, Usage> {
    let missing = "which queue? Give --queue redis://HOST:PORT/DB or --queue sqlite:PATH, or set MAKESPAN_QUEUE";
    queue_address(given)?.ok_or_else(|| Usage(missing.into()))
}

fn usable_cores() -> NonZeroU32 {
    u32::try_from(num_cpus::get()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

/// Where jobs write. It goes when the worker does.
fn outputs(store: &Store) -> anyhow::Result<Scratch> {
    let path = store.dir().join("outputs");
    Scratch::new_in(&path).with_context(|| {
        format!("{}: can't make a directory for outputs; give another place with --data DIR", path.display())
    })
}

fn announce(membership: &Membership) {
    let Membership { address, queue, threads, .. } = membership;
    let first = peer_id(process::id(), 0);
    let me = first.rsplit_once(':').map_or(first.as_str(), |(me, _)| me);
    let jobs = if *threads == NonZeroU32::MIN { "job" } else { "jobs" };
    say!("listening on queue `{queue}` at {address} as {me} ({threads} {jobs} at once)");
    // Whoever started it may wait for this line, or may have stopped reading.
    let _ = stdout().flush();
    note!("Ctrl-C finishes the jobs in hand and leaves");
}

fn tell(event: WorkerEvent, words: &Sender<Word>) {
    match event {
        WorkerEvent::Lost(why) => note!("{why}; trying again, and keeping what is finished"),
        WorkerEvent::Back => note!("the queue is back"),
        WorkerEvent::Skipped(what) => note!("{what}; skipped"),
        // Nobody listens any more when it is about to leave anyway.
        WorkerEvent::Ended(_) => drop(words.send(Word::Ended)),
    }
}

/// The first Ctrl-C lets it leave, the second ends it where it stands: its jobs go to others.
fn on_ctrl_c(words: Sender<Word>) -> anyhow::Result<()> {
    let mut told = false;
    ctrlc::set_handler(move || {
        if std::mem::replace(&mut told, true) {
            process::exit(130);
        }
        let _ = words.send(Word::Leave);
    })
    .context("can't listen for Ctrl-C")
}
