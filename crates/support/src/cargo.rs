//! Cargo, started by a program that cargo may have started itself.

use std::{env, process::Command};

/// Cargo as from a shell. What it tells a program about that program's package is removed: build scripts read the same
/// variables (ring's does), so their crates would be compiled anew, with all that depends on them, and once more by the next
/// cargo in a shell.
pub fn command() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let is_of_a_package = |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|begin| name.starts_with(begin));
    for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| is_of_a_package(name)) {
        cargo.env_remove(name);
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_of_this_package() {
        assert!(env::var_os("CARGO_PKG_NAME").is_some(), "cargo tells a test");
        let cargo = command();
        let removed = |name: &str| cargo.get_envs().any(|(key, value)| key == name && value.is_none());
        assert!(removed("CARGO_PKG_NAME") && removed("CARGO_MANIFEST_DIR"));
        assert!(!removed("CARGO_HOME") && !removed("CARGO_TARGET_DIR"));
    }
}
