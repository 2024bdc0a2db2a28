//! A receiver that is started for the run and stopped after it.

mod error;
mod group;
mod output;

use std::{
    ffi::OsString,
    io,
    net::{Ipv4Addr, SocketAddr},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{Instant, sleep},
};

pub use error::StartError;
pub use output::{Echo, Output};

use crate::{Target, Token};
use group::Group;

/// A command that starts a receiver.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// How long it may take until it listens; it may have to be compiled first.
    pub timeout: Duration,
    /// What is done with each line that it prints.
    pub echo: Echo,
    /// What stands in its environment besides the token and the port.
    pub environment: Vec<(String, String)>,
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
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own: what the command starts (a shell, a build, workers) is stopped with it.
        #[cfg(unix)]
        command.process_group(0);
        let spawned = command.spawn();
        let mut child = spawned.map_err(|error| StartError::Spawn(program.to_string_lossy().into_owned(), error))?;
        let secrets = target.query_values();
        let mut output = Output::new(token.hiding(secrets.iter().map(String::as_str)), launch.echo);
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

const POLL: Duration = Duration::from_millis(50);
const CONNECT: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(5);
