use std::{error::Error, io::Write};

use aircall_conformance::{
    Endpoint,
    case::{Body, Request},
    delivery::Sender,
    observation::{Observation, Outcome, Response},
};

use crate::{exit::Exit, intent::Send};

/// Sends one request and shows what came back.
pub(crate) async fn run(intent: Send) -> Result<Exit, Box<dyn Error>> {
    let sender = Sender::new(intent.delivery.token).with_timeout(intent.delivery.timeout);
    let delivery = sender.prepare(&intent.request).ok_or_else(|| missing(&intent.request))?;
    let endpoint = Endpoint::url(intent.target, &intent.delivery.roots)?;
    eprintln!("sending to {}: {}", endpoint.shown(), intent.request);
    let observation = endpoint.deliver(&delivery).await;
    match &observation.outcome {
        Outcome::Unreachable(_) => return Err(observation.outcome.to_string().into()),
        Outcome::Answered(response) => heard(show(&observation, Some(response)))?,
        _ => heard(show(&observation, None))?,
    }
    Ok(if observation.is_acknowledged() { Exit::Conformant } else { Exit::Findings })
}

/// Why a request cannot be made with this token alone.
fn missing(request: &Request) -> &'static str {
    match request.body {
        Body::OtherWebhook => {
            "this request bears the token of a second webhook: `check --only token/one-of-several --other-token` sends it"
        }
        _ => "this request does not exist for a token without letters",
    }
}

fn show(observation: &Observation, response: Option<&Response>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} after {:.1} ms", observation.outcome, observation.elapsed.as_secs_f64() * 1000.0)?;
    let Some(response) = response else { return Ok(()) };
    for (name, value) in &response.headers {
        writeln!(out, "{name}: {}", harmless(value))?;
    }
    if !response.body.is_empty() {
        writeln!(out, "\n{}", harmless(&response.body))?;
    }
    if response.holds_token {
        eprintln!("note: the receiver sent the token back");
    }
    Ok(())
}

/// Who reads only the beginning (`| head`) has seen what was wanted.
fn heard(written: std::io::Result<()>) -> std::io::Result<()> {
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Takes out what a terminal would obey.
fn harmless(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
