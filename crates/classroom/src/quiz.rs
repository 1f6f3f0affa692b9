//! The quiz before and after a class: each participant answers at their own pace, and what is right is told only when the
//! second one is closed.
//!
//! Pure: no clock, no threads, no sockets.

use super::{
    participants::StudentSeat,
    wire::{QuizResult, QuizShare, QuizState, QuizTime},
};
use lesson::quiz::QuizQuestion;
use std::collections::BTreeMap;

/// Both times, and which is open.
#[derive(Debug, Default)]
pub(super) struct ClassQuiz {
    open: Option<QuizTime>,
    before: Answers,
    after: Option<Answers>,
    began: bool,
}

/// The chosen option of each question, by participant.
type Answers = BTreeMap<StudentSeat, BTreeMap<usize, usize>>;

/// Why the quiz can't be opened or answered now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAsked {
    #[error("no quiz is open")]
    Closed,
    #[error("no such answer: `question` is 0 to {questions}, `option` is 0 to {options}", questions = .0 - 1, options = .1.saturating_sub(1))]
    NoOption(usize, usize),
    #[error("the quiz after the class is over: its answers have been shown")]
    Told,
}

impl ClassQuiz {
    /// Opens one of the two, or closes the open one. Opened again, it continues.
    pub(super) fn set(&mut self, open: Option<QuizTime>) -> Result<(), NotAsked> {
        if open.is_some() && self.is_told() {
            return Err(NotAsked::Told);
        }
        self.began |= open.is_some();
        if open == Some(QuizTime::After) {
            self.after.get_or_insert_default();
        }
        self.open = open;
        Ok(())
    }

    /// Whether the right answers are known: then nobody can answer any more.
    fn is_told(&self) -> bool {
        self.open.is_none() && self.after.is_some()
    }

    /// Records an answer; it replaces an earlier one.
    pub(super) fn answer(
        &mut self,
        seat: StudentSeat,
        (question, option): (usize, usize),
        questions: &[QuizQuestion],
    ) -> Result<(), NotAsked> {
        let open = self.open.ok_or(NotAsked::Closed)?;
        let options = questions.get(question).map_or(0, |question| question.options.len());
        if option >= options {
            return Err(NotAsked::NoOption(questions.len(), options));
        }
        let answers = match open {
            QuizTime::Before => &mut self.before,
            QuizTime::After => self.after.get_or_insert_default(),
        };
        answers.entry(seat).or_default().insert(question, option);
        Ok(())
    }

    /// This participant's answers in the open quiz, by question.
    pub(super) fn answers_of(&self, seat: StudentSeat) -> BTreeMap<usize, usize> {
        self.opened().and_then(|answers| answers.get(&seat)).cloned().unwrap_or_default()
    }

    fn opened(&self) -> Option<&Answers> {
        match self.open? {
            QuizTime::Before => Some(&self.before),
            QuizTime::After => self.after.as_ref(),
        }
    }

    /// Everybody has left: an open quiz begins anew. Answers that were given before it stay.
    pub(super) fn clear(&mut self) {
        match self.open {
            Some(QuizTime::Before) => self.before.clear(),
            Some(QuizTime::After) => self.after.iter_mut().for_each(Answers::clear),
            None => {}
        }
    }

    /// What everybody may see now; `None` before the first quiz.
    pub(super) fn to_wire(&self, questions: &[QuizQuestion]) -> Option<QuizState> {
        let count = |all: &Answers, least: usize| all.values().filter(|given| given.len() >= least).count() as u32;
        let opened = self.opened();
        self.began.then(|| QuizState {
            open: self.open,
            questions: questions.len() as u32,
            began: opened.map_or(0, |all| count(all, 1)),
            finished: opened.map_or(0, |all| count(all, questions.len())),
            after_is_next: !self.before.is_empty() || self.after.is_some(),
            results: self.results(questions),
        })
    }

