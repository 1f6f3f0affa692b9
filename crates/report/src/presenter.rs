//! The bar of the presenter's view, and the orders in which a lecture or a lesson shows the claims.

use crate::PageInput;
use maud::{Markup, html};

/// The lectures: each a table whose rows name lessons.
const LECTURES: [&str; 3] = [
    include_str!("../../../lectures/five_minutes.md"),
    include_str!("../../../lectures/fifty_minutes.md"),
    include_str!("../../../lectures/ninety_minutes_lab.md"),
];

/// The bar, hidden until the script shows a claim alone.
pub(crate) fn stage(input: &PageInput) -> Markup {
    let claims = |ids: Vec<&str>| ids.join(" ");
    html! {
        div id="stage" hidden {
            label { "Order: "
                select id="order" {
                    option value="" { "all claims" }
                    @for lecture in LECTURES { option value=(claims(order(lecture, input))) { (title(lecture)) } }
                    @for lesson in input.lessons { option value=(claims(lesson.claims.iter().map(String::as_str).collect())) { "Lesson " (lesson.number) ": " (lesson.title) } }
                }
            }
            button type="button" id="previous" { "Previous" }
            button type="button" id="answer" aria-pressed="false" { "Answer" }
            button type="button" id="next" { "Next" }
            span id="position" {}
            button type="button" id="leave" { "End" }
        }
    }
}

/// The lecture's heading.
fn title(lecture: &str) -> &str {
    lecture.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default()
}

/// The claims of the lessons that the lecture's table names, in its order, each once.
fn order<'a>(lecture: &str, input: &'a PageInput) -> Vec<&'a str> {
    let mut order: Vec<&str> = Vec::new();
    for lesson in lecture.lines().filter(|line| line.starts_with('|')).flat_map(numbers) {
        let claims = input.lessons.iter().filter(|known| known.number == lesson).flat_map(|known| &known.claims);
        for claim in claims {
            if !order.contains(&claim.as_str()) {
                order.push(claim);
            }
        }
    }
    order
}

/// The numbers of the lessons that a line names: `Lesson 1`, `open lesson 5`.
fn numbers(line: &str) -> impl Iterator<Item = u32> {
    line.split("esson ").skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lecture_shows_the_claims_of_its_lessons_in_its_order() {
        let input = PageInput { lessons: lesson::all().unwrap(), ..PageInput::default() };
        for lecture in LECTURES {
            let order = order(lecture, &input);
            assert!(!title(lecture).is_empty() && order.starts_with(&["000-3"]), "{order:?}");
        }
        let five: Vec<u32> = LECTURES[0].lines().filter(|line| line.starts_with('|')).flat_map(numbers).collect();
        assert_eq!(five, [1, 2]);
    }
}
