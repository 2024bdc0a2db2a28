use std::{
    convert::Infallible,
    io::{IsTerminal, Write},
    time::Duration,
};

use aircall_conformance::{fuzz::FuzzStep, policy::Meter, run::Step};

/// One line on a terminal that says how far the run is and what is being sent; nothing elsewhere.
#[derive(Debug)]
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal() }
    }

    pub(crate) fn case(&self, step: Step<'_>) {
        self.show(&bar(step.done, step.total, &step.case.id));
    }

    /// Shows how near a webhook is to being switched off.
    pub(crate) fn meter(&self, meter: Meter) {
        const WIDTH: u32 = 10;
        let Meter { failures, limit, delivered, retrying, .. } = meter;
        // The first failure shows, and only the last one fills the bar.
        let filled = (failures.min(limit) * WIDTH / limit.max(1)).max(failures.min(1)) as usize;
        let bar = format!("{}{}", "■".repeat(filled), "□".repeat(WIDTH as usize - filled));
        let state = if meter.is_active { "" } else { "OFF  " };
        let seconds = meter.at.as_secs();
        let time = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        self.show(&format!(
            "{state}failures {bar} {failures}/{limit}  delivered {delivered}  retrying {retrying}  {time}"
        ));
    }

    pub(crate) fn fuzz(&self, step: FuzzStep) {
        match step {
            FuzzStep::Case { case, of, found } => {
                let of = if of == usize::MAX { String::new() } else { format!("/{of}") };
                self.show(&format!("case {}{of}, {found} found", case + 1));
            }
            FuzzStep::Shrinking { case, tried, bytes } => {
                self.show(&format!("case {}: making it smaller, {tried} tried, {bytes} bytes", case + 1));
            }
            _ => {}
        }
    }

    /// Shows for how long something has been waited for; it never ends by itself.
    pub(crate) async fn wait(&self, what: &str) -> Infallible {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        for seconds in 0.. {
            ticks.tick().await;
            // What comes at once needs no line.
            if seconds > 0 {
                self.show(&format!("waiting for {what}, {seconds} s"));
            }
        }
        std::future::pending().await
    }

    fn show(&self, line: &str) {
        if self.is_shown {
            // Cut, since a line that wraps cannot be taken back.
            write(&format!("\r{CLEAR}{}", line.chars().take(79).collect::<String>()));
        }
    }
}

/// The line goes away however the run ends.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            write(&format!("\r{CLEAR}"));
        }
    }
}

fn bar(done: usize, total: usize, what: &str) -> String {
    const WIDTH: usize = 24;
    let filled = (done * WIDTH).checked_div(total).unwrap_or_default();
    let (full, rest) = ("=".repeat(filled), " ".repeat(WIDTH - filled));
    let digits = total.to_string().len();
    format!("[{full}>{rest}] {:>digits$}/{total} {what}", done + 1)
}

/// The terminal may have been closed; that is no reason to leave the receiver behind, as a panic might.
fn write(text: &str) {
    let mut stderr = std::io::stderr();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

const CLEAR: &str = "\x1b[K";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_keeps_its_width() {
        assert_eq!(bar(0, 172, "a"), "[>                        ]   1/172 a");
        assert_eq!(bar(86, 172, "token/null"), "[============>            ]  87/172 token/null");
        assert_eq!(bar(171, 172, "b").len(), bar(0, 172, "b").len());
    }
}
