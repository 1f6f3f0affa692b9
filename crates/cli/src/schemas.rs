//! The JSON Schemas of the files that the program reads and writes, from the types of these files. The program has no use
//! for them: tests compare them with `fixtures/schema`, and the reference is made from these.

use super::{compare, doctor, list, museum, predict};
use advice::documents::{AdviceDocument, AdviceExport, LoadAdviceExport, QuotaExport};
use classroom::export::ClassExport;
use exercise::report::CheckReport;
use findings::export::Export;
use harness::{
    live::event::{self, Event},
    results::{
        costs::{self, Costs},
        record::{self, Record},
    },
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Every schema, by the name of its file.
pub fn all() -> Vec<(String, Value)> {
    let written = [
        written::<Record>(record::SCHEMA, "One scenario, measured: what `makespan run SCENARIO --json FILE` writes."),
        written::<Export<'_>>(
            findings::SCHEMA,
            "What was found about the claims: what `makespan reproduce --json FILE` writes.",
        ),
        written::<predict::Predictions<'_>>(
            predict::SCHEMA,
            "Speedups and times that were not measured: what `makespan predict SCENARIO --json FILE` writes.",
        ),
        written::<compare::RecordComparison<'_>>(
            compare::SCHEMA,
            "Two records of one scenario, compared: what `makespan compare BEFORE AFTER --json FILE` writes.",
        ),
        written::<AdviceExport>(
            AdviceExport::SCHEMA,
            "An advice on your own work: what `makespan advise --json FILE` writes.",
        ),
        written::<LoadAdviceExport>(
            LoadAdviceExport::SCHEMA,
            "How many workers hold a rate: what `makespan advise --rate RATE --json FILE` writes.",
        ),
        written::<QuotaExport>(
            QuotaExport::SCHEMA,
            "How many workers under each CPU quota: what `makespan advise --quota CORES --json FILE` writes.",
        ),
        written::<list::WholeList<'_>>(list::SCHEMA, "What there is: what `makespan list --json FILE` writes."),
        written::<doctor::Checkup>(doctor::SCHEMA, "What was found: what `makespan doctor --json FILE` writes."),
        written::<museum::Visit>(
            museum::SCHEMA,
            "One exhibit's result: an item of the list that `makespan museum --json FILE` writes.",
        ),
        written::<CheckReport>(
            exercise::report::SCHEMA,
            "The result of checking a strategy: what `makespan exercise check --json FILE` writes.",
        ),
        written::<Costs>(
            costs::SCHEMA,
            "What jobs that do nothing took, through a queue and beside one: what `cargo bench --bench queue` writes to \
             queue.json in the data directory.",
        ),
        written::<ClassExport<'_>>(
            classroom::export::SCHEMA,
            "All races of a session of `makespan classroom` that are over, with their guesses: what its page exports.",
        ),
        written::<Event>(
            event::SCHEMA,
            "What happens in a run while it goes on: one line of `makespan run --events`. `lanes`, `cores` and `ended` are \
             added by the viewer: they are among the classroom's events, and in no line of `--events`.",
        ),
    ];
    [("scenario-1".to_owned(), identified("scenario-1", harness::scenario::schema()))]
        .into_iter()
        .chain(written)
        .collect()
}

/// The schema of what is written as this type. `schema` is its name and version.
fn written<T: JsonSchema>(schema: &str, description: &str) -> (String, Value) {
    let name = schema.trim_start_matches("makespan.").replace('/', "-");
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut whole = settings.into_generator().into_root_schema_for::<T>().to_value();
    for_readers(&mut whole);
    whole["title"] = json!(schema);
    whole["description"] = json!(format!(
        "{description} Keys are full words with their unit; an optional value is null, never absent. A later version may \
         add keys."
    ));
    let whole = identified(&name, whole);
    (name, whole)
}

/// The schema with its dialect and its id, which stand first.
fn identified(name: &str, schema: Value) -> Value {
    let mut whole = Map::new();
    whole.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    whole.insert("$id".into(), json!(format!("https://makespan.invalid/schema/{name}.json")));
    if let Value::Object(types) = schema {
        whole.extend(types.into_iter().filter(|(key, _)| key != "$schema"));
    }
    Value::Object(whole)
}

/// Documentation of a type is for readers of Rust: JSON has null for `None`. How numbers are stored is left out.
fn for_readers(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|key, value| !(key == "format" && value.is_string()));
        if let Some(Value::String(text)) = map.get_mut("description") {
            *text = text.replace('\n', " ").replace(". `None`", ". Null").replace("`None`", "null");
        }
    }
    match value {
        Value::Object(map) => map.values_mut().for_each(for_readers),
        Value::Array(items) => items.iter_mut().for_each(for_readers),
        _ => {}
    }
}
