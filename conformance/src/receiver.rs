//! A receiver that is started for the run and stopped after it.

mod output;

use std::{
    ffi::OsString,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{Instant, sleep},
};

pub use output::{Echo, Output};

use crate::{Target, Token};

/// A command that starts a receiver.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// How long it may take until it listens; it may have to be compiled first.
    pub timeout: Duration,
    /// What is done with each line that it prints.
    pub echo: Echo,
}

/// A receiver that was started for the run. When it is dropped, it is killed with all that it has started.
#[derive(Debug)]
pub struct Receiver {
    child: Child,
    group: Group,
    output: Output,
}

impl Receiver {
    /// Starts the command with `AIRCALL_TOKEN` and `PORT` in its environment, and waits until it listens where the URL
    /// says.
    ///
    /// # Errors
    ///
    /// When something else listens there already, when the command cannot be started or ends, or when it does not listen
    /// in time. What it printed until then is in the error.
    pub async fn start(launch: &Launch, target: &Target, token: &Token) -> Result<Self, StartError> {
        if is_listening(target).await {
            return Err(StartError::Occupied(target.to_string()));
        }
        let mut receiver = Self::spawn(launch, target, token)?;
        let start = Instant::now();
        loop {
            if is_listening(target).await {
                return Ok(receiver);
            }
            if let Ok(Some(status)) = receiver.child.try_wait() {
                return Err(StartError::Ended { status, output: receiver.stop().await });
            }
            if start.elapsed() >= launch.timeout {
                let address = format!("{}:{}", target.host(), target.port());
                return Err(StartError::Deaf { address, timeout: launch.timeout, output: receiver.stop().await });
            }
            sleep(POLL).await;
        }
    }

    fn spawn(launch: &Launch, target: &Target, token: &Token) -> Result<Self, StartError> {
        let Some((program, arguments)) = launch.command.split_first() else { return Err(StartError::Empty) };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("AIRCALL_TOKEN", token.expose())
            .env("PORT", target.port().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own: what the command starts (a shell, a build, workers) is stopped with it.
        #[cfg(unix)]
        command.process_group(0);
        let spawned = command.spawn();
        let mut child = spawned.map_err(|error| StartError::Spawn(program.to_string_lossy().into_owned(), error))?;
        let mut output = Output::new(token.clone(), launch.echo);
        output.follow(child.stdout.take());
        output.follow(child.stderr.take());
        Ok(Self { group: Group::of(&child), child, output })
    }

    /// Stops it, first with a request and after some time by force, and returns what it has printed.
    pub async fn stop(mut self) -> Output {
        self.group.terminate();
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            self.group.kill();
            // Nothing survives that; the time bounds a kernel that is stuck.
            let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
        }
        // Descendants that ignored the request hold the pipes open.
        self.group.kill();
        self.group = Group::gone();
        let mut output = std::mem::take(&mut self.output);
        output.finish().await;
        output
    }

    /// Tells how it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.group.kill();
    }
}

/// Finds a port of this host that nobody listens on.
///
/// # Errors
///
/// When there is none, or the host is not on this machine.
pub async fn free_port(target: &Target) -> io::Result<u16> {
    let addresses = target.addresses().await?;
    let address = addresses.first().copied().unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    Ok(TcpListener::bind(address).await?.local_addr()?.port())
}

async fn is_listening(target: &Target) -> bool {
    let Ok(addresses) = target.addresses().await else { return false };
    matches!(tokio::time::timeout(CONNECT, TcpStream::connect(&*addresses)).await, Ok(Ok(_)))
}

/// The processes that a command has started.
#[derive(Debug)]
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(unix)]
    fn gone() -> Self {
        Self { leader: None }
    }

    #[cfg(unix)]
    fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    #[cfg(unix)]
    fn kill(&self) {
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
    fn of(_: &Child) -> Self {
        Self {}
    }

    #[cfg(not(unix))]
    fn gone() -> Self {
        Self {}
    }

    #[cfg(not(unix))]
    fn terminate(&self) {}

    #[cfg(not(unix))]
    fn kill(&self) {}
}

/// A receiver could not be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// There is no command.
    Empty,
    /// Something listens at the URL already, and would be judged instead.
    Occupied(String),
    /// The program cannot be run.
    Spawn(String, io::Error),
    /// The command ended before anything listened.
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// What it printed.
        output: Output,
    },
    /// The command runs, and nothing listens.
    Deaf {
        /// Where it was expected to listen.
        address: String,
        /// How long it was given.
        timeout: Duration,
        /// What it printed.
        output: Output,
    },
}

impl StartError {
    /// Returns what the command printed.
    #[must_use]
    pub fn output(&self) -> Option<&Output> {
        match self {
            Self::Ended { output, .. } | Self::Deaf { output, .. } => Some(output),
            _ => None,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the command is empty"),
            Self::Occupied(url) => write!(
                f,
                "something already listens at {url}, expected nothing there before the command starts; stop it, or give \
                 port 0 to have a free port chosen and passed to the command as PORT"
            ),
            Self::Spawn(program, error) => write!(f, "the command `{program}` cannot be run: {error}"),
            Self::Ended { status, .. } => write!(f, "the command ended before it listened ({status})"),
            Self::Deaf { address, timeout, .. } => write!(
                f,
                "the command does not listen on {address} after {} s; it finds the port in PORT, and --startup-timeout \
                 gives it longer",
                timeout.as_secs_f64()
            ),
        }
    }
}

impl std::error::Error for StartError {}

const POLL: Duration = Duration::from_millis(50);
const CONNECT: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(5);
