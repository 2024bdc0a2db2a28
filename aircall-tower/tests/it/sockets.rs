//! The promises over real sockets, with a real server and senders that misbehave.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aircall_tower::OutcomeKind::{self, Deferred, Handled, HungUp};
use aircall_tower::{Delivery, Limits, WebhookLayer};
use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Reports, TOKEN, body, eventually, layer};

/// Serves a handler behind a layer on a port of its own.
async fn serve(layer: &WebhookLayer, on_event: axum::routing::MethodRouter) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/aircall/webhook", on_event.layer(layer.clone()));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// A handler that counts what it was called with.
fn counting(count: &Arc<AtomicUsize>) -> axum::routing::MethodRouter {
    let count = Arc::clone(count);
    post(move |_: Delivery| async move {
        count.fetch_add(1, Ordering::SeqCst);
    })
}

fn head(framing: &str) -> String {
    format!("POST /aircall/webhook HTTP/1.1\r\nHost: receiver\r\nContent-Type: application/json\r\n{framing}\r\n\r\n")
}

fn whole(body: &str) -> String {
    format!("{}{body}", head(&format!("Content-Length: {}", body.len())))
}

/// Sends bytes and reads the head of what comes back.
async fn exchange(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_ref()).await.unwrap();
    answer(&mut stream).await
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = async {
        while !text.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => text.push(byte),
                Err(_) => break,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("an answer within 20 s");
    String::from_utf8(text).unwrap()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn one_connection_takes_one_delivery_after_the_other() {
    let count = Arc::default();
    let address = serve(&layer(), counting(&count)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    for event in aircall_fixtures::events() {
        stream.write_all(whole(event.body).as_bytes()).await.unwrap();
        assert_eq!(status(&answer(&mut stream).await), 200, "{}", event.name);
    }
    // A refusal that needed the whole body leaves the connection usable, too.
    stream.write_all(whole(r#"{"resource":"call"}"#).as_bytes()).await.unwrap();
    assert_eq!(status(&answer(&mut stream).await), 401);
    stream.write_all(whole(&body(TOKEN, "{}")).as_bytes()).await.unwrap();
    assert_eq!(status(&answer(&mut stream).await), 200);
    assert_eq!(count.load(Ordering::SeqCst), aircall_fixtures::events().len() + 1);
}

#[tokio::test]
async fn chunked_bodies_are_read_whatever_their_chunks() {
    let count = Arc::default();
    let address = serve(&layer(), counting(&count)).await;
    let text = body(TOKEN, r#"{"comment":"grüße"}"#);
    for size in [1, 7, 64, 4096] {
        let mut bytes = head("Transfer-Encoding: chunked").into_bytes();
        for chunk in text.as_bytes().chunks(size) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\nx-trailer: 1\r\n\r\n");
        assert_eq!(status(&exchange(address, bytes).await), 200, "{size}");
    }
    let endless = format!("{}100000\r\n{}", head("Transfer-Encoding: chunked"), "[".repeat(0x10_0000));
    let more = format!("{endless}\r\n10\r\n{}", "[".repeat(0x10));
    let refused = exchange(address, more).await;
    assert!(status(&refused) == 413 || refused.is_empty(), "{refused}");
    assert_eq!(count.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_length_that_nobody_can_mean_is_refused_at_once() {
    let count = Arc::default();
    let layer = layer();
    let address = serve(&layer, counting(&count)).await;
    let started = Instant::now();
    let refused = exchange(address, head("Content-Length: 9223372036854775807")).await;
    assert_eq!(status(&refused), 413);
    assert!(started.elapsed() < Duration::from_secs(2), "it did not wait for bytes: {:?}", started.elapsed());
    assert_eq!(status(&exchange(address, whole(&body(TOKEN, "{}"))).await), 200);
    assert_eq!((count.load(Ordering::SeqCst), layer.handle().unauthenticated_bytes()), (1, 0));
}

#[tokio::test]
async fn a_sender_that_closes_its_half_in_the_middle_of_a_body_is_not_handled() {
    let (count, reports) = (Arc::default(), Reports::default());
    let layer = reports.of(layer());
    let address = serve(&layer, counting(&count)).await;
    let text = body(TOKEN, "{}");
    for cut in [0, 40, 115] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head(&format!("Content-Length: {}", text.len())).as_bytes()).await.unwrap();
        stream.write_all(&text.as_bytes()[..cut]).await.unwrap();
        stream.shutdown().await.unwrap();
        let refused = answer(&mut stream).await;
        assert!([0, 400, 408].contains(&status(&refused)), "{cut}: {refused}");
    }
    eventually("each is reported", || reports.kinds().len() == 3).await;
    let kinds: Vec<OutcomeKind> = reports.kinds().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [OutcomeKind::Incomplete, OutcomeKind::Incomplete, OutcomeKind::Interrupted]);
    assert_eq!((count.load(Ordering::SeqCst), layer.handle().in_flight()), (0, 0));

    // Closing it after the body is everybody's right.
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(whole(&text).as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(status(&answer(&mut stream).await), 200);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let count = Arc::default();
    let layer = layer().with_limits(Limits::default().with_read_timeout(Duration::from_millis(400)));
    let address = serve(&layer, counting(&count)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head("Content-Length: 1000").as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut text = String::new();
    let read = reader.read_to_string(&mut text);
    let trickle = async {
        loop {
            if writer.write_all(b" ").await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = tokio::time::timeout(Duration::from_secs(20), read) => {}
        () = trickle => unreachable!(),
    }
    assert_eq!(status(&text), 408, "{text}");
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn two_hundred_stalled_senders_keep_no_honest_delivery_waiting() {
    let count = Arc::default();
    // A tenth of what the stalled ones are going to send.
    let layer = layer().with_limits(Limits::default().with_unauthenticated_bytes(1_000_000));
    let address = serve(&layer, counting(&count)).await;
    let mut stalled = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let beginning = format!("{}{{\"data\":\"{}", head("Content-Length: 1000000"), "x".repeat(50_000));
        // Those that come once the account is used up are refused while they are still writing.
        let _ = stream.write_all(beginning.as_bytes()).await;
        stalled.push(stream);
    }
    assert!(layer.handle().unauthenticated_bytes() <= 1_000_000);
    eventually("the account is used up", || layer.handle().unauthenticated_bytes() > 900_000).await;

    for event in aircall_fixtures::events() {
        let started = Instant::now();
        assert_eq!(status(&exchange(address, whole(event.body)).await), 200, "{}", event.name);
        assert!(started.elapsed() < Duration::from_secs(4), "{}: {:?}", event.name, started.elapsed());
    }
    assert_eq!(count.load(Ordering::SeqCst), aircall_fixtures::events().len());
    eventually("the stalled ones are given up", || layer.handle().unauthenticated_bytes() == 0).await;
    eventually("nothing is left of them", || layer.handle().in_flight() == 0).await;
    drop(stalled);
}

#[tokio::test]
async fn a_sender_that_hangs_up_does_not_stop_the_work() {
    let reports = Reports::default();
    let layer = reports.of(layer());
    let (begun, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begun_in, done_in) = (Arc::clone(&begun), Arc::clone(&done));
    let (release, held) = tokio::sync::watch::channel(false);
    let slow = post(move |_: Delivery| {
        let (begun, done, mut held) = (Arc::clone(&begun_in), Arc::clone(&done_in), held.clone());
        async move {
            begun.fetch_add(1, Ordering::SeqCst);
            held.wait_for(|released| *released).await.unwrap();
            done.fetch_add(1, Ordering::SeqCst);
        }
    });
    let address = serve(&layer, slow).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(whole(&body(TOKEN, "{}")).as_bytes()).await.unwrap();
    eventually("the handler runs", || begun.load(Ordering::SeqCst) == 1).await;
    drop(stream);
    eventually("the hang-up is noticed", || reports.kinds() == [(HungUp, false)]).await;
    assert_eq!((done.load(Ordering::SeqCst), layer.handle().running()), (0, 1));

    release.send(true).unwrap();
    layer.handle().drained().await;
    assert_eq!(done.load(Ordering::SeqCst), 1);
    assert_eq!(reports.kinds(), [(HungUp, false), (Handled, true)]);
}

#[tokio::test]
async fn whatever_a_handler_does_the_answer_is_a_2xx_in_time() {
    let layer = layer().with_deadline(Duration::from_millis(300));
    let handlers: [(&str, axum::routing::MethodRouter); 5] = [
        (
            "panics",
            post(|_: Delivery| async {
                if true {
                    panic!("out of order")
                }
            }),
        ),
        ("never ends", post(|_: Delivery| std::future::pending::<()>())),
        ("answers 500", post(|_: Delivery| async { http::StatusCode::INTERNAL_SERVER_ERROR })),
        ("redirects", post(|_: Delivery| async { axum::response::Redirect::to("/elsewhere") })),
        ("answers 204", post(|_: Delivery| async { http::StatusCode::NO_CONTENT })),
    ];
    for (what, on_event) in handlers {
        let address = serve(&layer, on_event).await;
        let started = Instant::now();
        let answered = exchange(address, whole(&body(TOKEN, "{}"))).await;
        assert!((200..300).contains(&status(&answered)), "{what}: {answered}");
        assert!(started.elapsed() < Duration::from_secs(4), "{what}: {:?}", started.elapsed());
    }

    // Never ready: a limit of one, held for ever by an earlier delivery.
    let reports = Reports::default();
    let layer = reports.of(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limited = tower::ServiceBuilder::new()
        .layer(layer.clone())
        .layer(tower::limit::GlobalConcurrencyLimitLayer::new(1))
        .service(post(|_: Delivery| std::future::pending::<()>()));
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route_service("/aircall/webhook", limited)).await.unwrap();
    });
    for _ in 0..3 {
        assert_eq!(status(&exchange(address, whole(&body(TOKEN, "{}"))).await), 200);
    }
    assert_eq!(reports.kinds(), [(Deferred, false); 3]);
}

#[tokio::test]
async fn a_body_that_a_handler_streams_for_ever_ends_cleanly_at_the_deadline() {
    let layer = layer().with_deadline(Duration::from_millis(300));
    let endless = post(|_: Delivery| async {
        let frames = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Some((Ok::<_, std::convert::Infallible>(Bytes::from_static(b"tick ")), ()))
        });
        axum::body::Body::from_stream(frames)
    });
    let address = serve(&layer, endless).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = whole(&body(TOKEN, "{}")).replace("Host: receiver", "Host: receiver\r\nConnection: close");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut text)).await.unwrap().unwrap();
    assert_eq!(status(&text), 200);
    assert!(text.contains("tick") && text.ends_with("\r\n0\r\n\r\n"), "the last chunk is there: {text:?}");
}

#[tokio::test]
async fn other_methods_hear_from_axum_and_from_the_layer_the_same() {
    let address = serve(&layer(), counting(&Arc::default())).await;
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let refused = exchange(address, whole("").replace("POST", method)).await;
        assert_eq!(status(&refused), 405, "{method}");
        assert!(refused.to_lowercase().contains("\r\nallow: post\r\n"), "{method}: {refused}");
    }
}

