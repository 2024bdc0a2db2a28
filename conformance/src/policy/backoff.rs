use std::time::Duration;

/// The time between one attempt and the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    name: String,
    delays: Vec<Duration>,
    jitter_percent: u8,
}

impl Backoff {
    /// A back-off with these delays before the first, second, … retry; the last of them is kept for all that follow.
    #[must_use]
    pub fn new(name: impl Into<String>, delays: impl IntoIterator<Item = Duration>) -> Self {
        Self { name: name.into(), delays: delays.into_iter().collect(), jitter_percent: 0 }
    }

    /// The same, each delay longer or shorter by up to this share of it.
    #[must_use]
    pub fn with_jitter(self, percent: u8) -> Self {
        Self { jitter_percent: percent.min(100), ..self }
    }

    /// Returns the name of the schedule (`assumed-exp-5-900`).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the time before the retry of this number, counted from 0, without jitter.
    #[must_use]
    pub fn delay(&self, retry: usize) -> Duration {
        self.delays.get(retry).or(self.delays.last()).copied().unwrap_or_default()
    }

    /// The same with jitter; `draw` is a number between 0 and 1.
    pub(super) fn jittered(&self, retry: usize, draw: impl FnOnce() -> f64) -> Duration {
        let delay = self.delay(retry);
        if self.jitter_percent == 0 {
            return delay;
        }
        let share = f64::from(self.jitter_percent) / 100.0;
        // To the millisecond, so that a timeline reads well.
        let millis = delay.as_secs_f64() * 1000.0 * (1.0 - share + 2.0 * share * draw());
        Duration::from_millis(millis.round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_delay_is_kept() {
        let backoff = Backoff::new("mine", [5, 10].map(Duration::from_secs));
        assert_eq!([0, 1, 2, 99].map(|retry| backoff.delay(retry).as_secs()), [5, 10, 10, 10]);
        assert_eq!(Backoff::new("none", []).delay(0), Duration::ZERO);
    }

    #[test]
    fn jitter_stays_within_its_share() {
        let backoff = Backoff::new("mine", [Duration::from_secs(100)]).with_jitter(10);
        assert_eq!([0.0, 0.5, 1.0].map(|draw| backoff.jittered(0, || draw).as_secs()), [90, 100, 110]);
    }
}
