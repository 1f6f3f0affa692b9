//! Tables that fit the terminal: columns are omitted and named, and if that isn't enough, each row becomes a list.

use super::super::print::{behind, wrapped};
use comfy_table::{CellAlignment, Table, presets};

/// Names aren't wrapped to lines shorter than this.
const LEAST_NAME: usize = 16;

/// The table in lines of at most `width` characters; not limited without `width`. The first column is a name, and may
/// be wrapped. `optional` columns are omitted in this order if there is no room. A column without a head is decoration.
pub fn fit<const N: usize>(heads: [&str; N], rows: &[[String; N]], optional: &[usize], width: Option<usize>) -> String {
    let Some(width) = width else { return ShownColumns::of(&heads, rows, &[], usize::MAX).lines };
    for count in 0..=optional.len() {
        let hidden = &optional[..count];
        let whole = ShownColumns::of(&heads, rows, hidden, usize::MAX);
        let too_many = whole.width.saturating_sub(width);
        let lines = if too_many == 0 {
            whole.lines
        } else if whole.name_width >= too_many + LEAST_NAME {
            ShownColumns::of(&heads, rows, hidden, whole.name_width - too_many).lines
        } else {
            continue;
        };
        let mut omitted: Vec<String> =
            hidden.iter().map(|&column| named(&heads, column)).filter(|head| !head.is_empty()).collect();
        omitted.sort_unstable();
        let note = wrapped(&format!("(omitted at this width: {})", omitted.join(", ")), width).join("\n");
        return if omitted.is_empty() { lines } else { format!("{lines}\n{note}") };
    }
    lists(&heads, rows, width)
}

/// A column's head; one that several columns have says whose it is: the column's before it.
fn named(heads: &[&str], column: usize) -> String {
    let head = heads[column];
    match heads.iter().filter(|other| **other == head).count() {
        2.. if column > 0 && !head.is_empty() => format!("{head} of {}", heads[column - 1]),
        _ => head.into(),
    }
}

/// A table as text.
struct ShownColumns {
    lines: String,
    width: usize,
    name_width: usize,
}

impl ShownColumns {
    fn of<const N: usize>(heads: &[&str; N], rows: &[[String; N]], hidden: &[usize], most_name: usize) -> Self {
        let columns: Vec<usize> = (0..N).filter(|column| !hidden.contains(column)).collect();
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(columns.iter().map(|&column| heads[column]));
        for row in rows {
            let cell = |&column: &usize| {
                if column == 0 { wrapped(&row[0], most_name).join("\n") } else { row[column].clone() }
            };
            table.add_row(columns.iter().map(cell));
        }
        // Figures to the right; names and columns without a head to the left.
        for (shown, &column) in table.column_iter_mut().zip(&columns) {
            let left = column == 0 || heads[column].is_empty();
            shown.set_cell_alignment(if left { CellAlignment::Left } else { CellAlignment::Right });
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        let name = |row: &[String; N]| wrapped(&row[0], most_name).iter().map(|line| line.chars().count()).max();
        let name_width = rows.iter().filter_map(name).max().unwrap_or(0);
        Self { lines: lines.join("\n"), width, name_width }
    }
}

/// Each row as a list below its name.
fn lists<const N: usize>(heads: &[&str; N], rows: &[[String; N]], width: usize) -> String {
    let mut lines = Vec::new();
    for row in rows {
        lines.extend(wrapped(&row[0], width));
        for (head, text) in heads.iter().zip(row).skip(1) {
            if !head.is_empty() && !text.is_empty() {
                lines.extend(behind("", 2, &format!("{head}: {text}"), width));
            }
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADS: [&str; 5] = ["strategy", "median", "95 % interval", "CPU", ""];

    fn rows() -> Vec<[String; 5]> {
        let row = |name: &str| [name, "451 ms", "449 ms – 455 ms", "98 %", "████████████"].map(str::to_owned);
        vec![row("sequential"), row("processes, pool_chunks, as published (fifty_one)")]
    }

    #[test]
    fn a_narrow_table_has_fewer_columns_and_a_very_narrow_one_is_a_list() {
        let shown = |width| fit(HEADS, &rows(), &[4, 3], width);
        insta::assert_snapshot!([None, Some(80), Some(52), Some(40)].map(shown).join("\n\n"));
    }

    proptest! {
        #[test]
        fn every_line_fits(name in "([a-z]{1,12} ){1,6}", figure in "[0-9.]{1,9}", width in 30_usize..120) {
            let rows = vec![[name, figure.clone(), format!("{figure} – {figure}"), figure, "███".into()]];
            let text = fit(HEADS, &rows, &[4, 3], Some(width));
            prop_assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
        }
    }
}
