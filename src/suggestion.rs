//! What to say of a name that nobody knows.

/// Says that a name is unknown, and which known one is nearest.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let suggestion = nearest(name, known).unwrap_or_else(|| ".".into());
    format!("unknown {what} `{name}`{suggestion} Known: {}", known.join(", "))
}

/// What an error expected that has said already what it found: the known names, and which of them is nearest.
pub fn one_of(name: &str, known: &[&str]) -> String {
    format!("one of {}{}", known.join(", "), nearest(name, known).unwrap_or_default())
}

fn nearest(name: &str, known: &[&str]) -> Option<String> {
    let alike = |candidate: &&&str| strsim::jaro_winkler(name, candidate);
    let nearest = known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b))).filter(|best| alike(best) > 0.7);
    nearest.map(|near| format!("; did you mean `{near}`?"))
}
