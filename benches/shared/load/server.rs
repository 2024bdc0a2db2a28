//! A receiver as a process of its own.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::cores;

/// A running server, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a server on its core and waits until it listens on the port that is in its `PORT`, which also takes the
    /// place of `{port}` in its arguments.
    ///
    /// # Errors
    ///
    /// In words, why it does not run.
    pub(crate) fn start(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self, String> {
        let port = free_port()?;
        let mut command = Command::new(program);
        command.args(arguments.iter().map(|argument| argument.replace("{port}", &port.to_string())));
        command.envs(environment.iter().copied()).env("PORT", port.to_string());
        command.env("AIRCALL_TOKEN", aircall_fixtures::TOKEN);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // A child inherits where its parent runs.
        cores::pin(cores::SERVER);
        let child = command.spawn();
        cores::pin(cores::CLIENT);
        let child = child.map_err(|error| format!("{program}: {error}"))?;
        let mut server = Self { child, address: (Ipv4Addr::LOCALHOST, port).into() };
        server.wait_until_it_listens().map(|()| server)
    }

    /// Starts this very program as a server, told by `--serve` what to be.
    ///
    /// # Errors
    ///
    /// In words, why it does not run.
    pub(crate) fn start_self(name: &str) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        Self::start(&program.to_string_lossy(), &["--serve", name], &[])
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns how it ended, if it has ended by itself.
    pub(crate) fn death(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        let mut said = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            let _ = stderr.read_to_string(&mut said);
        }
        // A panic says why at its beginning, an interpreter at the end of its trace.
        let why = said.lines().find(|line| line.contains("failed") || line.contains("rror"));
        let why = why.or_else(|| said.trim().lines().next_back()).unwrap_or_default();
        Some(format!("{status}: {why}"))
    }

    fn wait_until_it_listens(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            if let Some(death) = self.death() {
                return Err(death);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("does not listen after {PATIENCE:?}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The port that a server is to listen on.
pub(crate) fn port() -> u16 {
    std::env::var("PORT").ok().and_then(|port| port.parse().ok()).expect("a port in `PORT`")
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| error.to_string())
}

/// An interpreter has much to read before it listens, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);
