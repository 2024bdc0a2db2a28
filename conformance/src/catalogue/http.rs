use ::http::Method;

use super::{DEACTIVATION, written};
use crate::case::{Body, Case, Expectation, Level, Piece, Procedure, Request, Source};

pub(super) fn honest() -> Vec<Case> {
    vec![
        Case {
            id: "http/content-type-charset".into(),
            requirement: "The receiver acknowledges an event whose content type names a charset.",
            source: Source::Rfc(9110, "section 8.3"),
            procedure: Procedure::Send(Request::plain().with_content_type(Some("application/json; charset=utf-8"))),
            cost: "Aircall sends the type alone today, most other senders add a charset: the day this changes, every event \
                   is refused, and the webhook is switched off.",
            remedy: "Compare the media type without its parameters, or do not compare it at all.",
            ..HONEST
        },
        Case {
            id: "http/keep-alive".into(),
            level: Level::Must,
            requirement: "The receiver answers a second request on a connection that it keeps open.",
            source: Source::Rfc(9112, "section 9.3"),
            procedure: wire(written::KEEP_ALIVE),
            cost: "Senders and proxies keep connections: the second event on each is lost or late, and counts as a failure.",
            remedy: "Read each request to its end, also one that is refused; or say `Connection: close`.",
            ..HONEST
        },
        Case {
            id: "http/pipelined".into(),
            requirement: "The receiver answers two requests that come in one packet.",
            source: Source::Rfc(9112, "section 9.3.2"),
            procedure: wire(written::PIPELINED),
            cost: "No sender does this on purpose, but a proxy may; what stands behind the first request is lost.",
            remedy: "Keep what was read beyond the end of a request for the next.",
            ..HONEST
        },
        Case {
            id: "http/expect-continue".into(),
            requirement: "The receiver acknowledges an event whose sender first asks whether it may send the body.",
            source: Source::Rfc(9110, "section 10.1.1"),
            procedure: wire(written::EXPECT),
            cost: "Some clients and proxies ask before they send more than a kilobyte: they wait for a second with each \
                   event, or give up.",
            remedy: "Let the server answer `100 Continue`, as most do by themselves.",
            ..HONEST
        },
        Case {
            id: "http/http-1-0".into(),
            requirement: "The receiver acknowledges an event that comes by HTTP/1.0.",
            source: Source::Rfc(9110, "section 2.5"),
            procedure: wire(written::HTTP_1_0),
            cost: "Proxies speak HTTP/1.0 to what is behind them unless told otherwise: behind one of those every event is \
                   refused.",
            remedy: "Accept HTTP/1.0, and the end of the connection after the answer.",
            ..HONEST
        },
        Case {
            id: "http/http2".into(),
            requirement: "The receiver acknowledges an event that comes by HTTP/2, if it offers that.",
            source: Source::Rfc(9113, "section 3"),
            procedure: Procedure::Http2(Request::plain()),
            cost: "The day the sender speaks it, since it is offered, every event is refused.",
            remedy: "Serve the route by HTTP/2 as by HTTP/1.1, or do not offer it.",
            ..HONEST
        },
    ]
}

