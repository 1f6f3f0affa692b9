//! Which processes belong together, and what memory and how many threads they have.

#[cfg(target_os = "linux")]
pub(super) use linux::Tree;
#[cfg(not(target_os = "linux"))]
pub(super) use other::Tree;

#[cfg(target_os = "linux")]
mod linux {
    use crate::memory::Footprint;
    use procfs::process::{Process, Stat};
    use std::{collections::HashSet, fs};

    /// A process and its descendants, as far as they are known.
    ///
    /// Asking every process of the machine for its parent takes longer than a sample may. A process keeps its place in
    /// or out of the tree, so each is asked once, when it first appears. One whose parent ends before that is lost to the
    /// tree.
    #[derive(Debug)]
    pub(crate) struct Tree {
        root: u32,
        members: HashSet<u32>,
        outsiders: HashSet<u32>,
        /// The members that have memory of their own. A spawned process begins on its parent's: until it has started its
        /// program the two share every page, and the system shows the whole of it for both.
        separate: HashSet<u32>,
    }

    impl Tree {
        pub(crate) fn of(pid: u32) -> Self {
            Self { root: pid, members: HashSet::from([pid]), outsiders: HashSet::new(), separate: HashSet::from([pid]) }
        }

        /// What all of it takes. A process that ended after it was listed counts nothing, and neither does one that has
        /// not started its program yet.
        pub(crate) fn footprint(&mut self) -> Option<Footprint> {
            self.look(&running()?, |pid| u32::try_from(stat(pid)?.ppid).ok());
            self.separate.retain(|pid| self.members.contains(pid));
            let starting: Vec<u32> = self.members.difference(&self.separate).copied().collect();
            self.separate.extend(starting.into_iter().filter(|&pid| has_own_program(pid)));
            self.separate.iter().filter_map(|&pid| footprint_of(pid, self.root)).reduce(|sum, one| Footprint {
                bytes: sum.bytes + one.bytes,
                descendants_bytes: sum.descendants_bytes + one.descendants_bytes,
                processes: sum.processes + one.processes,
                threads: sum.threads + one.threads,
            })
        }

        /// Takes note of who is running now. Numbers that ended are forgotten, since the system gives them out again.
        fn look(&mut self, running: &HashSet<u32>, parent_of: impl Fn(u32) -> Option<u32>) {
            self.members.retain(|pid| running.contains(pid));
            self.outsiders.retain(|pid| running.contains(pid));
            let unknown = running.iter().filter(|pid| !self.members.contains(pid) && !self.outsiders.contains(pid));
            let mut unknown: Vec<(u32, u32)> = unknown.filter_map(|&pid| Some((pid, parent_of(pid)?))).collect();
            // A child may be listed before its parent, so go round until nobody new belongs.
            while let Some(found) = unknown.iter().position(|(_, parent)| self.members.contains(parent)) {
                self.members.insert(unknown.swap_remove(found).0);
            }
            self.outsiders.extend(unknown.into_iter().map(|(pid, _)| pid));
        }
    }

    /// Every process of the machine.
    fn running() -> Option<HashSet<u32>> {
        let names = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.file_name());
        Some(names.filter_map(|name| name.to_str()?.parse().ok()).collect())
    }

    fn process(pid: u32) -> Option<Process> {
        Process::new(i32::try_from(pid).ok()?).ok()
    }

    fn stat(pid: u32) -> Option<Stat> {
        process(pid)?.stat().ok()
    }

    /// Starting a program lays out memory anew at random addresses, so they tell it from its parent's.
    fn has_own_program(pid: u32) -> bool {
        let layout = |stat: &Stat| (stat.startcode, stat.startstack, stat.arg_start);
        let own = stat(pid);
        let parent = own.as_ref().and_then(|own| stat(u32::try_from(own.ppid).ok()?));
        own.is_some_and(|own| parent.is_none_or(|parent| layout(&own) != layout(&parent)))
    }

    fn footprint_of(pid: u32, root: u32) -> Option<Footprint> {
        let process = process(pid)?;
        let rollup = process.smaps_rollup().ok()?;
        let bytes = *rollup.memory_map_rollup.0.first()?.extension.map.get("Pss")?;
        let threads = u32::try_from(process.stat().ok()?.num_threads).ok()?;
        Some(Footprint { bytes, descendants_bytes: if pid == root { 0 } else { bytes }, processes: 1, threads })
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::{
            collections::HashMap,
            io::{BufRead, BufReader, Write},
            process::{Command, Stdio},
        };

        fn look(tree: &mut Tree, parents: &[(u32, u32)]) -> Vec<u32> {
            let parents: HashMap<u32, u32> = parents.iter().copied().collect();
            let running: HashSet<u32> = parents.keys().copied().collect();
            tree.look(&running, |pid| parents.get(&pid).copied());
            let mut members: Vec<u32> = tree.members.iter().copied().collect();
            members.sort_unstable();
            members
        }

        #[test]
        fn a_tree_has_all_generations_and_nobody_else() {
            let mut tree = Tree::of(10);
            // The numbers have wrapped around: 3 is a grandchild and 12 its parent.
            assert_eq!(look(&mut tree, &[(1, 0), (3, 12), (10, 1), (11, 1), (12, 10), (13, 11)]), [3, 10, 12]);
            // 12 ended and 3 was handed to process 1: it still belongs. 14 is new, of a stranger.
            assert_eq!(look(&mut tree, &[(1, 0), (3, 1), (10, 1), (11, 1), (14, 11)]), [3, 10]);
            // 11's number was given out again, to a child of 10.
            look(&mut tree, &[(1, 0), (10, 1)]);
            assert_eq!(look(&mut tree, &[(1, 0), (10, 1), (11, 10)]), [10, 11]);
        }

        /// Looks at a shell that runs this, once it has said that it is ready.
        fn tree_of_shell(script: &str) -> (Tree, Footprint) {
            let mut shell = Command::new("sh");
            let mut shell = shell.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let mut lines = BufReader::new(shell.stdout.take().unwrap());
            shell.stdin.as_mut().unwrap().write_all(b"ready\n").unwrap();
            lines.read_line(&mut String::new()).unwrap();
            let mut tree = Tree::of(shell.id());
            let footprint = tree.footprint().unwrap();
            drop(shell.stdin.take());
            shell.wait().unwrap();
            (tree, footprint)
        }

        #[test]
        fn a_child_with_a_program_of_its_own_counts() {
            let (tree, footprint) = tree_of_shell("cat; true");
            assert_eq!((tree.members.len(), tree.separate.len()), (2, 2));
            assert_eq!((footprint.processes, footprint.threads), (2, 2));
            assert!(0 < footprint.descendants_bytes && footprint.descendants_bytes < footprint.bytes, "{footprint:?}");
        }

        #[test]
        fn a_child_without_one_is_known_but_not_counted() {
            let (tree, footprint) = tree_of_shell("(read line; echo $line; read line; true); true");
            assert_eq!((tree.members.len(), tree.separate.len()), (2, 1));
            assert_eq!((footprint.processes, footprint.descendants_bytes), (1, 0));
            assert!(footprint.bytes > 0);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use crate::memory::Footprint;

    /// Only Linux tells the proportional set size.
    #[derive(Debug)]
    pub(crate) struct Tree;

    impl Tree {
        pub(crate) fn of(_pid: u32) -> Self {
            Self
        }

        #[expect(clippy::unused_self, reason = "the same shape as on Linux")]
        pub(crate) fn footprint(&mut self) -> Option<Footprint> {
            None
        }
    }
}
