//! Takes over the terminal and always restores it.
//!
//! Taking over a terminal changes raw mode, the alternate screen and the cursor. All three changes outlive the program.
//! So they are undone when [`Screen`] is dropped, before a panic prints its message (which would go to a screen that is
//! about to vanish), and before the program ends in any other way that it can foresee.
//!
//! Keys are read without crossterm, whose reader of events never returns once the terminal is gone. Three keys stop a
//! race, and reading them takes one `poll` and one `read`.

use super::picture::RaceScreen;
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    unistd::read,
};
use ratatui::{
    Terminal,
    backend::{Backend, CrosstermBackend},
    crossterm::{
        cursor::{Hide, Show},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
    layout::Size,
};
use std::{
    env,
    io::{self, ErrorKind, IsTerminal, Stdout, stdin, stdout},
    mem::ManuallyDrop,
    os::fd::AsFd,
    panic,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

/// Whether the terminal has to be restored.
static TAKEN: AtomicBool = AtomicBool::new(false);

const CTRL_C: u8 = 3;
const ESC: u8 = 27;

/// The terminal, while it is taken over.
pub struct Screen {
    /// Never dropped: its `drop` would show the cursor once more, and panic if the terminal is gone.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
}

impl Screen {
    /// Whether there is a terminal to draw on, and a keyboard to stop the race with.
    pub fn is_there() -> bool {
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        stdout().is_terminal() && stdin().is_terminal() && !dumb
    }

    /// Takes over the terminal.
    pub fn take_over() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let hook = panic::take_hook();
            panic::set_hook(Box::new(move |about| {
                give_back();
                hook(about);
            }));
        });
        TAKEN.store(true, SeqCst);
        let taken = enable_raw_mode()
            .and_then(|()| execute!(stdout(), EnterAlternateScreen, Hide))
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        let terminal = taken.inspect_err(|_| give_back())?;
        Ok(Self { terminal: ManuallyDrop::new(terminal) })
    }

    /// Its current size.
    pub fn size(&self) -> io::Result<Size> {
        self.terminal.backend().size()
    }

    /// Draws what is different from the last picture.
    pub fn draw(&mut self, picture: &RaceScreen) -> io::Result<()> {
        // Not after a panic: its message must stay readable.
        if TAKEN.load(SeqCst) {
            self.terminal.draw(|frame| picture.draw(frame.area(), frame.buffer_mut()))?;
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Restores the terminal, if it was taken over. Errors are ignored: the terminal may be gone.
pub fn give_back() {
    if TAKEN.swap(false, SeqCst) {
        let _ = disable_raw_mode();
        let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    }
}

/// Waits at most `patience` for a key, and returns whether it stops the race: `q`, Esc or Ctrl-C, which is a key in raw
/// mode. A terminal that is gone is an error.
pub fn stop_key_within(patience: Duration) -> io::Result<bool> {
    let stdin = stdin();
    let mut readable = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    match poll(&mut readable, PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX)) {
        Ok(0) | Err(Errno::EINTR) => return Ok(false),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    // Bypasses the standard library's buffer: `poll` would not see bytes that stayed there.
    let mut keys = [0; 64];
    match read(&stdin, &mut keys) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(length) => Ok(stops(&keys[..length])),
        Err(Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Esc comes alone; followed by other bytes it begins an arrow or a function key.
fn stops(keys: &[u8]) -> bool {
    match keys {
        [ESC] => true,
        [ESC, ..] => false,
        keys => keys.iter().any(|key| [b'q', b'Q', CTRL_C].contains(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::live::Race;
    use nix::{
        pty::{Winsize, openpty},
        sys::termios::tcgetattr,
    };
    use std::{
        fs::File,
        io::Read,
        process::{Command, Stdio},
    };

    /// Set for the process that is to panic.
    const PANIC: &str = "MAKESPAN_TEST_PANIC_ON_THE_SCREEN";

    #[test]
    fn some_keys_stop_it_and_others_do_not() {
        assert!([&b"q"[..], b"Q", b"\x1b", b"\x03", b"xq"].into_iter().all(stops));
        assert!(![&b"x"[..], b"", b"\x1b[A", b"\x1b[1;5q"].into_iter().any(stops));
    }

    /// Runs this test again in a child process, on a pseudo-terminal.
    #[test]
    fn a_panic_gives_the_terminal_back_and_then_says_what_happened() {
        if env::var_os(PANIC).is_some() {
            let mut screen = Screen::take_over().expect("a terminal");
            let picture = RaceScreen { race: Race::default(), stopping: false, held: false, colour: true };
            screen.draw(&picture).expect("it can be drawn on");
            panic!("in the middle of the race");
        }
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let terminal = openpty(&size, None).expect("a pseudo-terminal");
        let before = tcgetattr(&terminal.slave).expect("its settings");
        let end = || Stdio::from(terminal.slave.try_clone().expect("a handle"));
        let name = "race::screen::tests::a_panic_gives_the_terminal_back_and_then_says_what_happened";
        let mut child = Command::new(env::current_exe().expect("this test"))
            .args(["--exact", name, "--nocapture"])
            .env(PANIC, "1")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("this test starts");
        // Read until the last of the child's ends is closed; ours stays open to check its settings.
        let mut master = File::from(terminal.master.try_clone().expect("a handle"));
        let mut shown = Vec::new();
        let mut some = [0; 4096];
        while !String::from_utf8_lossy(&shown).contains("test result:") {
            let length = master.read(&mut some).expect("the terminal is there");
            shown.extend_from_slice(&some[..length]);
        }
        assert!(!child.wait().expect("it ends").success());
        let shown = String::from_utf8_lossy(&shown);
        let at = |what: &str| shown.find(what).unwrap_or_else(|| panic!("no {what:?} in {shown:?}"));
        assert!(at("\x1b[?1049h") < at("makespan race"));
        assert!(at("makespan race") < at("\x1b[?1049l"));
        assert!(at("\x1b[?1049l") < at("in the middle of the race"), "its words are on the screen that stays");
        assert!(at("\x1b[?1049l") < shown.rfind("\x1b[?25h").expect("the cursor is shown"));
        assert!(tcgetattr(&terminal.slave).expect("its settings") == before);
    }
}
