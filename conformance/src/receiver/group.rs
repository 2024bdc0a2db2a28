use tokio::process::Child;

/// The processes that a command has started.
#[derive(Debug)]
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(unix)]
    pub(super) fn gone() -> Self {
        Self { leader: None }
    }

    #[cfg(unix)]
    pub(super) fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    #[cfg(unix)]
    pub(super) fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }

    /// A group that is gone needs no signal.
    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(leader) = self.leader {
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }

    /// Elsewhere than on Unix the command alone is ended, by its handle.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Child) -> Self {
        Self {}
    }

    #[cfg(not(unix))]
    pub(super) fn gone() -> Self {
        Self {}
    }

    #[cfg(not(unix))]
    pub(super) fn terminate(&self) {}

    #[cfg(not(unix))]
    pub(super) fn kill(&self) {}
}
