use std::{error::Error, io::Write, path::Path};

use aircall_conformance::{
    Endpoint,
    fuzz::{Ended, FuzzReport, NotFuzzed},
};

use crate::{
    exit::Exit,
    intent::Fuzz,
    interrupt::interrupt,
    progress::Progress,
    receiver::{show_last, start, stop, with_port},
};

/// Starts the receiver if it is ours to start, puts made-up inputs to it, saves what was found, and reports.
pub(crate) async fn run(intent: Fuzz) -> Result<Exit, Box<dyn Error>> {
    let target = with_port(intent.receiver.target.clone(), intent.receiver.launch.as_ref()).await?;
    let run = intent.run(Endpoint::url(target.clone(), &intent.delivery.roots)?);
    let receiver = start(&intent.receiver, &intent.delivery.token, &target).await?;
    let plan = run.plan().await;
    eprintln!("fuzzing {target}\n{plan}");
    if !plan.is_local {
        eprintln!(
            "note: this receiver is on another machine, and will take invented events with the valid token for real"
        );
        if !plan.hostile && intent.asks_hostile() {
            eprintln!("note: hostile inputs are left out; --yes-hostile sends them, if whoever runs it agrees");
        }
    }
    let progress = Progress::new();
    let report = run.observe(&plan, |step| progress.fuzz(step), interrupt()).await;
    drop(progress);
    let output = stop(receiver).await;
    if let (Some(output), false, true) = (&output, intent.receiver.shows_output(), needs_explaining(&report)) {
        show_last(output);
    }
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

/// Whether the cause may stand in what the receiver printed.
fn needs_explaining(report: &Result<FuzzReport, NotFuzzed>) -> bool {
    report.as_ref().map_or(true, |report| !report.is_clean())
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
