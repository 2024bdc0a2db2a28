use std::{error::Error, io::Write};

use crate::{exit::Exit, intent::Replay, interrupt::interrupt};

/// Sends a finding again and says whether it still fails.
pub(crate) async fn run(intent: Replay) -> Result<Exit, Box<dyn Error>> {
    let Replay { run, shown, finding } = intent;
    eprintln!("sending to {shown}: {}\nwhen it was found: {}: {}", finding.what(), finding.kind(), finding.got());
    let replayed = tokio::select! {
        replayed = run.replay(&finding) => replayed?,
        () = interrupt() => return Err("ended before the answer".into()),
    };
    let (text, exit) = match replayed.kind {
        Some(kind) => (format!("still fails: {kind}: {}; {}", replayed.got, kind.explanation()), Exit::Findings),
        None => (format!("passes now: {}", replayed.got), Exit::Conformant),
    };
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(exit),
    }
}