pub(super) fn hostile() -> Vec<Case> {
    let method = |method| Procedure::Send(Request::post(Body::None).with_method(method));
    vec![
        Case {
            id: "http/get".into(),
            requirement: "The receiver answers a GET with a 4xx, best of all 405.",
            procedure: method(Method::GET),
            ..METHOD
        },
        Case {
            id: "http/head".into(),
            requirement: "The receiver answers a HEAD with a 4xx, best of all 405.",
            procedure: method(Method::HEAD),
            ..METHOD
        },
        Case {
            id: "http/put".into(),
            requirement: "The receiver answers a PUT with a 4xx, best of all 405.",
            procedure: Procedure::Send(Request::plain().with_method(Method::PUT)),
            ..METHOD
        },
        Case {
            id: "http/delete".into(),
            requirement: "The receiver answers a DELETE with a 4xx, best of all 405.",
            procedure: method(Method::DELETE),
            ..METHOD
        },
        Case {
            id: "http/options".into(),
            requirement: "The receiver answers an OPTIONS with a 4xx or a 2xx, in time.",
            procedure: method(Method::OPTIONS),
            expectation: Expectation::Survive,
            ..METHOD
        },
        Case {
            id: "http/half-closed".into(),
            requirement: "The receiver goes on when a sender says that nothing more will come.",
            procedure: wire(written::HALF_CLOSED),
            ..LIVE_ON
        },
        Case {
            id: "http/silent".into(),
            requirement: "The receiver goes on when a sender connects and says nothing.",
            procedure: wire(written::IDLE),
            ..LIVE_ON
        },
        Case {
            id: "http/conflicting-lengths".into(),
            level: Level::Must,
            requirement: "The receiver refuses a request with two lengths that differ.",
            source: Source::Rfc(9112, "section 6.3"),
            procedure: wire(written::CONFLICTING),
            ..FRAMING
        },
        Case {
            id: "http/length-and-chunks".into(),
            requirement: "The receiver goes on after a request with a length and chunks.",
            source: Source::Rfc(9112, "section 6.3"),
            procedure: wire(written::LENGTH_AND_CHUNKS),
            ..LIVE_ON
        },
        Case {
            id: "http/absurd-length".into(),
            requirement: "The receiver refuses a length beyond every integer.",
            procedure: wire(written::ABSURD),
            ..FRAMING
        },
        Case {
            id: "http/negative-length".into(),
            requirement: "The receiver refuses a negative length.",
            procedure: wire(written::NEGATIVE),
            ..FRAMING
        },
        Case {
            id: "http/claimed-terabyte".into(),
            requirement: "The receiver goes on when a sender claims a terabyte and hangs up.",
            procedure: wire(written::TERABYTE),
            ..LIVE_ON
        },
        Case {
            id: "http/broken-chunk".into(),
            requirement: "The receiver refuses a chunk whose size is none.",
            procedure: wire(written::BROKEN_CHUNK),
            ..FRAMING
        },
        Case {
            id: "http/endless-chunk-extension".into(),
            requirement: "The receiver goes on after a chunk with a very long extension.",
            procedure: wire(written::EXTENSION),
            ..LIVE_ON
        },
        Case {
            id: "http/many-headers".into(),
            requirement: "The receiver goes on after a request with two thousand headers.",
            procedure: wire(written::MANY_HEADERS),
            ..LIVE_ON
        },
        Case {
            id: "http/long-header".into(),
            requirement: "The receiver goes on after a header of a megabyte.",
            procedure: wire(written::LONG_HEADER),
            ..LIVE_ON
        },
        Case {
            id: "http/long-url".into(),
            requirement: "The receiver goes on after a URL of a megabyte.",
            procedure: wire(written::LONG_URL),
            ..LIVE_ON
        },
        Case {
            id: "http/no-host".into(),
            requirement: "The receiver goes on after a request without a host.",
            procedure: wire(written::NO_HOST),
            ..LIVE_ON
        },
        Case {
            id: "http/not-http".into(),
            requirement: "The receiver goes on after bytes that are no HTTP.",
            procedure: wire(written::MAIL),
            ..LIVE_ON
        },
        Case {
            id: "http/tls-to-plain".into(),
            requirement: "The receiver goes on after the beginning of a TLS handshake where HTTP should be.",
            procedure: wire(written::TLS_HELLO),
            ..LIVE_ON
        },
    ]
}

fn wire(pieces: &'static [Piece]) -> Procedure {
    Procedure::Send(Request::plain().written(pieces))
}

const HONEST: Case = Case {
    id: std::borrow::Cow::Borrowed(""),
    level: Level::Should,
    requirement: "",
    source: Source::Ours,
    procedure: Procedure::Review,
    expectation: Expectation::Acknowledge,
    cost: DEACTIVATION,
    remedy: "",
};

const METHOD: Case = Case {
    source: Source::Rfc(9110, "section 15.5.6"),
    expectation: Expectation::RefuseMethod,
    cost: "A sender or a proxy that turns POST into another method, as clients do after a redirect, is told that all is \
           well while no event arrives.",
    remedy: "Route the webhook's URL for POST only, and answer 405 with `Allow: POST` to the rest.",
    ..HONEST
};

const FRAMING: Case = Case {
    source: Source::Rfc(9112, "section 6.3"),
    expectation: Expectation::RefuseOrHangUp,
    cost: "A server and a proxy that disagree about where a request ends can be made to take a part of one for another: \
           with that, strangers get past what the proxy checks.",
    remedy: "Use a current HTTP server, or put a proxy in front that reads requests strictly, as nginx does, and let it \
             answer 400.",
    ..HONEST
};

const LIVE_ON: Case = Case {
    expectation: Expectation::LiveOn,
    cost: "Anyone who finds the port can make the receiver deaf; the events that follow are refused or lost, and enough of \
           them switch the webhook off.",
    remedy: "Use a current HTTP server, bound the size of heads and how long they may take, and let it close the connection.",
    ..HONEST
};