    /// The shares of right answers, once the quiz after the class is closed.
    pub(super) fn results(&self, questions: &[QuizQuestion]) -> Option<Vec<QuizResult>> {
        let after = self.after.as_ref().filter(|_| self.is_told())?;
        let share = |all: &Answers, number: usize, question: &QuizQuestion| {
            let chosen = all.values().filter_map(|given| given.get(&number));
            let right = chosen.clone().filter(|&&option| question.options.get(option).is_some_and(|one| one.is_right));
            QuizShare { right: right.count() as u32, answered: chosen.count() as u32 }
        };
        let result = |(number, question): (usize, &QuizQuestion)| {
            let (answer, why) =
                question.right().map(|right| (right.text.clone(), right.why.clone())).unwrap_or_default();
            QuizResult {
                id: question.id.clone(),
                question: question.text.clone(),
                answer,
                why,
                lesson: question.lesson.clone(),
                before: share(&self.before, number, question),
                after: share(after, number, question),
            }
        };
        Some(questions.iter().enumerate().map(result).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lesson::quiz::questions;

    fn seats() -> [StudentSeat; 3] {
        std::array::from_fn(|_| StudentSeat::random().unwrap())
    }

    fn right(number: usize) -> usize {
        questions().unwrap()[number].options.iter().position(|option| option.is_right).unwrap()
    }

    #[test]
    fn shares_are_told_when_the_second_is_closed_and_not_before() {
        let questions = questions().unwrap();
        let (mut quiz, [ann, bob, cid]) = (ClassQuiz::default(), seats());
        assert_eq!((quiz.to_wire(questions), quiz.answer(ann, (0, 0), questions)), (None, Err(NotAsked::Closed)));
        quiz.set(Some(QuizTime::Before)).unwrap();
        quiz.answer(ann, (0, right(0)), questions).unwrap();
        quiz.answer(bob, (0, right(0) + 1), questions).unwrap();
        for number in 0..questions.len() {
            quiz.answer(cid, (number, (right(number) + 1) % 3), questions).unwrap();
        }
        let told = quiz.to_wire(questions).unwrap();
        assert_eq!((told.open, told.began, told.finished, told.results), (Some(QuizTime::Before), 3, 1, None));
        quiz.set(None).unwrap();
        let told = quiz.to_wire(questions).unwrap();
        assert_eq!((told.open, told.after_is_next, told.results), (None, true, None), "the class comes first");

        quiz.set(Some(QuizTime::After)).unwrap();
        assert!(quiz.answers_of(ann).is_empty(), "they are asked again");
        quiz.answer(ann, (0, right(0)), questions).unwrap();
        // The last answer counts.
        quiz.answer(bob, (0, right(0) + 1), questions).unwrap();
        quiz.answer(bob, (0, right(0)), questions).unwrap();
        assert_eq!(quiz.to_wire(questions).unwrap().results, None);
        quiz.set(None).unwrap();
        let results = quiz.to_wire(questions).unwrap().results.unwrap();
        assert_eq!(results.len(), questions.len());
        assert_eq!(
            (results[0].before, results[0].after),
            (QuizShare { right: 1, answered: 3 }, QuizShare { right: 2, answered: 2 })
        );
        assert_eq!(results[1].before, QuizShare { right: 0, answered: 1 });
        assert_eq!(results[0].answer, questions[0].right().unwrap().text);
        assert_eq!(quiz.set(Some(QuizTime::After)), Err(NotAsked::Told));
        assert_eq!(quiz.answer(ann, (0, 0), questions), Err(NotAsked::Closed));
    }

    #[test]
    fn an_answer_that_there_is_not_is_refused() {
        let questions = questions().unwrap();
        let (mut quiz, [ann, ..]) = (ClassQuiz::default(), seats());
        quiz.set(Some(QuizTime::Before)).unwrap();
        for answer in [(0, 3), (10, 0), (usize::MAX, usize::MAX)] {
            assert!(matches!(quiz.answer(ann, answer, questions), Err(NotAsked::NoOption(10, _))), "{answer:?}");
        }
        assert_eq!(quiz.to_wire(questions).unwrap().began, 0);
        quiz.answer(ann, (0, 0), questions).unwrap();
        quiz.clear();
        assert_eq!(quiz.to_wire(questions).unwrap().began, 0, "the room was cleared");
    }
}
