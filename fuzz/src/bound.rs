//! A bound on the time that an input may take.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long any input may keep a processor busy, and how much longer for each of its bytes: some twenty times of what was
/// the most in a build with instrumentation.
const AT_ALL: Duration = Duration::from_millis(5);
const PER_BYTE: Duration = Duration::from_nanos(500);

/// How often an input may try, since the processor itself is not always as quick.
const TRIES: u32 = 3;

/// Does something with an input of so many bytes, and panics if that takes too long each time.
///
/// What counts is the time that this thread was running: on a busy machine, or if the process was stopped, an alarm clock
/// would tell of inputs that are none the worse.
pub fn bounded<T>(bytes: usize, work: impl Fn() -> T) -> T {
    let most = AT_ALL + PER_BYTE * u32::try_from(bytes).unwrap_or(u32::MAX);
    let mut quickest = Duration::MAX;
    for _ in 0..TRIES {
        let begun = thread_time();
        let done = work();
        quickest = quickest.min(thread_time() - begun);
        if quickest <= most {
            return done;
        }
    }
    panic!("{bytes} bytes took {quickest:?}, expected at most {most:?}");
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quick_may_and_what_takes_long_may_not() {
        assert_eq!(bounded(1, || 7), 7);
        let busy = || {
            bounded(1, || {
                let begun = thread_time();
                while thread_time() - begun < AT_ALL * 2 {}
            })
        };
        let idle = || bounded(1, || std::thread::sleep(AT_ALL * 4));
        assert!(std::panic::catch_unwind(idle).is_ok());
        assert!(std::panic::catch_unwind(busy).is_err());
    }
}
