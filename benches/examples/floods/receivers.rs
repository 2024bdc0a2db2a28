//! Who is attacked.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aircall_tower::Delivery;
use axum::Router;
use axum::body::Body;
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::load::counted::{self, Counted};
use crate::load::{peers, server, wire};
use crate::shared::{inputs, receivers::layer};

/// A program that receives, and what is sent to it.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    /// What it is asked to serve.
    pub(crate) serves: &'static str,
    /// A delivery that it accepts.
    pub(crate) honest: Vec<u8>,
    /// Lines in the head of an attack, without which it would be over at once.
    pub(crate) attack: String,
}

/// The receiver that holds nothing: its memory is what the connections need.
pub(crate) const FLOOR: &str = "axum, dropping what comes";

/// Ours.
pub(crate) const LAYER: &str = "axum + layer";

/// Returns the receivers there are, and why others are not there.
pub(crate) fn all() -> (Vec<Receiver>, Vec<String>) {
    let call = inputs::call();
    let (mut receivers, mut missing) = (Vec::new(), Vec::new());
    match std::env::current_exe() {
        Ok(program) => {
            for (name, serves) in
                [(FLOOR, "drop"), (LAYER, "layer"), ("axum, `to_bytes` with our limit, `Value`", "to-bytes")]
            {
                let honest = wire::delivery(&call, "");
                receivers.push(Receiver { name, program: program.clone(), serves, honest, attack: String::new() });
            }
        }
        Err(error) => missing.push(format!("axum: {error}")),
    }
    let program = peers::program();
    for name in ["tower-github-webhook", "webhook-verify"] {
        let peer = program.clone().and_then(|program| {
            let signature = sign(&program, &call)?;
            let honest = wire::delivery(&call, &format!("{signature}\r\n"));
            let attack = format!("x-hub-signature-256: sha256={}\r\n", "0".repeat(64));
            Ok(Receiver { name, program, serves: name, honest, attack })
        });
        match peer {
            Ok(peer) => receivers.push(peer),
            Err(why) => missing.push(format!("{name}: {why}")),
        }
    }
    (receivers, missing)
}

/// Serves what has this name, on one thread, until the process is ended.
///
/// # Panics
///
/// When there is nothing of this name.
pub(crate) fn serve(name: &str) {
    let route: MethodRouter = match name {
        "drop" => post(async |body: Body| {
            let mut body = body;
            while let Some(Ok(piece)) = body.frame().await {
                drop(piece);
            }
        }),
        "layer" => post(async |delivery: Delivery| drop(delivery)).layer(layer()),
        "to-bytes" => post(to_bytes),
        _ => panic!("no receiver has the name {name:?}"),
    };
    let app = Router::new().route(wire::PATH, route).route("/read", get(counted::read));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, server::port())).await.expect("a free port");
        axum::serve(Counted(listener), app).await.expect("a server");
    });
}

/// What a careful user would write: the body bounded, whole, then JSON, then the token.
async fn to_bytes(body: Body) -> StatusCode {
    let Ok(body) = axum::body::to_bytes(body, 1024 * 1024).await else { return StatusCode::PAYLOAD_TOO_LARGE };
    let Ok(event) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    if event["token"] == aircall_fixtures::TOKEN { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

fn sign(program: &Path, body: &[u8]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg("--sign").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let stdin = child.stdin.take().ok_or("no standard input")?;
    { stdin }.write_all(body).map_err(|error| error.to_string())?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
