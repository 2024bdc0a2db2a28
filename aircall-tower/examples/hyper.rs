//! Receives Aircall webhooks with plain hyper, HTTP/1.1 and HTTP/2, beside whatever else the service does.
//!
//! ```sh
//! AIRCALL_TOKEN=… cargo run -p aircall-tower --example hyper
//! ```
//!
//! Listens on `http://127.0.0.1:$PORT/aircall/webhook` (port 3000 by default).

use std::convert::Infallible;
use std::time::Duration;

use aircall_tower::{Delivery, RequestBody, Token, WebhookLayer};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let token = std::env::var("AIRCALL_TOKEN").map_err(|_| "AIRCALL_TOKEN is not set, expected the webhook's token")?;
    // One layer in front of the whole service: other paths than this one pass through untouched.
    let webhook = WebhookLayer::new(Token::new(token)?).at("/aircall/webhook")?;
    let service = webhook.layer(service_fn(serve));

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}/aircall/webhook", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let mut server = auto::Builder::new(TokioExecutor::new());
            // The layer bounds bodies; a head that never ends is the server's to bound.
            server.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                eprintln!("a connection broke: {error}");
            }
        });
    }
}

async fn serve(request: Request<RequestBody<Incoming>>) -> Result<Response<Full<Bytes>>, Infallible> {
    if let Some(delivery) = request.extensions().get::<Delivery>() {
        println!("{} with {} bytes of data", delivery.event(), delivery.raw_data().len());
        return Ok(Response::default());
    }
    match request.uri().path() {
        "/" => Ok(Response::new(Full::from("the rest of the service\n"))),
        _ => Ok(not_found()),
    }
}

fn not_found() -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
