use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Keeps requests apart.
pub(crate) struct Pace {
    gap: Duration,
    next: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        let gap = per_second.filter(|&rate| rate > 0).map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate);
        Self { gap, next: None }
    }

    /// Returns when the next request may be sent.
    pub(crate) async fn wait(&mut self) {
        if self.gap.is_zero() {
            return;
        }
        if let Some(next) = self.next {
            sleep_until(next).await;
        }
        self.next = Some(Instant::now() + self.gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_a_second_are_a_tenth_of_a_second_apart() {
        let (start, mut pace) = (Instant::now(), Pace::new(Some(10)));
        for _ in 0..11 {
            pace.wait().await;
        }
        assert_eq!(start.elapsed().as_millis(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nothing_waits() {
        let (start, mut pace) = (Instant::now(), Pace::new(None));
        pace.wait().await;
        pace.wait().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
