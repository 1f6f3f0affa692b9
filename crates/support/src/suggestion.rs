//! Messages about unknown names.

/// Says that a name is unknown, and which known one is nearest.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let suggestion = meant(name, known).unwrap_or_else(|| ".".into());
    format!("unknown {what} `{name}`{suggestion} Known: {}", known.join(", "))
}

/// The expectation part of an error: the known names, and which of them is nearest.
pub fn one_of(name: &str, known: &[&str]) -> String {
    format!("one of {}{}", known.join(", "), meant(name, known).unwrap_or_default())
}

fn meant(name: &str, known: &[&str]) -> Option<String> {
    nearest(name, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"))
}

/// The nearest known name, if any is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let alike = |candidate: &&str| strsim::jaro_winkler(name, candidate);
    known.into_iter().max_by(|a, b| alike(a).total_cmp(&alike(b))).filter(|best| alike(best) > 0.7)
}
