//! What the benches are compared with, as a process of its own.
//!
//! - `--send URL --connections N --seconds S`: posts what comes on standard input again and again with reqwest, and prints
//!   how many were answered with 200.
//! - `--serve NAME`: receives webhooks of GitHub on the port in `PORT`, behind a layer that is published for them.
//! - `--sign`: prints the header that such a receiver demands for the body on standard input.

#[path = "../../shared/load/arguments.rs"]
mod arguments;
#[path = "../../shared/load/counted.rs"]
mod counted;

mod receive;
mod send;

use std::io::Read;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if let Some(name) = arguments::text("--serve") {
        return runtime.block_on(receive::serve(&name));
    }
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body).expect("a body");
    match arguments::text("--send") {
        Some(url) => println!("{}", runtime.block_on(send::send(&url, body.into()))),
        None => println!("{}", receive::sign(&body)),
    }
}
