//! The schema of a scenario's file is that of the types which it is parsed into, with an example of every key.

use super::scenarios::{NEW_SCENARIO, switched_on};
use makespan::scenario::BUILT_IN;
use serde_json::{Map, Value, json};
use std::{env, fs, path::Path};

const FILE: &str = "fixtures/schema/scenario-1.json";

fn from_toml(text: &str) -> Value {
    toml::from_str(text).expect("TOML")
}

/// One document for each of the workloads that the new scenario explains, the first with every optional key.
fn explained() -> Vec<Value> {
    let (main, others) = NEW_SCENARIO.split_once("# ----- Other tasks").expect("a line between them");
    let others = others.split("\n\n").filter(|part| part.contains("# [workload."));
    [main].into_iter().chain(others).map(|part| from_toml(&switched_on(part))).collect()
}

/// The place in the schema that `$ref` leads to, or this one.
fn target(schema: &Value, at: &str) -> String {
    match schema.pointer(at).and_then(|here| here["$ref"].as_str()) {
        Some(to) => target(schema, to.trim_start_matches('#')),
        None => at.to_owned(),
    }
}

/// Gives each key that the value has, and that has none yet, the value as its example.
fn give_examples(schema: &mut Value, at: &str, value: &Value) {
    let at = target(schema, at);
    let here = schema.pointer(&at).cloned().unwrap_or_default();
    for (list, kinds) in ["oneOf", "anyOf"].map(|list| (list, here[list].as_array().map_or(0, Vec::len))) {
        (0..kinds).for_each(|kind| give_examples(schema, &format!("{at}/{list}/{kind}"), value));
    }
    if let Some(items) = value.as_array().filter(|_| here.get("items").is_some()) {
        items.iter().for_each(|item| give_examples(schema, &format!("{at}/items"), item));
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        let property = format!("{at}/properties/{key}");
        if schema.pointer(&property).is_some() {
            give_examples(schema, &property, value);
            let is_table = |value: &Value| value.is_object();
            let has_tables = is_table(value) || value.as_array().is_some_and(|items| items.iter().any(is_table));
            let own = schema.pointer_mut(&property).and_then(Value::as_object_mut).expect("a property");
            if !has_tables && !own.contains_key("examples") {
                own.insert("examples".into(), json!([value]));
            }
        } else if here["additionalProperties"].is_object() {
            give_examples(schema, &format!("{at}/additionalProperties"), value);
        }
    }
}

/// The keys that have neither an example nor a table of their own.
fn without_example(schema: &Value, found: &mut Vec<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        let refers = |property: &Value| property.to_string().contains("\"$ref\"") || property["type"] == "object";
        let lacking = properties.iter().filter(|(_, property)| property.get("examples").is_none() && !refers(property));
        found.extend(lacking.map(|(key, _)| key.clone()));
    }
    match schema {
        Value::Object(map) => map.values().for_each(|inner| without_example(inner, found)),
        Value::Array(items) => items.iter().for_each(|inner| without_example(inner, found)),
        _ => {}
    }
}

fn generated() -> Value {
    let mut whole = Map::new();
    whole.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    whole.insert("$id".into(), json!("https://makespan.invalid/schema/scenario-1.json"));
    let Value::Object(types) = harness::scenario::schema() else { panic!("a schema is an object") };
    whole.extend(types.into_iter().filter(|(key, _)| key != "$schema"));
    let mut schema = Value::Object(whole);
    for document in explained() {
        give_examples(&mut schema, "", &document);
    }
    for (_, text) in BUILT_IN {
        give_examples(&mut schema, "", &from_toml(text));
    }
    schema
}

#[test]
fn the_schema_of_scenarios_is_that_of_the_parser() {
    let schema = generated();
    let text = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
    let path = Path::new(common::ROOT).join(FILE);
    if env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::write(&path, &text).expect("writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{FILE} is not that of the types: renew it with INSTA_UPDATE=always");
    let mut lacking = Vec::new();
    without_example(&schema, &mut lacking);
    // No claim has a derived bound.
    lacking.retain(|key| key != "formula");
    assert_eq!(lacking, [""; 0], "show these keys in fixtures/new_scenario.toml or in a scenario");
}

#[test]
fn every_scenario_is_right_by_the_schema() {
    let schema = generated();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let refused =
        |document: &Value| validator.iter_errors(document).map(|e| format!("{e} at {}", e.instance_path())).collect();
    for (name, text) in BUILT_IN {
        let complaints: Vec<String> = refused(&from_toml(text));
        assert_eq!(complaints, [""; 0], "{name}");
    }
    let mut whole = explained().swap_remove(0);
    let complaints: Vec<String> = refused(&whole);
    assert_eq!(complaints, [""; 0]);
    for (place, wrong) in [
        ("/time_scal", json!(1)),
        ("/time_scale", json!("fast")),
        ("/server/time_scale", json!(2)),
        ("/server/photos", json!("/tmp")),
        ("/cells/0/workers", json!([0])),
        ("/cells/0/schedules", json!(["chunks(0)"])),
        ("/cells/0/timer", json!("hot")),
        ("/workload/given", json!({})),
    ] {
        let (table, key) = place.rsplit_once('/').expect("a place");
        let before = whole.clone();
        let table = whole.pointer_mut(table).unwrap_or_else(|| panic!("{place}"));
        let array = table.as_object_mut().expect("a table");
        array.insert(key.to_owned(), wrong);
        assert!(!validator.is_valid(&whole), "{place}");
        whole = before;
    }
}
