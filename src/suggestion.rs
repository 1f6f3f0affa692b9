//! What to say of a name that nobody knows.

/// Says that a name is unknown, and which known one is nearest.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let alike = |candidate: &&&str| strsim::jaro_winkler(name, candidate);
    let nearest = known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b))).filter(|best| alike(best) > 0.7);
    let suggestion = nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("unknown {what} `{name}`{suggestion} Known: {}", known.join(", ")).replace("` Known", "`. Known")
}
