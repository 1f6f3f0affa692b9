//! Waits until an instant, more precisely than the async runtime's own timer.
//!
//! tokio's timer counts whole milliseconds and rounds up, so each wait is about 1 ms too long: more than most
//! strategies differ by. So on Linux one kernel timer (`timerfd`, nanoseconds, exempt from the slack of plain timeouts)
//! wakes the runtime through the `epoll` in which it sleeps anyway, for the sleeper that is due first; see
//! `timerfd.rs`. One shared timer stays precise with a thousand requests in flight, unlike one timer for each or a
//! timer on another thread: nothing has to cross threads, and resetting it is one short system call. Other systems use
//! async-io's timer, on its own thread; see `portable.rs`.

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
            // The order depends on the machine: a sleeper that is already due at its first poll wakes at once.
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
            // The first to be due, for which the timer is set.
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
