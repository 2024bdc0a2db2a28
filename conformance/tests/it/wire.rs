//! What goes over the wire, byte for byte, and what a connection may do.

use std::time::Duration;

use aircall_conformance::{
    Endpoint, Roots, Token,
    case::{Body, PLAIN_EVENT, Request},
    delivery::Sender,
    observation::{Connection, Observation},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::receivers::{PATIENCE, TOKEN};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

struct Raw {
    listener: TcpListener,
    endpoint: Endpoint,
    sender: Sender,
}

impl Raw {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/aircall/webhook?key=1", listener.local_addr().unwrap());
        let endpoint = Endpoint::url(url.parse().unwrap(), &Roots::System).unwrap();
        let sender = Sender::new(Token::new(TOKEN).unwrap()).with_timeout(PATIENCE);
        Self { listener, endpoint, sender }
    }

    async fn accept(&self) -> TcpStream {
        // A connection that is not made must not keep the test waiting.
        tokio::time::timeout(PATIENCE, self.listener.accept()).await.unwrap().unwrap().0
    }

    async fn deliver(&self, request: &Request) -> Observation {
        self.endpoint.deliver(&self.sender.prepare(request).unwrap()).await
    }
}

fn plain() -> Request {
    Request::post(Body::Event(PLAIN_EVENT))
}

/// Reads until this stands there.
async fn read_to(stream: &mut TcpStream, end: &[u8]) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "closed after {:?}", String::from_utf8_lossy(&read));
    }
    String::from_utf8(read).unwrap()
}

/// A trace id changes with each request.
fn redacted(head: &str, port: u16) -> String {
    let mut lines = Vec::new();
    for line in head.lines() {
        let line = match line.split_once(": ") {
            Some((name, id)) if name.starts_with("x-datadog-") => {
                assert!(id.parse::<u64>().is_ok(), "{line}");
                format!("{name}: [id]")
            }
            _ => line.replace(&port.to_string(), "[port]"),
        };
        lines.push(line);
    }
    lines.join("\n")
}

#[tokio::test]
async fn a_delivery_is_written_as_axios_writes_it() {
    let raw = Raw::new().await;
    let request = plain();
    let (observation, text) = tokio::join!(raw.deliver(&request), async {
        let mut stream = raw.accept().await;
        let text = read_to(&mut stream, b"}}").await;
        stream.write_all(OK).await.unwrap();
        text
    });
    assert!(observation.is_acknowledged());
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    insta::assert_snapshot!("delivery_head", redacted(head, raw.listener.local_addr().unwrap().port()));
    let fixture = aircall_fixtures::find(PLAIN_EVENT).unwrap().body_with_token(TOKEN);
    // All but the time, and the id of the object, which are another each time.
    let digits = |body: &str| body.split(|c: char| c.is_ascii_digit()).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(digits(body), digits(&fixture));
}

#[tokio::test]
async fn chunks_are_chunks_on_the_wire() {
    let raw = Raw::new().await;
    let request = plain().in_chunks();
    let (_, text) = tokio::join!(raw.deliver(&request), async {
        let mut stream = raw.accept().await;
        let text = read_to(&mut stream, b"0\r\n\r\n").await;
        stream.write_all(OK).await.unwrap();
        text
    });
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("\r\ntransfer-encoding: chunked\r\n") && !head.contains("content-length"), "{head}");
    assert!(body.starts_with("1F4\r\n{\"resource\""), "{body}");
}

#[tokio::test]
async fn a_connection_is_kept_and_one_that_was_closed_is_opened_again() {
    let raw = Raw::new().await;
    let request = plain();
    let (seen, ()) = tokio::join!(
        async {
            let mut seen = Vec::new();
            for _ in 0..4 {
                let observation = raw.deliver(&request).await;
                assert!(observation.is_acknowledged(), "{observation:?}");
                seen.push(observation.connection);
            }
            seen
        },
        async {
            let mut stream = raw.accept().await;
            for _ in 0..2 {
                read_to(&mut stream, b"}}").await;
                stream.write_all(OK).await.unwrap();
            }
            // As a receiver that tires of waiting, but just when the next request is on its way.
            read_to(&mut stream, b"}}").await;
            drop(stream);
            let mut stream = raw.accept().await;
            for _ in 0..2 {
                read_to(&mut stream, b"}}").await;
                stream.write_all(OK).await.unwrap();
            }
        }
    );
    assert_eq!(seen, [Connection::New, Connection::Reused, Connection::Reopened, Connection::Reused]);
}

