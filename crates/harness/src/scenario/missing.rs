//! Lists all keys that a scenario lacks, for its author: serde stops at the first one.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The keys that each table must have, by the table's own key; `*` matches any. A test compares the list with serde's.
const REQUIRED: &[(&str, &[&str])] = &[
    ("", &["title", "question", "workload", "cells"]),
    ("workload.fetch", &["tasks"]),
    ("workload.fetch.listing", &["path"]),
    ("workload.prime_sum", &["below", "tasks"]),
    ("workload.thumbnails", &["photos"]),
    ("workload.thumbnails.program", &["line", "pictures"]),
    ("workload.gunzip", &["archives"]),
    ("workload.files", &["files", "bytes", "access"]),
    ("workload.payload", &["tasks", "bytes"]),
    ("workload.sharing", &["tasks", "steps", "what"]),
    ("arrivals", &["rate_per_s"]),
    ("background", &["strategy", "workers", "cores", "below"]),
    ("server.routes", &["path"]),
    ("server.routes.spread", &["shape", "cv"]),
    ("server.faults", &["fault"]),
    ("server.limits.connections", &["most", "beyond"]),
    ("server.limits.requests", &["most", "beyond"]),
    ("server.limits.rate", &["per_s", "burst"]),
    ("prologue", &["path"]),
    ("expected", &["indexes"]),
    ("variants.*.prologue", &["path"]),
    ("variants.*.expected", &["indexes"]),
    ("variants.*.background", &["strategy", "workers", "cores", "below"]),
    ("cells", &["strategies", "workers"]),
    ("sweep", &["strategies", "workers"]),
    ("claims", &["id", "question", "says"]),
    ("claims.figures", &["name", "test"]),
    ("claims.figures.derived", &["value", "formula"]),
    ("claims.figures.python", &["name", "test"]),
    ("claims.bugs", &["name", "program", "test"]),
    ("claims.mechanisms", &["name", "test"]),
    ("claims.apart", &["with"]),
    ("claims.apart.derived", &["value", "formula"]),
    ("decisions", &["work", "cells"]),
];

