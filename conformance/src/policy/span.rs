use std::time::Duration;

/// A time as a person says it, with what is too small to matter left out.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, 0) => format!("{} ms", time.as_millis()),
        (0, 0, _) => format!("{rest} s"),
        (0, _, 0) => format!("{minutes} min"),
        (0, ..) => format!("{minutes} min {rest} s"),
        (_, 0, _) => format!("{hours} h"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// A time as a clock shows it (`03:12:44`).
pub(crate) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable() {
        let spans = [0, 9, 60, 200, 3600, 39_075].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(spans, ["0 ms", "9 s", "1 min", "3 min 20 s", "1 h", "10 h 51 min"]);
        assert_eq!(clock(Duration::from_secs(11_564)), "03:12:44");
    }
}