/// The end of a connection and the next request on it may fall together in any order; none of them may get lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_receiver_that_answers_and_hangs_up_at_once_is_never_waited_for() {
    let raw = Raw::new().await;
    let request = plain();
    let deliver = async {
        for _ in 0..2000 {
            let observation = raw.deliver(&request).await;
            assert!(observation.is_acknowledged(), "{observation:?}");
        }
    };
    let serve = async {
        loop {
            let mut stream = raw.accept().await;
            // In a task of its own: it has to run at the same time as the delivery.
            tokio::spawn(async move {
                read_to(&mut stream, b"}}").await;
                stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n").await.unwrap();
                // A reset, as from a server that destroys its socket.
                drop(stream);
            });
        }
    };
    tokio::select! {
        () = deliver => {}
        () = serve => {}
    }
}

#[tokio::test]
async fn a_connection_that_was_said_to_end_is_not_used_again() {
    let raw = Raw::new().await;
    let request = plain();
    let serve = async {
        for _ in 0..2 {
            let mut stream = raw.accept().await;
            read_to(&mut stream, b"}}").await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        }
    };
    let deliver = async { [raw.deliver(&request).await.connection, raw.deliver(&request).await.connection] };
    assert_eq!(tokio::join!(deliver, serve).0, [Connection::New, Connection::New]);
}

#[tokio::test]
async fn a_new_connection_that_is_closed_is_not_opened_again() {
    let raw = Raw::new().await;
    let request = plain();
    let (observation, ()) = tokio::join!(raw.deliver(&request), async {
        let mut stream = raw.accept().await;
        read_to(&mut stream, b"}}").await;
    });
    assert_eq!(observation.outcome.to_string(), "connection closed without a response");
}

#[tokio::test]
async fn an_answer_before_the_end_of_a_long_body_is_seen_although_the_connection_is_reset() {
    let raw = Raw::new().await;
    let request = Request::post(Body::Oversized(32 << 20));
    let (observation, ()) = tokio::join!(raw.deliver(&request), async {
        let mut stream = raw.accept().await;
        let mut beginning = [0; 4096];
        stream.read_exact(&mut beginning).await.unwrap();
        stream.write_all(b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 300000\r\n\r\n").await.unwrap();
        stream.write_all(&[b'x'; 300_000]).await.unwrap();
        // Closing with unread bytes in the socket is a reset.
        drop(stream);
    });
    assert_eq!(observation.outcome.to_string(), "413 Payload Too Large");
    assert!(observation.response().unwrap().body.starts_with("xxx"));
}

#[tokio::test]
async fn a_connection_that_still_carries_a_refused_body_is_not_used_again() {
    let raw = Raw::new().await;
    let (long, short) = (Request::post(Body::Oversized(32 << 20)), plain());
    let (connection, _streams) = tokio::join!(
        async {
            assert_eq!(raw.deliver(&long).await.outcome.to_string(), "413 Payload Too Large");
            raw.deliver(&short).await.connection
        },
        async {
            let mut deaf = raw.accept().await;
            deaf.read_exact(&mut [0; 4096]).await.unwrap();
            deaf.write_all(b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            let mut stream = raw.accept().await;
            read_to(&mut stream, b"}}").await;
            stream.write_all(OK).await.unwrap();
            (deaf, stream)
        }
    );
    assert_eq!(connection, Connection::New);
}

#[tokio::test]
async fn silence_garbage_and_half_an_answer_are_told_apart() {
    for (answer, seen) in [
        (&b""[..], "no response in time"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "no response in time"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "a response that was not complete in time"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "something that is no HTTP response (invalid HTTP version parsed)"),
    ] {
        let raw = Raw::new().await;
        let sender = Sender::new(Token::new(TOKEN).unwrap()).with_timeout(Duration::from_secs(1));
        let delivery = sender.prepare(&plain()).unwrap();
        let (observation, _stream) = tokio::join!(raw.endpoint.deliver(&delivery), async {
            let mut stream = raw.accept().await;
            read_to(&mut stream, b"}}").await;
            stream.write_all(answer).await.unwrap();
            stream
        });
        assert_eq!(observation.outcome.to_string(), seen);
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_keeps_its_status() {
    let raw = Raw::new().await;
    let request = plain();
    let (observation, ()) = tokio::join!(raw.deliver(&request), async {
        let mut stream = raw.accept().await;
        read_to(&mut stream, b"}}").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    });
    assert_eq!(observation.outcome.to_string(), "connection ended in the middle of a response of status 200");
}
