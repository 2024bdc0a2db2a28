use std::{error::Error, net::SocketAddr};

use aircall_conformance::{Collector, collector::Listening, receiver::Launch};

/// Listens for reports, and tells the receiver where, if it is ours to start.
pub(crate) async fn listen(
    address: SocketAddr,
    launch: Option<&mut Launch>,
) -> Result<(Collector, Listening), Box<dyn Error>> {
    let collector = Collector::new();
    let listening = collector.listen(address).await;
    let listening = listening.map_err(|error| format!("cannot listen for reports at {address}: {error}"))?;
    eprintln!("listening for reports of handled events at {}", listening.url());
    if let Some(launch) = launch {
        launch.environment.push(("AIRCALL_COLLECTOR".to_owned(), listening.url()));
    }
    Ok((collector, listening))
}
