//! The counts of instructions that are recorded in this repository, and the rule that a rise of more than 5 % must be
//! explained.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// Counts by the names of what was measured.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Rises up to here are taken for noise, such as that of another C library.
const TOLERANCE: f64 = 0.05;

/// What was counted once, and with which compiler.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) compiler: String,
    pub(crate) counts: Counts,
}

/// True of what the layer executes; the others are what it is compared with, and not ours to keep down.
pub(crate) fn is_ours(name: &str) -> bool {
    name.ends_with("/layered") || name.ends_with("/layer") || name.starts_with("token/") || name == "guard"
}

impl Record {
    pub(crate) fn read() -> Result<Self, String> {
        let text = std::fs::read_to_string(path()).map_err(|error| format!("{}: {error}", path().display()))?;
        Self::parse(&text)
    }

    pub(crate) fn write(&self) -> Result<(), String> {
        let mut text = format!("{HEAD}{COMPILER}{}\n", self.compiler);
        for (name, count) in &self.counts {
            let _ = writeln!(text, "{count:>12}  {name}");
        }
        std::fs::write(path(), text).map_err(|error| format!("{}: {error}", path().display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let compiler = text.lines().find_map(|line| line.strip_prefix(COMPILER)).unwrap_or("an unknown compiler");
        let line = |line: &str| {
            let (count, name) = line.trim().split_once("  ")?;
            Some((name.to_owned(), count.parse().ok()?))
        };
        let counts = text
            .lines()
            .filter(|text| !text.starts_with('#'))
            .map(|text| line(text).ok_or_else(|| format!("expected a count and a name, found `{text}`")))
            .collect::<Result<_, _>>()?;
        Ok(Self { compiler: compiler.to_owned(), counts })
    }

    /// Says of each measure what is wrong with it against this record.
    pub(crate) fn complaints(&self, counted: &Counts) -> Vec<String> {
        let unrecorded = counted.keys().filter(|name| !self.counts.contains_key(*name));
        let mut complaints: Vec<_> = unrecorded.map(|name| format!("{name}: not recorded")).collect();
        for (name, recorded) in &self.counts {
            match counted.get(name) {
                None => complaints.push(format!("{name}: recorded, and measured no more")),
                Some(now) if rise(*recorded, *now) > TOLERANCE => complaints.push(format!(
                    "{name}: {now} instructions, {:.1} % more than the {recorded} recorded",
                    rise(*recorded, *now) * 100.0
                )),
                Some(_) => {}
            }
        }
        complaints
    }

    /// Names what has become so much cheaper that it could rise again without a complaint.
    pub(crate) fn gains(&self, counted: &Counts) -> Vec<String> {
        let fallen = |(name, recorded): (&String, &u64)| {
            counted.get(name).is_some_and(|now| rise(*recorded, *now) < -TOLERANCE).then(|| name.clone())
        };
        self.counts.iter().filter_map(fallen).collect()
    }
}

fn rise(recorded: u64, now: u64) -> f64 {
    now as f64 / recorded as f64 - 1.0
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

const HEAD: &str = "\
# Instructions of what the layer does, on x86-64. CI counts them anew and fails where one has risen by more than 5 %.
# Written by `cargo run --release -p aircall-benches --example instructions -- --record`; a commit that raises one says why.
";

const COMPILER: &str = "# Counted with ";
