//! Whether the file that is written is still the one that would be found at its path.

use std::path::Path;

use super::super::store::StoreError;
use super::file::{beside, untrusted};

/// What a name stands for: a device and a number on it.
type Number = (u64, u64);

/// The file and the log that a store has open. Their names can be given to others, or to none, while what they stood for
/// goes on existing for whoever has it open, and for nobody else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    file: Number,
    log: Number,
}

impl Identity {
    /// Looks at what the names stand for now.
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { file: number(path)?, log: number(&beside(path, "-wal"))? })
    }

    /// Returns an error unless the file at the path is the one it was.
    pub(super) fn same_file(&self, path: &Path) -> Result<(), StoreError> {
        same(path, self.file)
    }

    /// Returns an error unless the file and its log are the ones they were.
    pub(super) fn same_files(&self, path: &Path) -> Result<(), StoreError> {
        same(path, self.file)?;
        same(&beside(path, "-wal"), self.log)
    }
}

fn same(path: &Path, was: Number) -> Result<(), StoreError> {
    if number(path)? == was {
        Ok(())
    } else {
        Err(untrusted(path, "is not the file that was opened any more, expected it back or a restart"))
    }
}

#[cfg(unix)]
fn number(path: &Path) -> Result<Number, StoreError> {
    use std::os::unix::fs::MetadataExt;

    match std::fs::metadata(path) {
        Ok(metadata) => Ok((metadata.dev(), metadata.ino())),
        Err(error) => Err(untrusted(path, &format!("is not there any more: {error}"))),
    }
}

/// Elsewhere a file that somebody has open cannot be taken away.
#[cfg(not(unix))]
fn number(_: &Path) -> Result<Number, StoreError> {
    Ok((0, 0))
}
