//! Who is measured.

use crate::load::arguments;
use crate::load::server::Server;

/// A receiver and its process.
#[derive(Debug)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// What it does, in a line.
    pub(crate) what: &'static str,
    pub(crate) server: Option<Server>,
    /// Why it is not measured.
    pub(crate) failed: Option<String>,
}

/// What every ratio of this run is a ratio to.
pub(crate) const REFERENCE: &str = "axum";

/// Starts all of them, the reference first.
pub(crate) fn all() -> Vec<Contestant> {
    let own = RUST.iter().map(|&(name, what)| contestant(name, what, Server::start_self(name)));
    let foreign = [
        contestant("Express", "`express.json()`, token compared", express()),
        contestant("FastAPI", "uvicorn, one worker; `await request.json()`, no model, token compared", fastapi()),
    ];
    own.chain(foreign).collect()
}

/// Says what each does, so that the table can be judged.
pub(crate) fn explain(contestants: &[Contestant]) {
    println!();
    for Contestant { name, what, failed, .. } in contestants {
        println!("- {name}: {what}");
        if let Some(why) = failed {
            eprintln!("NOT MEASURED: {name}: {why}");
        }
    }
}

const RUST: [(&str, &str); 8] = [
    ("axum", "takes the body piece by piece and drops it"),
    ("axum-layer", "`post(handler).layer(WebhookLayer)`, the handler takes a `Delivery`"),
    ("axum-layer-payload", "the same, and the handler reads `delivery.payload()`"),
    ("axum-value", "`Json<Value>`, token compared with `==`"),
    ("axum-typed", "`Json<TypedCall>`, a derived struct with five fields of a call, token compared with `==`"),
    ("axum-typed-whole", "`Json<WholeEvent>`, a derived struct with all of a call, token compared with `==`"),
    ("hyper", "no router; takes the body piece by piece and drops it"),
    ("hyper-layer", "no router; the layer, and a service that takes the `Delivery`"),
];

fn contestant(name: &'static str, what: &'static str, server: Result<Server, String>) -> Contestant {
    let (server, failed) = match server {
        Ok(server) => (Some(server), None),
        Err(why) => (None, Some(why)),
    };
    Contestant { name, what, server, failed }
}

fn express() -> Result<Server, String> {
    let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance/tests/receivers/express/node_modules");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/receivers/express.js");
    Server::start("node", &[script], &[("NODE_PATH", modules), ("NODE_ENV", "production")])
}

/// `--uvicorn PATH` takes another installation: the one of the tests has neither uvloop nor httptools.
fn fastapi() -> Result<Server, String> {
    let installed = concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance/tests/receivers/python/.venv/bin/uvicorn");
    let uvicorn = arguments::value("--uvicorn", installed.to_owned());
    let folder = concat!("--app-dir=", env!("CARGO_MANIFEST_DIR"), "/receivers");
    let arguments = [folder, "--port={port}", "--log-level=warning", "--no-access-log", "fastapi_app:app"];
    Server::start(&uvicorn, &arguments, &[("PYTHONDONTWRITEBYTECODE", "1")])
}
