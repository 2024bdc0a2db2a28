//! Receives Aircall webhooks in AWS Lambda, behind a function URL or an API gateway.
//!
//! ```sh
//! cargo lambda build -p aircall-tower --example lambda --release
//! ```
//!
//! Lambda freezes the process when the answer is out. A handler that is not done at the deadline goes on when the next
//! request thaws it, or never: here the work should fit into the deadline, or be put on a queue.

use aircall_tower::{Delivery, RequestBody, Token, WebhookLayer};
use lambda_http::{Body, Error, Response, run};
use tower::{Layer, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let token = std::env::var("AIRCALL_TOKEN").map_err(|_| "AIRCALL_TOKEN is not set, expected the webhook's token")?;
    let webhook = WebhookLayer::new(Token::new(token)?);
    run(webhook.layer(service_fn(on_event))).await
}

async fn on_event(request: http::Request<RequestBody<Body>>) -> Result<Response<Body>, Error> {
    // The layer calls this for nothing else, so it is always there.
    if let Some(delivery) = request.extensions().get::<Delivery>() {
        println!("{} with {} bytes of data", delivery.event(), delivery.raw_data().len());
    }
    Ok(Response::default())
}
