//! Real Python, where there is one.

use crate::{env, skipped};
use makespan::strategy::{ALL, Strategy, python::is_python};
use std::sync::Once;

/// The strategies that this machine can run: all of them, but for those of Python that its interpreter lacks. Which these
/// are is said once.
pub fn strategies() -> Vec<&'static dyn Strategy> {
    static SAID: Once = Once::new();
    let lacks = |strategy: &&dyn Strategy| strategy.lacks(&env(), &[]);
    SAID.call_once(|| {
        for (strategy, reason) in ALL.iter().filter_map(|strategy| Some((strategy, lacks(strategy)?))) {
            skipped(format_args!("{}: {reason}", strategy.name()));
        }
    });
    ALL.iter().copied().filter(|strategy| lacks(strategy).is_none()).collect()
}

/// Those of Python among them.
pub fn strategies_of_python() -> Vec<&'static dyn Strategy> {
    strategies().into_iter().filter(|strategy| is_python(strategy.name())).collect()
}