/// All missing keys, in words: ``missing `title` at the top; missing `workers` in `cells` (line 9)``. `None` if none is
/// missing, or if the text is not TOML.
pub(super) fn in_words(text: &str) -> Option<String> {
    let whole = DeTable::parse(text).ok()?;
    let mut parts: Vec<String> = Vec::new();
    for (key, required) in REQUIRED {
        let mut found = Vec::new();
        let steps: Vec<&str> = key.split('.').filter(|step| !step.is_empty()).collect();
        tables(whole.get_ref(), whole.span().start, &steps, &mut found);
        for (table, start) in found {
            let lacks = |name: &&&str| !table.iter().any(|(known, _)| known.get_ref() == **name);
            let names: Vec<String> = required.iter().filter(lacks).map(|name| format!("`{name}`")).collect();
            if !names.is_empty() {
                let line = text[..start].matches('\n').count() + 1;
                let place = if key.is_empty() { "at the top".into() } else { format!("in `{key}` (line {line})") };
                parts.push(format!("missing {} {place}", names.join(", ")));
            }
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Every table at this key, and where it begins: an array of tables has several.
fn tables<'t>(table: &'t DeTable<'t>, start: usize, steps: &[&str], found: &mut Vec<(&'t DeTable<'t>, usize)>) {
    let Some((first, rest)) = steps.split_first() else {
        found.push((table, start));
        return;
    };
    let named = table.iter().filter(|(key, _)| *first == "*" || key.get_ref() == first);
    named.for_each(|(_, value)| below(value, rest, found));
}

fn below<'t>(value: &'t Spanned<DeValue<'t>>, steps: &[&str], found: &mut Vec<(&'t DeTable<'t>, usize)>) {
    match value.get_ref() {
        DeValue::Table(table) => tables(table, value.span().start, steps, found),
        DeValue::Array(values) => values.iter().for_each(|value| below(value, steps, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BUILT_IN, wire};
    use super::*;
    use toml::{Table, Value};

    /// Every key that the built-in scenarios don't use.
    const RARE: &str = "
title = ''
question = ''
prologue = [{ path = '/' }]
expected = [{ indexes = [1] }]
variants.other = { expected = [{ indexes = [1] }] }
background = { strategy = 'threads', workers = 1, cores = 'first_half', below = 1 }
[workload.fetch]
tasks = 1
listing = { path = '/' }
[server]
routes = [{ path = '/', spread = { shape = 'uniform', cv = 0.1 } }]
faults = [{ fault = 'reset' }]
[server.limits]
connections = { most = 1, beyond = 'queue' }
requests = { most = 1, beyond = 'queue' }
rate = { per_s = 1.0, burst = 1 }
[[cells]]
strategies = []
workers = []
[[sweep]]
strategies = []
workers = []
";

    /// For each key, the file without it.
    fn each_without_one(value: &Value) -> Vec<Value> {
        match value {
            Value::Table(table) => {
                let mut all = Vec::new();
                for (key, value) in table {
                    let mut without = table.clone();
                    without.remove(key);
                    all.push(Value::Table(without));
                    // What a claim's test must have depends on its kind; only serde knows.
                    if key == "test" {
                        continue;
                    }
                    for changed in each_without_one(value) {
                        let mut with = table.clone();
                        with.insert(key.clone(), changed);
                        all.push(Value::Table(with));
                    }
                }
                all
            }
            // One element is enough.
            Value::Array(values) => values.first().map_or_else(Vec::new, |first| {
                let with = |changed| Value::Array([vec![changed], values[1..].to_vec()].concat());
                each_without_one(first).into_iter().map(with).collect()
            }),
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_list_is_what_serde_demands() {
        let texts = BUILT_IN.iter().map(|(_, text)| *text).chain([RARE]);
        let mut demanded = 0;
        for text in texts {
            let whole: Table = text.parse().unwrap();
            for changed in each_without_one(&Value::Table(whole)) {
                let text = toml_text(&changed);
                let says = toml::from_str::<wire::Scenario>(&text).err().map(|error| error.message().to_owned());
                let serde = says.as_deref().and_then(|says| says.strip_prefix("missing field "));
                let ours = in_words(&text);
                let known = REQUIRED.iter().flat_map(|(_, names)| *names);
                let listed = serde.is_some_and(|name| known.clone().any(|known| name == format!("`{known}`")));
                assert_eq!(ours.is_some(), listed, "serde: {says:?}, ours: {ours:?}\n{text}");
                assert!(serde.is_none_or(|name| !listed || ours.unwrap().contains(name)));
                demanded += usize::from(listed);
            }
        }
        assert!(demanded > 100, "{demanded}");
    }

    /// As TOML, one line for each top-level key. `toml` is built without its writer.
    fn toml_text(value: &Value) -> String {
        let Value::Table(table) = value else { return inline(value) };
        table.iter().map(|(key, value)| format!("{key} = {}\n", inline(value))).collect::<Vec<_>>().concat()
    }

    fn inline(value: &Value) -> String {
        match value {
            Value::Table(table) => {
                let pairs: Vec<String> =
                    table.iter().map(|(key, value)| format!("{key:?} = {}", inline(value))).collect();
                format!("{{ {} }}", pairs.join(", "))
            }
            Value::Array(values) => format!("[{}]", values.iter().map(inline).collect::<Vec<_>>().join(", ")),
            Value::String(text) => serde_json::to_string(text).unwrap(),
            Value::Float(number) => format!("{number:?}"),
            Value::Integer(number) => number.to_string(),
            Value::Boolean(is) => is.to_string(),
            Value::Datetime(time) => time.to_string(),
        }
    }

    #[test]
    fn all_of_it_is_named_with_its_line() {
        let text =
            "title = 'A'\n[workload.prime_sum]\nby = 'sieve'\n\n[[cells]]\nworkers = [2]\n[[cells]]\nstrategies = []\n";
        let expected = "missing `question` at the top; missing `below`, `tasks` in `workload.prime_sum` (line 2); missing \
                        `strategies` in `cells` (line 5); missing `workers` in `cells` (line 7)";
        assert_eq!(in_words(text).as_deref(), Some(expected));
        assert_eq!(in_words("title = "), None);
    }
}
