//! Waiting until an instant, more precisely than the async runtime's own timer.
//!
//! tokio's timer counts whole milliseconds and rounds up, so each wait is about one too long: more than most strategies
//! differ by. So on Linux one kernel timer (`timerfd`, nanoseconds, exempt from the slack that plain
//! timeouts get) wakes the runtime through the same `epoll` it sleeps in anyway, for whichever sleeper is due first; see
//! `timerfd.rs`. One timer for all stays precise with a thousand requests in flight, where a timer of its own for each,
//! or a timer on another thread, doesn't: nothing has to cross threads, and setting it anew is one short system call.
//! Elsewhere the timer of async-io serves, on a thread of its own; see `portable.rs`.

#[cfg(any(test, not(target_os = "linux")))]
mod portable;
#[cfg(target_os = "linux")]
mod timerfd;

#[cfg(not(target_os = "linux"))]
pub(super) use portable::Timer;
#[cfg(target_os = "linux")]
pub(super) use timerfd::Timer;

#[cfg(test)]
mod tests {
    use super::portable;
    use futures_util::future::{join_all, select};
    use measure::clock::now_ns;
    use std::{cell::RefCell, future::ready, pin::pin};
    use tokio::runtime::{Builder, LocalOptions};

    fn on_a_runtime<F: Future>(future: impl FnOnce() -> F) -> F::Output {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async { future().await })
    }

    #[test]
    fn nobody_wakes_early_and_all_wake() {
        on_a_runtime(|| async {
            let timer = super::Timer::start().unwrap();
            let (start_ns, woken) = (now_ns(), RefCell::new(Vec::new()));
            // Neither sorted nor all different, one of them in the past.
            let sleepers = [5_u64, 1, 9, 3, 3, 0, 7].map(|ms| {
                let due_ns = start_ns + ms * 1_000_000;
                let (timer, woken) = (&timer, &woken);
                async move {
                    timer.sleep_until(due_ns).await;
                    assert!(now_ns() >= due_ns);
                    woken.borrow_mut().push(ms);
                }
            });
            join_all(sleepers).await;
            // In which order is the machine's affair: whoever is asked for the first time when he is due already wakes at once.
            let mut woken = woken.into_inner();
            woken.sort_unstable();
            assert_eq!(woken, [0, 1, 3, 3, 5, 7, 9]);
        });
    }

    #[test]
    fn a_sleeper_that_gives_up_leaves_the_others_alone() {
        on_a_runtime(|| async {
            let timer = super::Timer::start().unwrap();
            let due_ns = now_ns() + 2_000_000;
            // The first to be due, and so the one that the timer is set for.
            select(pin!(timer.sleep_until(due_ns - 1_000_000)), ready(())).await;
            timer.sleep_until(due_ns).await;
            assert!(now_ns() >= due_ns);
        });
    }

    #[test]
    fn the_portable_timer_does_not_wake_early_either() {
        on_a_runtime(|| async {
            let timer = portable::Timer::start().unwrap();
            let due_ns = now_ns() + 2_000_000;
            timer.sleep_until(due_ns).await;
            assert!(now_ns() >= due_ns);
        });
    }
}
