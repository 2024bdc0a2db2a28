use std::{fmt::Write, time::Duration};

use super::markup::escaped;
use crate::report::{Report, words};

/// How long the acknowledgements took, as a histogram before the limit. Times are laid out by their logarithm: of a
/// receiver that answers in a millisecond, all would fall into one bar otherwise.
///
/// All that lies sideways is given in percent and all that stands upright in pixels, so that the picture takes the width
/// it gets and its letters stay as large as they are.
pub(super) fn write(out: &mut String, report: &Report) {
    out.push_str("<section aria-labelledby=\"latency\"><h2 id=\"latency\">How long the answers took</h2>\n");
    let Some(latency) = &report.latency else {
        out.push_str("<p class=\"card\">No event was acknowledged, so there is no time to show.</p></section>\n");
        return;
    };
    let times = &latency.times;
    let scale = Scale::new(times.first().copied().unwrap_or_default(), report.timeout.max(latency.max));
    let told = format!(
        "{} {} acknowledged: half of them in {}, 95% in {}, 99% in {}, the slowest in {} ({}). {} are allowed.",
        latency.count,
        if latency.count == 1 { "event" } else { "events" },
        fine(latency.p50),
        fine(latency.p95),
        fine(latency.p99),
        fine(latency.max),
        latency.slowest,
        words::time(report.timeout),
    );
    let _ = writeln!(
        out,
        "<figure class=\"card\"><svg height=\"{HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escaped(&told)
    );
    axis(out, &scale);
    bars(out, &scale, times);
    marks(out, &scale, [("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99)]);
    let x = scale.x(report.timeout);
    let _ = writeln!(
        out,
        "<line class=\"limit\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"0\" y2=\"{FLOOR}\"/><text class=\"limited\" \
         x=\"{x:.2}%\" dx=\"-6\" y=\"12\" text-anchor=\"end\">limit {}</text></svg>",
        words::time(report.timeout)
    );
    let _ = writeln!(out, "<figcaption class=\"quiet\">{}</figcaption></figure></section>", escaped(&told));
}

fn axis(out: &mut String, scale: &Scale) {
    let _ = writeln!(out, "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{FLOOR}\" y2=\"{FLOOR}\"/>");
    let mut micros = scale.least;
    while micros <= scale.most * 1.001 {
        let time = Duration::from_micros(micros as u64);
        let x = scale.x(time);
        let anchor = match x {
            x if x < 8.0 => "start",
            x if x > 92.0 => "end",
            _ => "middle",
        };
        let _ =
            writeln!(out, "<text x=\"{x:.2}%\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>", FLOOR + 16, tick(micros));
        // More of them would run together on a phone.
        micros *= if scale.decades() > 4.0 { 100.0 } else { 10.0 };
    }
}

fn bars(out: &mut String, scale: &Scale, times: &[Duration]) {
    let mut bins = [0_usize; BINS];
    for &time in times {
        bins[((scale.part(time) * BINS as f64) as usize).min(BINS - 1)] += 1;
    }
    let highest = bins.iter().copied().max().unwrap_or(1).max(1);
    for (at, &count) in bins.iter().enumerate().filter(|&(_, &count)| count > 0) {
        let height = (count * ROOM).div_ceil(highest).max(2);
        let (from, to) = (scale.at(at as f64 / BINS as f64), scale.at((at + 1) as f64 / BINS as f64));
        let _ = writeln!(
            out,
            "<rect class=\"bar\" x=\"{:.2}%\" width=\"{:.2}%\" y=\"{}\" height=\"{height}\" rx=\"1.5\"><title>{count} \
             between {} and {}</title></rect>",
            scale.x(from) + 0.12,
            100.0 * SPAN / BINS as f64 - 0.24,
            FLOOR - height,
            fine(from),
            fine(to),
        );
    }
}

/// Each in a row of its own, since they are often the same; the words last, so that no line runs through them.
fn marks(out: &mut String, scale: &Scale, marked: [(&str, Duration); 3]) {
    let y = |row: usize| FLOOR + 38 + row * 17;
    for (row, (_, time)) in marked.into_iter().enumerate() {
        let x = scale.x(time);
        let _ = writeln!(out, "<line class=\"mark\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"20\" y2=\"{}\"/>", y(row));
    }
    for (row, (name, time)) in marked.into_iter().enumerate() {
        let x = scale.x(time);
        let (anchor, beside) = if x > 70.0 { ("end", -6) } else { ("start", 6) };
        let _ = writeln!(
            out,
            "<text class=\"marked\" x=\"{x:.2}%\" dx=\"{beside}\" y=\"{}\" text-anchor=\"{anchor}\">{name} {}</text>",
            y(row),
            fine(time)
        );
    }
}

/// From times to places, in percent of the width.
struct Scale {
    /// A power of ten, in microseconds.
    least: f64,
    most: f64,
}

impl Scale {
    fn new(shortest: Duration, longest: Duration) -> Self {
        // Nothing over a socket is faster than that, and the logarithm of nought is nowhere.
        let shortest = (shortest.as_micros() as f64).max(10.0);
        let least = 10_f64.powf(shortest.log10().floor());
        Self { least, most: (longest.as_micros() as f64).max(least * 10.0) }
    }

    fn decades(&self) -> f64 {
        (self.most / self.least).log10()
    }

    fn part(&self, time: Duration) -> f64 {
        let micros = (time.as_micros() as f64).clamp(self.least, self.most);
        (micros / self.least).ln() / (self.most / self.least).ln()
    }

    fn at(&self, part: f64) -> Duration {
        Duration::from_micros((self.least * (self.most / self.least).powf(part)).round() as u64)
    }

    fn x(&self, time: Duration) -> f64 {
        100.0 * (MARGIN + SPAN * self.part(time))
    }
}

/// Finer than elsewhere, since here the difference is the point.
fn fine(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..1000 => format!("{:.2} ms", micros as f64 / 1000.0),
        micros @ 1000..10_000 => format!("{:.1} ms", micros as f64 / 1000.0),
        _ => words::time(time),
    }
}

fn tick(micros: f64) -> String {
    if micros < 1e6 { format!("{} ms", micros / 1e3) } else { format!("{} s", micros / 1e6) }
}

const BINS: usize = 60;
const MARGIN: f64 = 0.005;
const SPAN: f64 = 0.99;
const FLOOR: usize = 140;
const ROOM: usize = FLOOR - 24;
const HEIGHT: usize = FLOOR + 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_at_the_right_end_and_the_shortest_near_the_left() {
        let scale = Scale::new(Duration::from_micros(300), Duration::from_secs(5));
        assert!((scale.x(Duration::from_secs(5)) - 99.5).abs() < 0.01);
        assert!((scale.x(Duration::from_micros(100)) - 0.5).abs() < 0.01);
        assert!(scale.x(Duration::from_millis(1)) < scale.x(Duration::from_millis(10)));
        // A receiver without a clock, so to speak, must not divide by nought.
        assert!(Scale::new(Duration::ZERO, Duration::ZERO).x(Duration::ZERO).is_finite());
    }
}
