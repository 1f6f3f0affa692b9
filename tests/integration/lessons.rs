//! What lessons and lectures tell a reader to type is something that the program knows, and `makespan lesson` tells a whole
//! lesson.

use common::program::{self, command, said, text};
use makespan::{
    lesson::{self, Lesson, LessonRace, Paragraph},
    museum,
};
use std::{fs, path::Path};

const LECTURES: [&str; 3] = ["lectures/five_minutes.md", "lectures/fifty_minutes.md", "lectures/ninety_minutes_lab.md"];

fn lessons() -> &'static [Lesson] {
    lesson::all().unwrap_or_else(|error| panic!("{error}"))
}

/// Runs the program in an empty folder: what it says, and what it complains of.
fn makespan(arguments: &[&str]) -> (bool, String, String) {
    let place = tempfile::tempdir().expect("the temporary folder is writable");
    let output = program::makespan(place.path(), arguments);
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// Every command that a lesson or a lecture names, with where it stands.
fn commands() -> Vec<(String, String)> {
    let mut commands = Vec::new();
    for lesson in lessons() {
        let typed =
            lesson.steps.iter().flat_map(lesson::LessonStep::paragraphs).filter_map(|paragraph| match paragraph {
                Paragraph::Code(lines) => Some(lines),
                Paragraph::Words(_) | Paragraph::Item(_) => None,
            });
        let typed = typed.flat_map(|lines| lines.lines().map(str::to_owned).collect::<Vec<_>>());
        let race = lesson.race.as_ref().map(LessonRace::command);
        let all = typed.chain(lesson.commands.iter().map(|command| command.run.clone())).chain(race);
        commands.extend(all.map(|command| (lesson.name.clone(), command)));
    }
    for lecture in LECTURES {
        let text = fs::read_to_string(Path::new(common::ROOT).join(lecture)).expect("it is there");
        let named = text.split('`').skip(1).step_by(2).filter(|span| span.starts_with("makespan "));
        commands.extend(named.map(|command| (lecture.to_owned(), command.to_owned())));
    }
    commands
}

fn arguments(command: &str) -> Vec<&str> {
    command.split_whitespace().skip(1).collect()
}

#[test]
fn every_command_is_one_that_the_program_knows() {
    let commands = commands();
    assert!(commands.len() > 40, "{commands:?}");
    for (place, command) in &commands {
        assert!(command.starts_with("makespan "), "{place}: {command}");
        // Asked for help at the end, it reads all that stands before, and does none of it.
        let (knows, _, words) = makespan(&[&arguments(command)[..], &["--help"]].concat());
        assert!(knows, "{place}: {command}\n{words}");
    }
}

#[test]
fn every_run_has_cells() {
    let runs: Vec<_> = commands().into_iter().filter(|(_, command)| command.starts_with("makespan run ")).collect();
    assert!(!runs.is_empty());
    for (place, command) in runs {
        // Scenario, variant, strategies and workers are looked up before anything is measured; then none has that name.
        let (_, _, words) = makespan(&[&arguments(&command)[..], &["--only", "no such cell"]].concat());
        assert!(words.contains("has a name that contains"), "{place}: {command}\n{words}");
    }
}

#[test]
fn every_exhibit_and_every_exercise_is_there() {
    let (_, exercises, _) = makespan(&["exercise"]);
    let mut found = (0, 0);
    for (place, command) in commands() {
        match arguments(&command)[..] {
            ["museum", name] if name != "--all" => {
                found.0 += 1;
                museum::named(name).unwrap_or_else(|words| panic!("{place}: {words}"));
            }
            // In Python, what is checked is a file.
            ["exercise", _, name, ..] => {
                let name = name.trim_end_matches(".py");
                found.1 += 1;
                assert!(exercises.split_whitespace().any(|word| word == name), "{place}: {name}: {exercises}");
            }
            _ => {}
        }
    }
    assert!(found.0 > 0 && found.1 > 0, "{found:?}");
}

#[test]
fn every_lesson_is_listed_with_its_question_and_its_minutes() {
    let (listed, said, _) = makespan(&["lesson"]);
    assert!(listed);
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for Lesson { number, name, title, minutes, question, .. } in lessons() {
        assert!(flat.contains(&format!("{number} {title} ({name}, {minutes} minutes) {question}")), "{name}: {said}");
    }
}

#[test]
fn a_lesson_asks_before_it_tells_and_shows_code_and_the_documents_figures() {
    for lesson in lessons() {
        let (told, said, words) = makespan(&["lesson", &lesson.number.to_string(), "--data", "data"]);
        assert!(told, "{words}");
        let at = |text: &str| said.find(text).unwrap_or_else(|| panic!("{}: no {text}:\n{said}", lesson.name));
        let guess = at("Write down your guess before you run it.");
        assert!(at("\nQuestion") < guess && guess < at("\nSee ") && at("\nSee ") < at("\nTry "), "{said}");
        if let Some(race) = &lesson.race {
            assert!(guess < at(&race.command()), "{said}");
        }
        for excerpt in &lesson.code {
            at(&format!("{}:{}", excerpt.file, excerpt.line));
            assert!(excerpt.text.lines().all(|line| said.contains(line)), "{said}");
        }
        for claim in &lesson.claims {
            assert!(said.contains(claim) && said.contains("not measured yet"), "{said}");
        }
    }
}

#[test]
fn the_words_of_a_lesson_fit_the_terminal() {
    let (_, said, _) = makespan(&["lesson", "how-many-workers", "--data", "data"]);
    // Code and commands stay as they are. Code changes with its source, and is told by the test above.
    let (before, rest) = said.split_once("crates/stats/src/ceiling.rs:").expect("it shows code");
    let (_, behind) = rest.split_once("\nDocument").expect("the code ends");
    let words = format!("{before}...\n\nDocument{behind}");
    insta::assert_snapshot!("how_many_workers", words);
    let is_too_long = |line: &&str| line.chars().count() > 100 && !line.trim_start().starts_with("makespan ");
    assert_eq!(words.lines().find(is_too_long), None);
}

/// The quiz with these lines as answers.
fn quizzed(answers: &str) -> String {
    said(command(Path::new(".")).arg("quiz").write_stdin(answers), 0).0
}

#[test]
fn a_quiz_says_of_each_answer_why_and_of_wrong_ones_which_lesson_helps() {
    let questions = lesson::quiz::questions().unwrap_or_else(|error| panic!("{error}"));
    let letter = |wrong: usize, question: &lesson::quiz::QuizQuestion| {
        let right = question.options.iter().position(|option| option.is_right).expect("one is right");
        format!("{}\n", ["a", "b", "c", "d"][(right + wrong) % question.options.len()])
    };
    let flat = |said: &str| said.split_whitespace().collect::<Vec<_>>().join(" ");
    let right = flat(&quizzed(&questions.iter().map(|question| letter(0, question)).collect::<String>()));
    assert!(right.ends_with("10 of 10 right.") && !right.contains("Wrong"), "{right}");
    let wrong = flat(&quizzed(&questions.iter().map(|question| letter(1, question)).collect::<String>()));
    assert!(wrong.contains("0 of 10 right."), "{wrong}");
    for question in questions {
        let chosen = question.options.iter().filter(|option| wrong.contains(&option.why));
        assert_eq!(chosen.count(), 2, "the chosen one's reason and the right one's: {}", question.text);
        let lesson = lesson::named(lessons(), &question.lesson).expect("it is there");
        assert!(wrong.contains(&format!("makespan lesson {} {}", lesson.number, lesson.title)), "{wrong}");
    }
    // What is no answer is asked again, and the end of the input ends the quiz.
    let odd = flat(&quizzed(&format!("\nmaybe\u{1b}[2J\nz\n{}", letter(0, &questions[0]).to_uppercase())));
    assert!(
        odd.contains("is not an answer; expected a letter from a to c")
            && odd.ends_with("1 of 1 right; 9 questions not answered."),
        "{odd}"
    );
    assert!(!odd.contains('\u{1b}'));
    assert!(quizzed("").ends_with("0 of 0 right; 10 questions not answered.\n"));
}

#[test]
fn an_unknown_lesson_is_refused_with_the_nearest() {
    let (told, said, words) = makespan(&["lesson", "how-many-worker"]);
    assert!(!told && said.is_empty());
    assert!(
        words.contains("did you mean `how-many-workers`?") && words.contains(&format!("or 1 to {}", lessons().len())),
        "{words}"
    );
}

#[test]
fn help_has_examples() {
    let (_, said, _) = makespan(&["lesson", "--help"]);
    insta::assert_snapshot!("help", said);
}
