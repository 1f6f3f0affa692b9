//! `makespan lesson`: what a class guesses, what it runs, and what the result means.

use super::{
    Data, Usage,
    ledger::{self, Look},
    print::{self, coloured, note, say},
};
use anyhow::Context;
use findings::{Finding, findings};
use harness::scenario;
use lesson::{Excerpt, Lesson, Paragraph, StepKind};
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct LessonArgs {
    /// The lesson's number or name [default: list the lessons]
    lesson: Option<String>,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan lesson
  makespan lesson 3
  makespan lesson how-many-workers

Write down your guess before you run a lesson's commands: a wrong prediction teaches more than a result.";

/// The column where text begins, to the right of labels.
const INDENT: usize = 12;

pub fn run(args: LessonArgs) -> anyhow::Result<ExitCode> {
    let lessons = lesson::all().context("a built-in lesson")?;
    match args.lesson {
        None if args.data.dir.is_some() => {
            return Err(Usage("--data: only a lesson shows measurements: name one, or leave out --data".into()).into());
        }
        None => list(lessons),
        Some(wanted) => {
            let lesson = lesson::named(lessons, &wanted).map_err(Usage)?;
            tell(lesson, args.data)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(lessons: &[Lesson]) {
    say!("Lessons (makespan lesson NUMBER or NAME), {} minutes in all:", total_minutes(lessons));
    for Lesson { number, name, title, minutes, question, .. } in lessons {
        say!("\n{number:3}  {title} ({name}, {minutes} minutes)");
        print::labelled("", 5, question);
    }
}

fn total_minutes(lessons: &[Lesson]) -> u32 {
    lessons.iter().map(|lesson| lesson.minutes).sum()
}

fn tell(lesson: &Lesson, data: Data) -> anyhow::Result<()> {
    let Lesson { number, title, minutes, question, .. } = lesson;
    say!("Lesson {number}: {title} ({minutes} minutes)\n");
    labelled("Question", question);
    step(lesson, StepKind::Ask);
    say!("");
    labelled("", "Write down your guess before you run it.");
    commands(lesson, true);
    if let Some(race) = &lesson.race {
        labelled("", "The race:");
        line(&race.command());
        labelled("", &format!("The question is about {}.", race.ask));
    }
    commands(lesson, false);
    step(lesson, StepKind::Run);
    step(lesson, StepKind::See);
    step(lesson, StepKind::Mistake);
    step(lesson, StepKind::Code);
    lesson.code.iter().for_each(listing);
    step(lesson, StepKind::Document);
    claims(lesson, data)?;
    step(lesson, StepKind::Try);
    Ok(())
}

/// Prints the commands to run before the race, or those to run after it.
fn commands(lesson: &Lesson, before: bool) {
    for command in lesson.commands.iter().filter(|command| command.before == before) {
        labelled("", &format!("{}:", command.why));
        line(&command.run);
    }
}

fn step(lesson: &Lesson, kind: StepKind) {
    let Some(step) = lesson.step(kind) else { return };
    let mut label = if kind == StepKind::Ask { String::new() } else { kind.to_string() };
    let mut in_list = false;
    for paragraph in step.paragraphs() {
        let is_item = matches!(paragraph, Paragraph::Item(_));
        if !(in_list && is_item) {
            say!("");
        }
        in_list = is_item;
        match paragraph {
            Paragraph::Words(words) => labelled(&label, &words),
            Paragraph::Item(words) => {
                print::labelled(&format!("{:INDENT$}-", ""), INDENT + 2, &words);
            }
            Paragraph::Code(lines) => lines.lines().for_each(line),
        }
        label.clear();
    }
}

/// The lines as in the source, however long.
fn listing(excerpt: &Excerpt) {
    say!("");
    line(&format!("{}:{}", excerpt.file, excerpt.line));
    for (number, text) in (excerpt.line..).zip(excerpt.text.lines()) {
        say!("{}", format!("{number:>9}   {text}").trim_end());
    }
}

/// What the documents printed, and what was measured on this machine, if anything.
fn claims(lesson: &Lesson, data: Data) -> anyhow::Result<()> {
    let scenarios = scenario::all().context("a built-in scenario")?;
    let (evidence, damaged) = data.store().evidence(&scenarios)?;
    damaged.iter().for_each(|error| note!("makespan: {error}"));
    let all = findings(&scenarios, &evidence);
    let claims = lesson.findings(&all);
    for claim in &claims {
        say!("");
        labelled(&claim.id, &claim.says);
    }
    say!("");
    ledger::claims(&claims, Look::of_stdout()).iter().for_each(|line| coloured(line));
    let ids: Vec<&str> = claims.iter().map(|claim: &&Finding| claim.id.as_str()).collect();
    say!("On this machine: makespan reproduce {}", ids.join(" "));
    Ok(())
}

fn labelled(label: &str, text: &str) {
    print::labelled(label, INDENT, text);
}

fn line(text: &str) {
    say!("{}", format!("{:INDENT$}{text}", "").trim_end());
}