#[tokio::test]
async fn http_2_is_served_the_same() {
    let count = Arc::default();
    let layer = layer();
    let address = serve(&layer, counting(&count)).await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    let deliver = |text: String| {
        let request = Request::post(format!("http://{address}/aircall/webhook")).body(Full::from(text)).unwrap();
        let answer = client.request(request);
        async move { answer.await.unwrap().status().as_u16() }
    };
    // Many at once over one connection.
    let honest = (0..50).map(|id| deliver(body(TOKEN, &format!(r#"{{"id":{id}}}"#))));
    assert!(futures_util::future::join_all(honest).await.into_iter().all(|status| status == 200));
    assert_eq!(count.load(Ordering::SeqCst), 50);
    assert_eq!(deliver(body("wrong", "{}")).await, 401);
    assert_eq!(deliver(format!("{{\"data\":\"{}\"}}", "x".repeat(2_000_000))).await, 413);
    assert_eq!(deliver(body(TOKEN, &format!("\"{}\"", "x".repeat(2_000_000)))).await, 200, "oversized but authentic");
    assert_eq!(count.load(Ordering::SeqCst), 50);
}

#[tokio::test]
async fn an_oversized_but_authentic_sender_gets_to_read_its_2xx() {
    let count = Arc::default();
    let address = serve(&layer(), counting(&count)).await;
    let long = body(TOKEN, &format!("\"{}\"", "x".repeat(8_000_000)));
    for _ in 0..5 {
        assert_eq!(status(&exchange(address, whole(&long)).await), 200);
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
}
