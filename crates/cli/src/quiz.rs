//! `makespan quiz`: ten questions in the terminal, each answered at once with the reason.

use super::print::{columns, say, wrapped};
use anyhow::Context;
use lesson::{
    Lesson,
    quiz::{self, QuizQuestion},
};
use std::{
    io::{self, BufRead, Write},
    process::ExitCode,
};

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
    told(&format!("{number} of {all}. {}", question.text), "");
    let letters = 'a'..='z';
    for (letter, option) in letters.clone().zip(&question.options) {
        told(&option.text, &format!("  {letter}  "));
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
        told(&chosen.why, if chosen.is_right { "Right. " } else { "Wrong. " });
        if chosen.is_right {
            return Ok(Answered::Right);
        }
        if let Some(right) = question.right() {
            told(&format!("{}. {}", right.text, right.why), "Right: ");
        }
        return Ok(Answered::Wrong);
    }
}

/// The text, wrapped, behind a label.
fn told(text: &str, label: &str) {
    let indent = label.chars().count();
    for (place, words) in wrapped(text, columns() - indent).iter().enumerate() {
        say!("{}{words}", if place == 0 { label.to_owned() } else { " ".repeat(indent) });
    }
}
