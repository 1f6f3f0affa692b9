//! What to say of a name that nobody knows.

/// Says that a name is unknown, and which known one is nearest.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let suggestion = nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("unknown {what} `{name}`{suggestion} Known: {}", known.join(", ")).replace("` Known", "`. Known")
}

/// The known name that is most like this one, if any is much like it.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let alike = |candidate: &str| strsim::jaro_winkler(name, candidate);
    known.iter().copied().max_by(|a, b| alike(a).total_cmp(&alike(b))).filter(|best| alike(best) > 0.7)
}
