//! A command that can be copied.

use maud::{Markup, html};

/// The command in a box of its own, with a button that copies it where scripts run.
pub(crate) fn command(command: &str) -> Markup {
    html! {
        div class="command" { pre tabindex="0" { code { (command) } } button type="button" class="copy" hidden { "Copy" } }
    }
}
