//! Finds a process's descendants, and their memory and threads.

#[cfg(target_os = "linux")]
pub(super) use linux::Tree;
#[cfg(not(target_os = "linux"))]
pub(super) use other::Tree;

/// A process and its descendants at one instant. A descendant counts once it has started its own program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// The proportional set size of all of them, bytes.
    pub bytes: u64,
    /// That of the descendants alone, bytes.
    pub descendants_bytes: u64,
    /// How many processes there are.
    pub processes: u32,
    /// How many threads all of them have.
    pub threads: u32,
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Footprint;
    use procfs::process::{Process, Stat};
    use std::{collections::HashSet, fs};

    /// A process and its known descendants.
    ///
    /// Reading the parent of every process on the machine takes too long for a sample. A process stays in or out of the
    /// tree, so its parent is read once, when it first appears. A process whose parent ends before that is missed.
    #[derive(Debug)]
    pub(crate) struct Tree {
        root: u32,
        members: HashSet<u32>,
        outsiders: HashSet<u32>,
        /// The members that have their own memory. A spawned process begins in its parent's: until it has started its
        /// program the two share every page, and the system reports all of it for both.
        separate: HashSet<u32>,
    }

    impl Tree {
        pub(crate) fn of(pid: u32) -> Self {
            Self { root: pid, members: HashSet::from([pid]), outsiders: HashSet::new(), separate: HashSet::from([pid]) }
        }

        /// The footprint of the tree. A process that ended after it was listed doesn't count, nor does one that has not
        /// started its program yet. A grandchild that was there at an earlier look won't start one: Python forks its
        /// workers, and they run in what they share with their parent.
        pub(crate) fn footprint(&mut self) -> Option<Footprint> {
            let before = self.members.clone();
            self.look(&running()?, |pid| u32::try_from(stat(pid)?.ppid).ok());
            self.separate.retain(|pid| self.members.contains(pid));
            let starting: Vec<u32> = self.members.difference(&self.separate).copied().collect();
            let root = i32::try_from(self.root).ok();
            let is_forked = |pid: u32| {
                before.contains(&pid) && stat(pid).is_some_and(|stat| Some(stat.ppid) != root && stat.ppid > 1)
            };
            self.separate.extend(starting.into_iter().filter(|&pid| has_own_program(pid) || is_forked(pid)));
            self.separate.iter().filter_map(|&pid| footprint_of(pid, self.root)).reduce(|sum, one| Footprint {
                bytes: sum.bytes + one.bytes,
                descendants_bytes: sum.descendants_bytes + one.descendants_bytes,
                processes: sum.processes + one.processes,
                threads: sum.threads + one.threads,
            })
        }

        /// The processor time of all processes that are not in the tree, in the system's ticks, with that of their ended
        /// children. Those that process 1 has adopted may be of the tree.
        pub(crate) fn outsiders_ticks(&mut self) -> Option<u64> {
            self.look(&running()?, |pid| u32::try_from(stat(pid)?.ppid).ok());
            let ended =
                |stat: &Stat| if stat.pid == 1 { 0 } else { u64::try_from(stat.cutime + stat.cstime).unwrap_or(0) };
            let of = |stat: &Stat| stat.utime + stat.stime + ended(stat);
            Some(self.outsiders.iter().filter_map(|&pid| stat(pid)).map(|stat| of(&stat)).sum())
        }

        /// Updates the tree from the running processes. Ids of ended ones are forgotten, since the system reuses them.
        fn look(&mut self, running: &HashSet<u32>, parent_of: impl Fn(u32) -> Option<u32>) {
            self.members.retain(|pid| running.contains(pid));
            self.outsiders.retain(|pid| running.contains(pid));
            let unknown = running.iter().filter(|pid| !self.members.contains(pid) && !self.outsiders.contains(pid));
            let mut unknown: Vec<(u32, u32)> = unknown.filter_map(|&pid| Some((pid, parent_of(pid)?))).collect();
            // A child may be listed before its parent, so repeat until no more are found.
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

    /// Starting a program lays out memory anew at random addresses, which then differ from its parent's.
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
            // The ids have wrapped around: 3 is a grandchild and 12 its parent.
            assert_eq!(look(&mut tree, &[(1, 0), (3, 12), (10, 1), (11, 1), (12, 10), (13, 11)]), [3, 10, 12]);
            // 12 ended and process 1 adopted 3, which still belongs. 14 is new and unrelated.
            assert_eq!(look(&mut tree, &[(1, 0), (3, 1), (10, 1), (11, 1), (14, 11)]), [3, 10]);
            // 11's id was reused, for a child of 10.
            look(&mut tree, &[(1, 0), (10, 1)]);
            assert_eq!(look(&mut tree, &[(1, 0), (10, 1), (11, 10)]), [10, 11]);
        }

        /// The tree of a shell that runs `script`, once it is ready.
        fn tree_of_shell(script: &str) -> (Tree, Footprint) {
            let (tree, [_, last]) = looks_at_shell(script);
            (tree, last)
        }

        /// The same, with what two looks saw.
        fn looks_at_shell(script: &str) -> (Tree, [Footprint; 2]) {
            let mut shell = Command::new("sh");
            let mut shell = shell.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let mut lines = BufReader::new(shell.stdout.take().unwrap());
            shell.stdin.as_mut().unwrap().write_all(b"ready\n").unwrap();
            lines.read_line(&mut String::new()).unwrap();
            let mut tree = Tree::of(shell.id());
            let looks = [tree.footprint().unwrap(), tree.footprint().unwrap()];
            drop(shell.stdin.take());
            shell.wait().unwrap();
            (tree, looks)
        }

        #[test]
        fn a_forked_grandchild_counts_from_the_second_look_on() {
            let script = "sh -c '(read line; echo $line; read line; true) <&0; true' <&0; true";
            let (tree, [first, second]) = looks_at_shell(script);
            assert_eq!((tree.members.len(), tree.separate.len()), (3, 3));
            assert_eq!((first.processes, second.processes), (2, 3));
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
    use super::Footprint;

    /// Only Linux reports the proportional set size.
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
