//! A receiver written by hand, as a command for `check`:
//!
//! ```text
//! aircall-conformance check http://127.0.0.1:0/aircall/webhook -- cargo run -p aircall-conformance --example receiver
//! ```

mod app;

use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = env::var("PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app::app(env::var("AIRCALL_TOKEN")?)).await?;
    Ok(())
}
