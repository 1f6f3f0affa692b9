//! What we write for other programs, against the schemas that ship.

use super::ROOT;
use jsonschema::Validator;
use serde_json::Value;
use std::{fs, path::Path};

/// The schema of this name, such as `run-2`.
pub fn schema(name: &str) -> Value {
    let path = Path::new(ROOT).join("fixtures/schema").join(name).with_extension("json");
    let schema = serde_json::from_str(&fs::read_to_string(path).expect(name)).expect("JSON");
    assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
    schema
}

pub fn validator(name: &str) -> Validator {
    jsonschema::draft202012::new(&schema(name)).expect("a schema")
}

/// What a schema has against a document, and where.
pub fn complaints(validator: &Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
