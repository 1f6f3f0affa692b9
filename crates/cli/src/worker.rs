//! `makespan worker`: takes jobs from a queue until it is told to stop.

use super::{
    Data, Usage,
    print::{note, say},
    queue_address,
    run::origin,
};
use anyhow::Context;
use clap::builder::NonEmptyStringValueParser;
use harness::results::store::Store;
use measure::usable_cores::UsableCores;
use std::{
    io::{Write, stdout},
    num::NonZeroU32,
    process::{self, ExitCode},
    sync::mpsc::{Sender, channel},
};
use support::{figures::count, scratch::Scratch};
use work::queue::{
    address::{Address, DEFAULT_NAME},
    worker::{JobWorkers, Membership, WorkerEvent, peer_id},
};

/// Takes jobs from a queue until Ctrl-C or SIGTERM.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct WorkerArgs {
    /// URL of the queue: redis://[[USER]:PASSWORD@]HOST[:PORT][/DB] or sqlite:PATH [default: `MAKESPAN_QUEUE`]
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// Name of the queue; a run uses the workers that listen on the queue it names
    #[arg(long, value_name = "QUEUE", default_value = DEFAULT_NAME, value_parser = NonEmptyStringValueParser::new())]
    name: String,
    /// How many jobs to run at once, each on its own thread [default: the number of usable cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    concurrency: Option<u32>,
    /// Fetch only from this server, whatever server a job names [default: the one its run names]
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

In two terminals, with nothing to install:
  makespan worker --queue sqlite:/tmp/jobs.db
  makespan run gallery_downloads --strategy queue --workers 0 --queue sqlite:/tmp/jobs.db

Whatever a job says, a worker only fetches from one server, sums primes, makes thumbnails and
unpacks archives. It generates its fixtures on first use. Run and worker must be the same build. The
first line on stdout names the queue. Ctrl-C finishes the current jobs; after a second Ctrl-C, other
workers take them over.";

/// The message that the main thread waits for.
enum Word {
    /// Ctrl-C, or SIGTERM.
    Leave,
    /// The workers have ended already.
    Ended,
}

pub fn run(args: WorkerArgs) -> anyhow::Result<ExitCode> {
    let address = address(args.queue.as_deref())?;
    let store = args.data.store();
    let outputs = outputs(&store)?;
    let (words, heard) = channel();
    on_ctrl_c(words.clone())?;
    let threads = args.concurrency.and_then(NonZeroU32::new).unwrap_or_else(|| UsableCores::of_this_process().whole());
    let (data, outputs_dir) = (store.dir().to_owned(), outputs.path().to_owned());
    let (queue, server) = (args.name, args.server);
    let membership = Membership { address, queue, threads, first_worker: 0, data, outputs: outputs_dir, server };
    let crew = JobWorkers::join(&membership, move |event| tell(event, &words))?;
    announce(&membership);
    if let Ok(Word::Leave) = heard.recv() {
        note!("finishing the current jobs; Ctrl-C again stops at once");
    }
    let jobs = crew.leave()?;
    note!("left queue `{}`: {} done", membership.queue, count(jobs as usize, "job"));
    Ok(ExitCode::SUCCESS)
}

fn address(given: Option<&str>) -> Result<Address, Usage> {
    let missing = "no queue is given: use --queue redis://HOST:PORT/DB or --queue sqlite:PATH, or set MAKESPAN_QUEUE";
    queue_address(given)?.ok_or_else(|| Usage(missing.into()))
}

/// The directory that jobs write to. It is removed when the worker ends.
fn outputs(store: &Store) -> anyhow::Result<Scratch> {
    let path = store.dir().join("outputs");
    Scratch::new_in(&path).with_context(|| {
        format!("{}: can't create a directory for outputs; choose another place with --data DIR", path.display())
    })
}

fn announce(membership: &Membership) {
    let Membership { address, queue, threads, .. } = membership;
    let first = peer_id(process::id(), 0);
    let me = first.rsplit_once(':').map_or(first.as_str(), |(me, _)| me);
    let jobs = count(threads.get() as usize, "job");
    say!("listening on queue `{queue}` at {address} as {me} ({jobs} at once)");
    // The caller may wait for this line, or may have closed the pipe.
    let _ = stdout().flush();
    note!("Ctrl-C finishes the current jobs and exits");
}

fn tell(event: WorkerEvent, words: &Sender<Word>) {
    match event {
        WorkerEvent::Lost(why) => note!("{why}; retrying, and keeping finished results"),
        WorkerEvent::Back => note!("the queue is back"),
        WorkerEvent::Skipped(what) => note!("{what}; skipped"),
        // The receiver is gone if the worker is about to leave anyway.
        WorkerEvent::Ended(_) => drop(words.send(Word::Ended)),
    }
}

/// After the first Ctrl-C the worker finishes its jobs; the second ends it at once, and its jobs are redelivered.
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
