use std::path::{Path, PathBuf};

use aircall_conformance::{
    Endpoint, Target,
    fuzz::{Fuzz as Run, Saved},
};

use super::{Delivery, Result};
use crate::args::ReplayArgs;

/// To send a finding again.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) run: Run,
    pub(crate) shown: String,
    pub(crate) finding: Saved,
}

impl Replay {
    pub(crate) fn new(args: ReplayArgs) -> Result<Self> {
        let finding = read(&args.finding, &args.save)?;
        let target: Target = args.url.parse()?;
        let delivery = Delivery::new(args.delivery, false)?;
        let shown = target.to_string();
        let endpoint = Endpoint::url(target, &delivery.roots)?;
        let mut run = Run::new(endpoint, delivery.token).with_timeout(delivery.timeout);
        if args.yes_hostile {
            run = run.with_hostile_requests_anywhere();
        }
        Ok(Self { run, shown, finding })
    }
}

/// A file goes before an id, so that what completes in a shell works.
fn read(finding: &Path, folder: &Path) -> Result<Saved> {
    let file = if finding.is_file() { finding.to_owned() } else { file(finding, folder) };
    let text = std::fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Ok(Saved::read(&text).map_err(|error| format!("cannot replay {}: {error}", file.display()))?)
}

fn file(id: &Path, folder: &Path) -> PathBuf {
    folder.join(id).with_extension("json")
}
