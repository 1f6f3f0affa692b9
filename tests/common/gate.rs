//! A server that answers when it is told to: a client that asks before that is known to be in the middle of a task.

use super::PATIENCE;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
};

/// The server, its gate shut.
pub struct Gate {
    pub origin: String,
    arrivals: Receiver<TcpStream>,
}

impl Gate {
    pub fn shut() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (arrived, arrivals) = channel();
        // It ends with the test's process; nobody is there to tell it.
        thread::spawn(move || listener.incoming().flatten().try_for_each(|stream| arrived.send(stream)));
        Self { origin, arrivals }
    }

    /// Waits until so many have come.
    pub fn await_callers(&self, count: usize) -> Vec<TcpStream> {
        (0..count).map(|_| self.arrivals.recv_timeout(PATIENCE).expect("a caller")).collect()
    }
}

/// Answers them all with the same bytes and hangs up. Those that are gone by now don't mind.
pub fn answer(callers: Vec<TcpStream>, reply: &str) {
    for mut caller in callers {
        let _ = caller.read(&mut [0; 4096]);
        let _ = caller.write_all(reply.as_bytes());
    }
}

/// A whole answer.
pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
/// An answer that breaks off.
pub const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\nha";
