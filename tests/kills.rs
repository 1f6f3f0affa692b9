//! Kills and stops at random, over all strategies that have worker processes and all phases of a run. It takes many minutes,
//! so it is no part of `cargo test`: `make faults` runs it, or `cargo test --test kills -- [KILLS] [STOPS] [SEED]`.
//!
//! Its table has a row for each strategy, signal and phase. Four of its columns must be 0: runs with a clean time though a
//! worker was lost, runs that hang, processes that outlive their run, and directories that do.

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: it finds processes under /proc");
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    on_linux::main()
}

#[cfg(target_os = "linux")]
mod on_linux {
    use common::{
        accident::{Measured, Phase},
        left_behind::try_to_send,
        redis::RedisServer,
    };
    use nix::sys::signal::Signal::{self, SIGKILL, SIGSTOP};
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;
    use std::{
        collections::BTreeMap,
        env,
        process::ExitCode,
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering::Relaxed},
        },
        thread,
        time::Duration,
    };

    /// Runs at the same time: most of what a run does here is wait.
    const AT_ONCE: usize = 6;

    const PHASES: [Phase; 5] = [Phase::Probe, Phase::Start, Phase::WarmUp, Phase::Run, Phase::Close];

    /// A strategy, and the name under which it is counted.
    type Subject = (&'static str, &'static str);

    struct Accident {
        subject: Subject,
        signal: Signal,
        phase: Phase,
        /// How long after the phase was seen to begin.
        after: Duration,
        /// Which of the workers.
        victim: usize,
    }

    #[derive(Default)]
    struct Count {
        runs: u32,
        /// It was over before the signal could be sent.
        missed: u32,
        named: u32,
        /// A clean time, though a worker was lost while it was measured.
        wrong: u32,
        hangs: u32,
        orphans: usize,
        leftovers: usize,
    }

    pub fn main() -> ExitCode {
        let numbers: Vec<u64> = env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
        let number = |index: usize, default| numbers.get(index).copied().unwrap_or(default);
        let (kills, stops, seed) = (number(0, 200), number(1, 50), number(2, 1));
        let redis = RedisServer::start();
        let mut subjects = vec![("processes", "processes"), ("hybrid", "hybrid"), ("queue", "queue, SQLite")];
        subjects.extend(redis.is_some().then_some(("queue", "queue, Redis")));
        let mut random = Pcg64::seed_from_u64(seed);
        // Each strategy and phase has its turn, so that none is left out by chance; the moment and the victim are random.
        let mut accidents = |signal, count: u64| -> Vec<Accident> {
            let accident = |turn| Accident {
                subject: subjects[turn % subjects.len()],
                signal,
                phase: PHASES[turn / subjects.len() % PHASES.len()],
                after: Duration::from_micros(random.random_range(0..120_000)),
                victim: random.random_range(0..12),
            };
            (0..count as usize).map(accident).collect()
        };
        let mut all = accidents(SIGKILL, kills);
        all.extend(accidents(SIGSTOP, stops));
        let url = redis.as_ref().map(|redis| redis.address().to_string());
        let (next, counts) = (AtomicUsize::new(0), Mutex::new(BTreeMap::<_, Count>::new()));
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(accident) = all.get(next.fetch_add(1, Relaxed)) {
                        let queue = url.as_deref().filter(|_| accident.subject.1 == "queue, Redis");
                        happen(accident, queue, &counts);
                    }
                });
            }
        });
        tell(&counts.into_inner().expect("no panic"), seed)
    }

    type Key = (&'static str, &'static str, Phase);

    fn happen(accident: &Accident, queue: Option<&str>, counts: &Mutex<BTreeMap<Key, Count>>) {
        let Accident { subject: (strategy, name), signal, phase, after, victim } = *accident;
        let mut measured = Measured::start(strategy, queue);
        let workers = measured.await_phase(phase);
        thread::sleep(after);
        let hit = workers.get(victim % workers.len().max(1)).copied();
        let alive = hit.is_some_and(common::left_behind::is_alive);
        hit.iter().for_each(|&pid| try_to_send(signal, pid));
        let (ended, _dir) = measured.end();
        let (clean, named) = (ended.is_clean(strategy), ended.names_the_worker(strategy));
        let mut counts = counts.lock().expect("no panic");
        let count = counts.entry((name, signal.as_str(), phase)).or_default();
        count.runs += 1;
        // In the random moment after the phase was seen to begin, the whole run may have ended, and its workers with it.
        count.missed += u32::from(!alive || clean && phase == Phase::Close);
        count.named += u32::from(named);
        let wrong = alive && !named && !(clean && phase == Phase::Close);
        count.wrong += u32::from(wrong);
        count.hangs += u32::from(ended.status.is_none());
        count.orphans += ended.orphans;
        count.leftovers += ended.leftovers.len();
        if wrong || ended.status.is_none() || ended.orphans > 0 || !ended.leftovers.is_empty() {
            let said =
                ended.cell(strategy).map(|cell| (cell.check, cell.error(), cell.lost_workers().collect::<Vec<_>>()));
            println!("{name}, {signal}, {phase:?} + {after:?}: {said:?} {:?} {:?}", ended.status, ended.words);
            println!("  {} orphans, left over: {:?}", ended.orphans, ended.leftovers);
        }
    }

    fn tell(counts: &BTreeMap<Key, Count>, seed: u64) -> ExitCode {
        println!("strategy\tsignal\tphase\truns\tmissed\tnamed\tclean though lost\thangs\torphans\tleftovers");
        let mut wrong = 0;
        for ((name, signal, phase), count) in counts {
            let Count { runs, missed, named, wrong: clean, hangs, orphans, leftovers } = count;
            println!(
                "{name}\t{signal}\t{phase:?}\t{runs}\t{missed}\t{named}\t{clean}\t{hangs}\t{orphans}\t{leftovers}"
            );
            wrong += (clean + hangs) as usize + orphans + leftovers;
        }
        let runs: u32 = counts.values().map(|count| count.runs).sum();
        println!("{runs} runs, seed {seed}: {wrong} faults");
        if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
