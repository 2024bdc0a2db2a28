use std::{error::Error, io::Write, path::Path};

use aircall_conformance::fuzz::{Ended, FuzzReport};

use crate::{exit::Exit, intent::Fuzz, interrupt::interrupt, progress::Progress};

/// Puts made-up inputs to a receiver, saves what was found, and reports.
pub(crate) async fn run(intent: Fuzz) -> Result<Exit, Box<dyn Error>> {
    let plan = intent.run.plan().await;
    eprintln!("fuzzing {}\n{plan}", intent.shown);
    if !plan.is_local {
        eprintln!(
            "note: this receiver is on another machine, and will take invented events with the valid token for real"
        );
        if !plan.hostile && intent.asks_hostile {
            eprintln!("note: hostile inputs are left out; --yes-hostile sends them, if whoever runs it agrees");
        }
    }
    let progress = Progress::new();
    let report = intent.run.observe(&plan, |step| progress.fuzz(step), interrupt()).await;
    drop(progress);
    let report = report?;
    save(&report, &intent.folder)?;
    print(&report, intent.is_json)?;
    Ok(match report.ended {
        Some(Ended::Interrupted) => Exit::CouldNotRun,
        // Nothing that was seen failed, and too little was seen.
        Some(Ended::Silent) if report.is_clean() => Exit::CouldNotRun,
        _ if report.is_clean() => Exit::Conformant,
        _ => Exit::Findings,
    })
}

fn save(report: &FuzzReport, folder: &Path) -> Result<(), Box<dyn Error>> {
    for finding in &report.findings {
        let saved = report.saved(finding);
        let file = folder.join(saved.id()).with_extension("json");
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&file, saved.json() + "\n"))
            .map_err(|error| format!("cannot save {}: {error}", file.display()))?;
        eprintln!("saved {}", file.display());
    }
    Ok(())
}

fn print(report: &FuzzReport, is_json: bool) -> Result<(), Box<dyn Error>> {
    let written = match is_json {
        false => anstream::stdout().write_all(report.styled().as_bytes()),
        true => writeln!(std::io::stdout(), "{}", report.json()),
    };
    match written {
        // Who reads only the beginning (`| head`) has seen what was wanted.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
