//! What thumbnails in Python must be: the same bytes as `python/sequential` makes once, untimed, in the size that ours
//! have. Another library makes them, so their bytes can't be those of ours.

use super::{
    cell::PreparedCell,
    order::{RunOrder, carry_out},
    stage::Stage,
};
use pictures::{fit, size};
use std::{collections::BTreeMap, fs, path::PathBuf, rc::Rc};
use support::terminal::printable_path;
use work::{
    strategy::{
        Strategy,
        python::{SEQUENTIAL, is_python},
    },
    task::{Expected, Output, Task, thumbnail::Thumbnail},
    worker::layout::WorkerLayout,
};

/// The outcomes of a stage's tasks in Python, or why they can't be determined.
type Reference = Result<Rc<[Expected]>, String>;

/// The references so far, by variant and interpreter.
#[derive(Debug, Default)]
pub(super) struct References(BTreeMap<(String, PathBuf), Reference>);

impl References {
    /// The outcomes to compare this cell's with, if they aren't the stage's. The first cell of an interpreter runs the
    /// reference.
    pub(super) fn of(&mut self, cell: &PreparedCell) -> Option<Reference> {
        let makes_pictures = cell.stage.tasks.iter().any(|task| matches!(task, Task::Thumbnail(_)));
        let setting = cell.env.python.as_ref().filter(|_| makes_pictures && is_python(&cell.spec.strategy))?;
        let key = (cell.spec.variant.clone(), setting.interpreter.path.clone());
        Some(self.0.entry(key).or_insert_with(|| run(cell)).clone())
    }
}

fn run(cell: &PreparedCell) -> Reference {
    let (strategy, shape) = (SEQUENTIAL.name().to_owned(), WorkerLayout::ONE);
    let order = RunOrder { strategy, shape, warm_up: None, ..cell.order(0) };
    let outcome = carry_out(&order, &cell.env.interrupted, &mut |_| Ok(()));
    let outcome = outcome.map_err(|error| format!("the reference run of {} failed: {error}", SEQUENTIAL.name()))?;
    let Stage { tasks, expected, .. } = &*cell.stage;
    let results = outcome.done.into_iter().map(|one| one.result);
    // Where the reference fails, the slot stays unchanged, and the check of the cell reports the failure.
    let of = |((task, &expected), result): ((&Task, &Expected), Result<Output, _>)| match (task, result) {
        (Task::Thumbnail(thumbnail), Ok(output)) => has_right_size(thumbnail).map(|()| Expected::Output(output)),
        _ => Ok(expected),
    };
    tasks.iter().zip(expected).zip(results).map(of).collect()
}

/// Whether the thumbnail that was just made has the size that it should have.
fn has_right_size(task: &Thumbnail) -> Result<(), String> {
    let read = |path: &PathBuf| {
        let content = fs::read(path).map_err(|error| error.to_string());
        content.and_then(|content| size(&content)).map_err(|error| format!("{}: {error}", printable_path(path)))
    };
    let (picture, found) = (read(&task.input)?, read(&task.output())?);
    let file = printable_path(&task.input);
    fit::check(found, (task.width, task.height), picture).map_err(|why| format!("{file}: in Python, {why}"))
}
