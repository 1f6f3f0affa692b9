//! `makespan quiz`: ten questions in the terminal, each answered at once with the reason.

use super::print::{labelled, say};
use anyhow::Context;
use lesson::{
    Lesson,
    quiz::{self, QuizQuestion},
};
use std::{
    io::{self, BufRead, Write},
    process::ExitCode,
};

pub const EXAMPLES: &str = "\
Example:
  makespan quiz

Each question is answered with a letter, and Ctrl-D ends the quiz. At the end it names the lessons
that explain what you got wrong.";

/// What became of a question.
enum Answered {
    Right,
    Wrong,
    /// The input has ended.
    End,
}

pub fn run() -> anyhow::Result<ExitCode> {
    let questions = quiz::questions().context("the built-in quiz")?;
    let lessons = lesson::all().context("a built-in lesson")?;
    let mut input = io::stdin().lock();
    let (mut right, mut asked, mut missed) = (0, 0, Vec::new());
    for (number, question) in (1..).zip(questions) {
        match ask(number, questions.len(), question, &mut input)? {
            Answered::End => break,
            Answered::Right => right += 1,
            Answered::Wrong => missed.extend(lessons.iter().find(|lesson| lesson.name == question.lesson)),
        }
        asked += 1;
    }
    let rest = questions.len() - asked;
    let unasked =
        if rest > 0 { format!("; {} not answered", support::figures::count(rest, "question")) } else { String::new() };
    say!("\n{right} of {asked} right{unasked}.");
    missed.dedup_by_key(|lesson| lesson.number);
    for Lesson { number, title, .. } in missed {
        say!("makespan lesson {number:<3} {title}");
    }
    Ok(ExitCode::SUCCESS)
}

fn ask(number: u32, all: usize, question: &QuizQuestion, input: &mut impl BufRead) -> anyhow::Result<Answered> {
    say!("");
    labelled("", 0, &format!("{number} of {all}. {}", question.text));
    let letters = 'a'..='z';
    for (letter, option) in letters.clone().zip(&question.options) {
        labelled(&format!("  {letter}"), 5, &option.text);
    }
    loop {
        let last = letters.clone().nth(question.options.len() - 1).unwrap_or('a');
        // Ignores a closed stdout, as `say!` does.
        let _ = write!(io::stdout(), "a to {last}: ").and_then(|()| io::stdout().flush());
        let mut line = String::new();
        if input.read_line(&mut line).context("can't read the answer")? == 0 {
            return Ok(Answered::End);
        }
        let typed = line.trim().to_lowercase();
        let chosen = letters.clone().zip(&question.options).find(|(letter, _)| typed == letter.to_string());
        let Some((_, chosen)) = chosen else {
            say!("`{}` is not an answer; expected a letter from a to {last}", typed.escape_debug());
            continue;
        };
        labelled(if chosen.is_right { "Right." } else { "Wrong." }, 7, &chosen.why);
        if chosen.is_right {
            return Ok(Answered::Right);
        }
        if let Some(right) = question.right() {
            labelled("Right:", 7, &format!("{}. {}", right.text, right.why));
        }
        return Ok(Answered::Wrong);
    }
}
