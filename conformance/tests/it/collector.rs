//! Where receivers report what they have handled, over HTTP.

use aircall_conformance::{
    Collector, Token,
    case::Request,
    catalogue::Selection,
    collector::Listening,
    delivery::{Delivery, Sender},
};
use axum::{
    http::{Method, StatusCode},
    response::IntoResponse,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::receivers::{Received, TOKEN, check, deviations, serve};

struct Reported {
    collector: Collector,
    listening: Listening,
    delivery: Delivery,
}

impl Reported {
    async fn new() -> Self {
        let collector = Collector::new();
        let listening = collector.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let delivery = Sender::new(Token::new(TOKEN).unwrap()).prepare(&Request::plain()).unwrap();
        Self { collector, listening, delivery }
    }

    fn count(&self) -> usize {
        self.collector.count(self.delivery.mark().unwrap())
    }

    async fn says(&self, method: &str, body: &[u8]) -> StatusCode {
        let head = format!("{method} / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        said(&self.listening.url(), &[head.as_bytes(), body].concat()).await.unwrap()
    }
}

/// Writes these bytes, and returns the status that comes, if one does.
async fn said(url: &str, bytes: &[u8]) -> Option<StatusCode> {
    let mut stream = TcpStream::connect(url.split('/').nth(2).unwrap()).await.unwrap();
    let (mut from, mut to) = stream.split();
    // Who has heard enough may have answered before the end.
    let write = async {
        let _ = to.write_all(bytes).await;
        std::future::pending::<()>().await;
    };
    let mut head = [0; 12];
    let read = tokio::select! {
        read = from.read_exact(&mut head) => read,
        () = write => unreachable!("it never ends"),
    };
    read.ok()?;
    StatusCode::from_bytes(&head[9..]).ok()
}

#[tokio::test]
async fn each_report_counts() {
    let reported = Reported::new().await;
    assert_eq!(reported.count(), 0);
    assert_eq!(reported.says("POST", reported.delivery.body()).await, StatusCode::NO_CONTENT);
    assert_eq!(reported.count(), 1);
    assert_eq!(reported.says("PUT", reported.delivery.body()).await, StatusCode::NO_CONTENT);
    assert_eq!(reported.count(), 2);

    let mark = reported.delivery.mark().unwrap();
    let text = format!("handled {} of call {}", mark.event.as_ref().unwrap(), mark.id);
    assert_eq!(reported.says("POST", text.as_bytes()).await, StatusCode::NO_CONTENT);
    assert_eq!(reported.count(), 3, "name and id are enough");

    let other = Sender::new(Token::new(TOKEN).unwrap()).prepare(&Request::plain()).unwrap();
    reported.says("POST", other.body()).await;
    reported.says("POST", mark.id.as_bytes()).await;
    assert_eq!(reported.count(), 3, "another call, and another event of this call, are not it");
}

#[tokio::test]
async fn what_is_no_report_is_refused_and_does_not_count() {
    let reported = Reported::new().await;
    for method in ["GET", "DELETE"] {
        assert_eq!(reported.says(method, reported.delivery.body()).await, StatusCode::METHOD_NOT_ALLOWED);
    }
    let endless = [reported.delivery.body(), &b" ".repeat(5 << 20)[..]].concat();
    assert_eq!(reported.says("POST", &endless).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(said(&reported.listening.url(), b"EHLO mail.example.com\r\n\r\n").await, Some(StatusCode::BAD_REQUEST));
    assert_eq!(reported.count(), 0);

    assert_eq!(reported.says("POST", b"\xff\0{").await, StatusCode::NO_CONTENT, "who reports knows what it says");
    assert_eq!(reported.says("POST", reported.delivery.body()).await, StatusCode::NO_CONTENT);
    assert_eq!(reported.count(), 1, "it goes on");
}

#[tokio::test]
async fn nobody_listens_when_it_is_dropped() {
    let Reported { listening, .. } = Reported::new().await;
    let address = listening.url().split('/').nth(2).unwrap().to_owned();
    drop(listening);
    // The task ends when it is run the next time.
    while TcpStream::connect(&address).await.is_ok() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// It answers every stranger with success, as some do on purpose, and handles none of their events.
#[tokio::test]
async fn a_receiver_that_tells_strangers_nothing_is_cleared() {
    let collector = Collector::new();
    let reported = collector.clone();
    let receiver = serve(move |request: Received| {
        if request.is_authentic() {
            reported.report(&request.body);
        }
        let is_event = request.method == Method::POST && request.body.len() <= 1 << 20;
        let silent = StatusCode::OK.into_response();
        std::future::ready(if is_event { silent } else { request.due() })
    });
    let receiver = receiver.await;
    let tokens = Selection::default().section("token").unwrap();
    let check = check(&receiver.url).with_selection(tokens);
    let found = deviations(&check.run().await.unwrap());
    assert!(found.contains(&"inconclusive token/null: may-be-handled".to_owned()), "{found:?}");

    let report = check.with_collector(collector).run().await.unwrap();
    assert_eq!(deviations(&report), [""; 0]);
}
