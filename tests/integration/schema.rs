//! The schemas of files are those of the types that are read or written. That of a scenario has an example of every key.

use super::scenarios::{NEW_SCENARIO, switched_on};
use makespan::scenario::BUILT_IN;
use serde_json::{Value, json};
use std::{env, fs, path::Path};

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

/// The keys that no sentence describes, and those of times and sizes whose sentence lacks the unit.
fn without_description(root: &Value, schema: &Value, at: &str, found: &mut Vec<String>) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let there = root.pointer(&target(root, property["$ref"].as_str().unwrap_or_default().trim_start_matches('#')));
        let described = property["description"].as_str().or_else(|| there?["description"].as_str());
        let unit = [("_s", "second"), ("_ns", "nanosecond"), ("_bytes", "byte")];
        let mut units = unit.iter().filter(|(suffix, _)| key.ends_with(suffix) && !key.ends_with("per_s"));
        let says_all = described.is_some_and(|text| {
            text.ends_with('.')
                && units.all(|(_, word)| text.to_lowercase().contains(word) || at.starts_with("scenario"))
        });
        if !says_all && property.get("const").is_none() {
            found.push(format!("{at}/{key}"));
        }
    }
    match schema {
        Value::Object(map) => map.iter().for_each(|(key, inner)| {
            let at = if key == "properties" { at.to_owned() } else { format!("{at}/{key}") };
            without_description(root, inner, &at, found);
        }),
        Value::Array(items) => items.iter().for_each(|inner| without_description(root, inner, at, found)),
        _ => {}
    }
}

/// Every schema, by the name of its file.
fn generated() -> Vec<(String, Value)> {
    let mut all = cli::schemas::all();
    let schema = &mut all[0].1;
    for document in explained() {
        give_examples(schema, "", &document);
    }
    for (_, text) in BUILT_IN {
        give_examples(schema, "", &from_toml(text));
    }
    all
}

#[test]
fn the_schemas_are_those_of_the_types() {
    let dir = Path::new(common::ROOT).join("fixtures/schema");
    let all = generated();
    let (mut stale, mut links, mut undescribed) = (Vec::new(), Vec::new(), Vec::new());
    for (name, schema) in &all {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
        let path = dir.join(name).with_extension("json");
        let text = serde_json::to_string_pretty(schema).expect("JSON") + "\n";
        if env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
            fs::write(&path, &text).expect("writable");
        }
        if fs::read_to_string(&path).unwrap_or_default() != text {
            stale.push(name);
        }
        without_description(schema, schema, name, &mut undescribed);
        links.extend(text.lines().filter(|line| line.contains("[`")).map(|line| format!("{name}: {line}")));
    }
    assert_eq!(undescribed, [""; 0], "these keys have no description, or one that doesn't say its unit");
    assert_eq!(links, [""; 0], "a link of rustdoc's leads nowhere in JSON");
    assert!(stale.is_empty(), "{stale:?} are not those of the types: renew them with INSTA_UPDATE=always");
    assert_eq!(all.len(), fs::read_dir(dir).expect("a folder").count(), "a file that no type stands behind");
    let mut lacking = Vec::new();
    without_example(&all[0].1, &mut lacking);
    // No claim has a derived bound.
    lacking.retain(|key| key != "formula");
    assert_eq!(lacking, [""; 0], "show these keys in fixtures/new_scenario.toml or in a scenario");
}

#[test]
fn every_scenario_is_right_by_the_schema() {
    let schema = generated().swap_remove(0).1;
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
