use std::time::Duration;

/// How long the acknowledgements of honest events took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latency {
    /// How many there were.
    pub count: usize,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 95 of 100 took no longer.
    pub p95: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// None took longer.
    pub max: Duration,
    /// The case of the slowest.
    pub slowest: String,
    /// All of them, the shortest first.
    pub times: Vec<Duration>,
}

impl Latency {
    pub(super) fn of(mut times: Vec<(Duration, String)>) -> Option<Self> {
        times.sort_unstable();
        let (max, slowest) = times.last()?.clone();
        // Nearest rank: a time that really occurred, also when there are few.
        let percentile = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1].0;
        let (p50, p95, p99) = (percentile(50), percentile(95), percentile(99));
        let times: Vec<_> = times.into_iter().map(|(time, _)| time).collect();
        Some(Self { count: times.len(), p50, p95, p99, max, slowest, times })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = u64>) -> Option<Latency> {
        Latency::of(times.into_iter().map(|time| (Duration::from_millis(time), format!("case-{time}"))).collect())
    }

    #[test]
    fn percentiles_are_times_that_occurred() {
        let latency = of((1..=100).rev()).unwrap();
        let millis = [latency.p50, latency.p95, latency.p99, latency.max].map(|time| time.as_millis());
        assert_eq!(millis, [50, 95, 99, 100]);
        assert_eq!((latency.count, &*latency.slowest), (100, "case-100"));
    }

    #[test]
    fn one_time_is_every_percentile_and_none_is_nothing() {
        let one = of([7]).unwrap();
        assert_eq!((one.p50, one.p99, one.max), (one.max, one.max, Duration::from_millis(7)));
        assert_eq!(of([]), None);
    }
}
