//! The quiz: ten questions about what people commonly get wrong, each with the lesson that teaches it.
//!
//! The same questions before and after a class show what it changed (R. R. Hake, "Interactive-engagement versus
//! traditional methods", American Journal of Physics 66, 1998). So no answer is told before the second time.

use super::{LessonError, all};
use harness::scenario;
use serde::Deserialize;
use std::sync::LazyLock;
use support::suggestion::one_of;

const FILE: &str = "quiz.toml";
const TEXT: &str = include_str!("../../../fixtures/quiz.toml");

static QUESTIONS: LazyLock<Result<Vec<QuizQuestion>, LessonError>> = LazyLock::new(|| checked(TEXT));

/// A question, and its possible answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuizQuestion {
    /// Its name in exports: `waits`.
    pub id: String,
    /// The question.
    pub text: String,
    /// The name of the lesson that teaches it.
    pub lesson: String,
    /// What a document says about it: the claim's id.
    pub claim: String,
    /// The answers to choose from. One is right.
    #[serde(rename = "option")]
    pub options: Vec<QuizOption>,
}

/// A possible answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuizOption {
    /// The answer.
    pub text: String,
    /// Why it is right or wrong.
    pub why: String,
    /// Whether it is right.
    #[serde(default, rename = "right")]
    pub is_right: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    question: Vec<QuizQuestion>,
}

/// Every question, in order.
pub fn questions() -> Result<&'static [QuizQuestion], &'static LessonError> {
    QUESTIONS.as_deref()
}

impl QuizQuestion {
    /// The right answer.
    pub fn right(&self) -> Option<&QuizOption> {
        self.options.iter().find(|option| option.is_right)
    }
}

fn checked(text: &str) -> Result<Vec<QuizQuestion>, LessonError> {
    let malformed = |error: toml::de::Error| LessonError::Malformed {
        file: FILE.into(),
        message: error.to_string().trim_end().into(),
    };
    let Wire { question: questions } = toml::from_str(text).map_err(malformed)?;
    let scenarios = scenario::all()?;
    let claims: Vec<&str> =
        scenarios.iter().flat_map(|scenario| &scenario.claims).map(|claim| claim.id.as_str()).collect();
    // Lessons that can't be loaded have an error of their own.
    let lessons: Vec<&str> = all().unwrap_or_default().iter().map(|lesson| lesson.name.as_str()).collect();
    for (number, question) in questions.iter().enumerate() {
        let invalid = |key: &str, found: &str, expected: String| {
            let (file, key) = (FILE.into(), format!("question[{number}].{key}"));
            Err(LessonError::Invalid { file, key, found: found.into(), expected })
        };
        let right = question.options.iter().filter(|option| option.is_right).count();
        if right != 1 {
            return invalid("option", &format!("{right} right answers"), "one".into());
        }
        if let Some(other) = questions[..number].iter().find(|other| other.id == question.id) {
            return invalid("id", &other.id, "a name that no other question has".into());
        }
        if !lessons.contains(&question.lesson.as_str()) {
            return invalid("lesson", &question.lesson, one_of(&question.lesson, &lessons));
        }
        if !claims.contains(&question.claim.as_str()) {
            return invalid("claim", &question.claim, one_of(&question.claim, &claims));
        }
        if let Some(option) = question.options.iter().find(|option| option.why.trim().is_empty()) {
            return invalid("option.why", "nothing", format!("why `{}` is right or wrong", option.text));
        }
    }
    Ok(questions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_ten_questions_and_the_right_answer_has_no_usual_place() {
        let questions = questions().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(questions.len(), 10);
        let place = |question: &QuizQuestion| question.options.iter().position(|option| option.is_right).unwrap();
        for question in questions {
            assert!((3..=4).contains(&question.options.len()), "{question:?}");
            assert!(question.text.split_whitespace().count() <= 30, "a phone shows it at once: {}", question.text);
            let texts: BTreeSet<&str> = question.options.iter().map(|option| option.text.as_str()).collect();
            assert_eq!(texts.len(), question.options.len());
        }
        for at in 0..3 {
            let times = questions.iter().filter(|question| place(question) == at).count();
            assert!((2..=5).contains(&times), "{times} right answers at place {at}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_what_was_expected() {
        for (right, wrong, words) in [
            ("id = \"lock\"", "id = \"waits\"", ["question[1].id", "no other question"]),
            ("lesson = \"lock\"", "lesson = \"locks\"", ["question[1].lesson", "did you mean `lock`?"]),
            ("claim = \"000-3\"", "claim = \"000-33\"", ["question[0].claim", "did you mean `000-3`?"]),
            ("right = true\n", "", ["question[0].option", "0 right answers"]),
            ("text = \"1.5 s\"\n", "text = \"1.5 s\"\nright = true\n", ["question[0].option", "2 right answers"]),
            ("text = \"3 s\"\nwhy = ", "text = \"3 s\"\nwhy = \"\" # ", ["question[0].option.why", "why `3 s`"]),
            ("text = \"3 s\"\nwhy = ", "text = \"3 s\"\nreason = ", ["quiz.toml", "unknown field `reason`"]),
        ] {
            assert!(TEXT.contains(right), "{right}");
            let error = checked(&TEXT.replacen(right, wrong, 1)).expect_err(wrong).to_string();
            assert!(words.iter().all(|words| error.contains(words)), "{wrong}: {error}");
        }
    }
}
