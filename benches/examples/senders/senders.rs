//! Who sends, and one turn of it.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use bytes::Bytes;

use crate::load::{peers, usage, wire};

/// What every sender is to do.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seconds: f64,
    pub(crate) connections: usize,
    pub(crate) body: Bytes,
}

/// How many deliveries were answered, and in how many seconds if that is not as planned.
type Answered = (f64, Option<f64>);

/// A program that sends, and what finds in its output how much was answered.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) name: &'static str,
    program: String,
    arguments: Vec<String>,
    answered: fn(&str) -> Option<Answered>,
}

/// What a sender did in one turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    /// Deliveries a second.
    pub(crate) rate: f64,
    /// CPU time of one delivery, in microseconds.
    pub(crate) cost: f64,
}

/// Returns the senders there are, ours first, and why others are not there.
pub(crate) fn all(plan: &Plan, receiver: SocketAddr) -> (Vec<Sender>, Vec<String>) {
    let url = format!("http://{receiver}{}", wire::PATH);
    let own = std::env::current_exe().map_err(|error| error.to_string());
    let mut missing = Vec::new();
    let mut senders = Vec::new();
    let mut add = |name, sender: Result<Sender, String>| match sender {
        Ok(sender) => senders.push(sender),
        Err(why) => missing.push(format!("{name}: {why}")),
    };
    let sending = |name, program: Result<std::path::PathBuf, String>| {
        let arguments = ["--send".to_owned(), url.clone()].into_iter().chain(plan.arguments()).collect();
        program.map(|program| Sender {
            name,
            program: program.to_string_lossy().into_owned(),
            arguments,
            answered: |output| Some((output.trim().parse().ok()?, None)),
        })
    };
    add("ours", sending("aircall-conformance", own));
    add("wrk", wrk(plan, &url));
    add("reqwest", sending("reqwest", peers::program()));
    (senders, missing)
}

impl Plan {
    /// Lets a sender send once.
    ///
    /// # Errors
    ///
    /// In words, what went wrong.
    pub(crate) fn turn(&self, sender: &Sender) -> Result<Figure, String> {
        let before = usage::cpu_of_children();
        let mut command = Command::new(&sender.program);
        command.args(&sender.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        if let Some(mut stdin) = child.stdin.take() {
            // Who does not read it has the body from elsewhere.
            let _ = stdin.write_all(&self.body);
        }
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        let used = usage::cpu_of_children() - before;
        let text = String::from_utf8_lossy(&output.stdout);
        let answered = (sender.answered)(&text).filter(|_| output.status.success());
        let (answered, seconds) = answered.ok_or_else(|| format!("{}: {text}", output.status))?;
        // What a process takes to start is no part of its rate, and is small in its CPU time.
        let rate = answered / seconds.unwrap_or(self.seconds);
        Ok(Figure { rate, cost: used.as_secs_f64() * 1e6 / answered })
    }

    fn arguments(&self) -> [String; 4] {
        ["--connections".to_owned(), self.connections.to_string(), "--seconds".to_owned(), self.seconds.to_string()]
    }
}

/// The request as a script says it, which wrk makes once and sends as it is.
fn wrk(plan: &Plan, url: &str) -> Result<Sender, String> {
    Command::new("wrk").arg("-v").output().map_err(|error| format!("{error} (`apt install wrk`)"))?;
    let path = std::env::temp_dir().join(format!("aircall-benches-{}.lua", std::process::id()));
    let body = std::str::from_utf8(&plan.body).map_err(|error| error.to_string())?;
    let script = format!(
        "wrk.method = \"POST\"\nwrk.headers[\"content-type\"] = \"application/json\"\nwrk.body = [==[{body}]==]\n\
         function done(summary)\n  io.write(\"answered \", summary.requests - summary.errors.status, \" \", \
         summary.duration, \"\\n\")\nend\n"
    );
    std::fs::write(&path, script).map_err(|error| error.to_string())?;
    // wrk knows whole seconds only, and none is too few.
    let seconds = plan.seconds.ceil();
    let arguments = ["-t1".to_owned(), format!("-c{}", plan.connections), format!("-d{seconds}s"), "-s".to_owned()];
    let arguments = arguments.into_iter().chain([path.to_string_lossy().into_owned(), url.to_owned()]).collect();
    Ok(Sender { name: "wrk", program: "wrk".to_owned(), arguments, answered: answered_by_wrk })
}

fn answered_by_wrk(output: &str) -> Option<Answered> {
    let (answered, microseconds) = output.lines().find_map(|line| line.strip_prefix("answered "))?.split_once(' ')?;
    Some((answered.parse().ok()?, Some(microseconds.parse::<f64>().ok()? / 1e6)))
}
